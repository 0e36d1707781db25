//! Faster ways that are taken only where a try has shown that they work: nobody has tried them on every card,
//! and roundings that do well for most numbers do badly for some.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use candle_core::{D, DType, Result, Tensor};

/// Rows that a try looks at.
const SAMPLE: usize = 256;

static FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// Whether such ways are not even to be tried.
#[cfg(feature = "cuda")]
pub(crate) fn forbid(forbidden: bool) {
    FORBIDDEN.store(forbidden, Ordering::Relaxed);
}

pub(super) fn are_forbidden() -> bool {
    FORBIDDEN.load(Ordering::Relaxed)
}

/// What came of the tries, by kind of work.
pub(super) struct Trials<K>(Mutex<Option<HashMap<K, bool>>>);

impl<K: Hash + Eq> Trials<K> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn found(&self) -> MutexGuard<'_, Option<HashMap<K, bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a kind of work may go the faster way: `works` says so once. What the card refuses does not
    /// work, and is no failure of the run.
    pub(super) fn allow(&self, kind: K, works: impl FnOnce() -> Result<bool>) -> bool {
        if are_forbidden() {
            return false;
        }
        let known = self.found().get_or_insert_default().get(&kind).copied();
        known.unwrap_or_else(|| {
            let works = works().unwrap_or(false);
            self.found().get_or_insert_default().insert(kind, works);
            works
        })
    }
}

/// As [`Trials`] of one kind, which clones share.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict(Arc<AtomicU8>);

impl Verdict {
    const YES: u8 = 1;
    const NO: u8 = 2;

    pub(super) fn allow(&self, works: impl FnOnce() -> Result<bool>) -> bool {
        if are_forbidden() {
            return false;
        }
        match self.0.load(Ordering::Relaxed) {
            Self::YES => true,
            Self::NO => false,
            _ => {
                let works = works().unwrap_or(false);
                self.0.store(if works { Self::YES } else { Self::NO }, Ordering::Relaxed);
                works
            }
        }
    }
}

/// Some rows of a matrix: those of a try cost little time and memory.
///
/// # Errors
/// If it is none.
pub(super) fn sample(x: &Tensor) -> Result<Tensor> {
    x.narrow(0, 0, x.dim(0)?.min(SAMPLE))
}

/// Whether `made` lies within a share `far` of the size of `sure`.
///
/// # Errors
/// If shapes differ, or the card refuses.
pub(super) fn is_near(made: &Tensor, sure: &Tensor, far: f64) -> Result<bool> {
    let (made, sure) = (made.to_dtype(DType::F32)?, sure.to_dtype(DType::F32)?);
    // Rows first: a sum of everything at once is work for a single block.
    let size = |x: &Tensor| -> Result<f64> {
        Ok(f64::from(x.sqr()?.sum(D::Minus1)?.sum_all()?.to_scalar::<f32>()?).sqrt())
    };
    // A difference that is no number is not near.
    Ok(size(&(made - &sure)?)? <= far * size(&sure)?)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::machine, *};

    #[test]
    fn what_was_found_once_holds_and_refusals_are_no_failures() {
        let (trials, verdict) = (Trials::new(), Verdict::default());
        assert!(trials.allow(1, || Ok(true)) && trials.allow(1, || Ok(false)));
        assert!(!trials.allow(2, || Ok(false)) && !trials.allow(2, || Ok(true)));
        assert!(!trials.allow(3, || candle_core::bail!("no")) && !trials.allow(3, || Ok(true)));
        let other = verdict.clone();
        assert!(!verdict.allow(|| candle_core::bail!("no")) && !other.allow(|| Ok(true)));
        assert!(Verdict::default().allow(|| Ok(true)));
    }

    #[test]
    fn near_is_a_share_of_the_size_and_no_number_is_not_near() {
        let filled = |value: f32| Tensor::full(value, (7, 3), &machine()).unwrap();
        let near = |made: f32| is_near(&filled(made), &filled(1.0), 0.1).unwrap();
        assert_eq!([near(1.09), near(0.8), near(f32::NAN)], [true, false, false]);
        assert!(is_near(&filled(0.0), &filled(0.0), 0.1).unwrap());
        assert_eq!(
            sample(&Tensor::zeros((300, 2), DType::F32, &machine()).unwrap()).unwrap().dims(),
            [256, 2]
        );
    }
}
