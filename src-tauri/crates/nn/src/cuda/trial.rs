//! Faster ways that are taken only where their first result came near to that of the ordinary way: nobody has
//! tried them on every card, and roundings that do well for most numbers do badly for some.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use candle_core::{DType, Result, Tensor};

/// What came of the first time, by kind of work.
pub(super) struct Trials<K>(Mutex<Option<HashMap<K, bool>>>);

impl<K: Hash + Eq> Trials<K> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn found(&self) -> MutexGuard<'_, Option<HashMap<K, bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the fast way was taken, and will be again.
    #[cfg(test)]
    pub(super) fn is_taken(&self, kind: &K) -> bool {
        self.found().get_or_insert_default().get(kind) == Some(&true)
    }

    /// What `fast` makes, if its first of this kind was within a share `far` of what `sure` makes. `None`
    /// where it was not, or where `fast` makes nothing.
    ///
    /// # Errors
    /// Those of `sure`, and those of `fast` behind the first time.
    pub(super) fn run(
        &self,
        kind: K,
        far: f64,
        fast: impl FnOnce() -> Result<Option<Tensor>>,
        sure: impl FnOnce() -> Result<Tensor>,
    ) -> Result<Option<Tensor>> {
        let known = self.found().get_or_insert_default().get(&kind).copied();
        match known {
            Some(true) => return fast(),
            Some(false) => return Ok(None),
            None => {}
        }
        // What the card refuses is a reason to do without it.
        let made = fast().unwrap_or(None);
        let sure = sure()?;
        let is_near = match &made {
            Some(made) => is_near(made, &sure, far)?,
            None => false,
        };
        self.found().get_or_insert_default().insert(kind, is_near);
        Ok(Some(made.filter(|_| is_near).unwrap_or(sure)))
    }
}

/// Whether `made` lies within a share `far` of the size of `sure`.
///
/// # Errors
/// If shapes differ, or the card refuses.
pub(super) fn is_near(made: &Tensor, sure: &Tensor, far: f64) -> Result<bool> {
    let (made, sure) = (made.to_dtype(DType::F32)?, sure.to_dtype(DType::F32)?);
    let size = |x: &Tensor| -> Result<f64> {
        Ok(f64::from(x.sqr()?.sum_all()?.to_scalar::<f32>()?).sqrt())
    };
    // A difference that is no number is not near.
    Ok(size(&(made - &sure)?)? <= far * size(&sure)?)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::machine, *};

    #[test]
    fn what_is_far_off_is_made_the_sure_way_from_then_on() {
        let trials = Trials::new();
        let filled = |value: f32| Tensor::full(value, (7, 3), &machine());
        let run = |kind: u8, fast: f32| -> Option<f32> {
            let made = trials.run(kind, 0.1, || filled(fast).map(Some), || filled(1.0)).unwrap();
            made.map(|x| x.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0])
        };
        assert_eq!([run(0, 1.2), run(0, 1.0)], [Some(1.0), None]);
        assert_eq!([run(1, f32::NAN), run(1, 1.0)], [Some(1.0), None]);
        assert_eq!([run(2, 1.02), run(2, 5.0)], [Some(1.02), Some(5.0)], "it was tried");
        assert!(trials.is_taken(&2) && !trials.is_taken(&1) && !trials.is_taken(&3));
        let refused = trials.run(4, 0.1, || candle_core::bail!("no"), || filled(1.0));
        assert!(refused.is_ok() && !trials.is_taken(&4));
    }
}
