//! Steps that take from the one before what would hardly have changed.
//!
//! Method: the first-block cache of ParaAttention, with the measure of diffusers' `FirstBlockCacheConfig`:
//! what the first block adds to the image is compared with what it added in the last step that was
//! computed whole. Where both are near, so will be what all other blocks add, and that is taken again.

use candle_core::{Result, Tensor};

/// What one kind of pass through a transformer (of the prompt, or of its negative) leaves for the next
/// step of the same run.
#[derive(Debug)]
pub struct StepCache {
    threshold: f64,
    last: Option<Additions>,
    was_reused: bool,
}

/// What blocks added to the image's tokens, `[b, n, width]`.
#[derive(Debug)]
struct Additions {
    first: Tensor,
    others: Tensor,
}

/// Of one pass, between its first block and its last.
pub(super) struct Watched {
    /// The image's tokens behind the first block.
    after: Tensor,
    /// What it added.
    first: Tensor,
}

impl StepCache {
    /// One that reuses where the first block's addition changed by less than this share of itself; 0
    /// never does.
    #[must_use]
    pub fn new(threshold: f64) -> Self {
        Self { threshold, last: None, was_reused: false }
    }

    /// Whether the last pass computed its first block alone.
    #[must_use]
    pub fn was_reused(&self) -> bool {
        self.was_reused
    }

    /// The image's tokens behind all blocks, if they can be foreseen from those before and behind the
    /// first; else what [`Self::remember`] needs.
    pub(super) fn recall(
        &mut self,
        before: &Tensor,
        after: Tensor,
    ) -> Result<std::result::Result<Tensor, Watched>> {
        let first = (&after - before)?;
        let near = match &self.last {
            Some(last) => change(&first, &last.first)? < self.threshold,
            None => false,
        };
        self.was_reused = near;
        match self.last.take() {
            Some(last) if near => {
                let end = (after + &last.others)?;
                self.last = Some(last);
                Ok(Ok(end))
            }
            // What is about to be replaced makes room at once.
            _ => Ok(Err(Watched { after, first })),
        }
    }

    /// Keeps what a whole pass added.
    pub(super) fn remember(
        &mut self,
        Watched { after, first }: Watched,
        end: &Tensor,
    ) -> Result<()> {
        self.last = Some(Additions { first, others: (end - after)? });
        Ok(())
    }
}

/// The mean of the difference as a share of the mean before, both without signs.
fn change(now: &Tensor, before: &Tensor) -> Result<f64> {
    if now.dims() != before.dims() {
        return Ok(f64::INFINITY);
    }
    let mean = |x: &Tensor| -> Result<f64> {
        Ok(f64::from(x.to_dtype(candle_core::DType::F32)?.abs()?.mean_all()?.to_scalar::<f32>()?))
    };
    Ok(mean(&(now - before)?)? / mean(before)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn tokens(values: [f32; 4]) -> Tensor {
        Tensor::from_slice(&values, (1, 2, 2), &Device::Cpu).unwrap()
    }

    /// A pass whose first block adds `first`, the others `others`; gives where it ended, and whether the
    /// others were computed.
    fn pass(cache: &mut StepCache, first: f32, others: f32) -> (Vec<f32>, bool) {
        let before = tokens([1.0, 2.0, 3.0, 4.0]);
        let after = (&before + f64::from(first)).unwrap();
        let end = match cache.recall(&before, after).unwrap() {
            Ok(end) => end,
            Err(watched) => {
                let end = (&watched.after + f64::from(others)).unwrap();
                cache.remember(watched, &end).unwrap();
                end
            }
        };
        (end.flatten_all().unwrap().to_vec1().unwrap(), !cache.was_reused())
    }

    #[test]
    fn a_small_change_takes_what_the_last_whole_pass_added() {
        let mut cache = StepCache::new(0.1);
        assert_eq!(pass(&mut cache, 1.0, 10.0), (vec![12.0, 13.0, 14.0, 15.0], true));
        assert_eq!(
            pass(&mut cache, 1.0625, 99.0),
            (vec![12.0625, 13.0625, 14.0625, 15.0625], false)
        );
        // It is the last whole pass that counts, or many small changes would add up unseen.
        assert_eq!(pass(&mut cache, 1.125, 20.0), (vec![22.125, 23.125, 24.125, 25.125], true));
        assert_eq!(pass(&mut cache, 1.125, 99.0), (vec![22.125, 23.125, 24.125, 25.125], false));
    }

    #[test]
    fn at_zero_and_where_numbers_are_none_everything_is_computed() {
        let mut cache = StepCache::new(0.0);
        assert!(pass(&mut cache, 1.0, 10.0).1 && pass(&mut cache, 1.0, 10.0).1);
        let mut cache = StepCache::new(f64::INFINITY);
        assert!(pass(&mut cache, f32::NAN, 10.0).1 && pass(&mut cache, 1.0, 10.0).1);
    }

    #[test]
    fn another_number_of_tokens_is_another_picture() {
        let mut cache = StepCache::new(f64::INFINITY);
        pass(&mut cache, 1.0, 10.0);
        let one = Tensor::zeros((1, 1, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(cache.recall(&one, one.clone()).unwrap().is_err());
    }
}
