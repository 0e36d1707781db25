//! Work that a card is asked for once as a whole and then repeats (a CUDA graph), which saves asking for
//! every kernel again. Elsewhere, work is simply done.

use candle_core::{Result, Tensor};
#[cfg(feature = "cuda")]
use {
    crate::{cuda::Recording, profile},
    candle_core::{DType, Shape},
    std::sync::{Mutex, PoisonError},
};

/// How often work of the same shapes is done before it is recorded: that takes the time and memory of one
/// more pass, which a single picture would not earn back.
#[cfg(feature = "cuda")]
const RECORDED_AFTER: usize = 4;
/// Recordings that are kept: each holds what its work needs between its kernels.
#[cfg(feature = "cuda")]
const KEPT: usize = 4;

/// Recordings of one kind of work, by the shapes of what it reads.
#[derive(Default)]
pub struct Recordings {
    /// Those used last stand last.
    #[cfg(feature = "cuda")]
    seen: Mutex<Vec<Seen>>,
}

#[cfg(feature = "cuda")]
struct Seen {
    inputs: Vec<(Shape, DType)>,
    state: State,
}

#[cfg(feature = "cuda")]
enum State {
    Counted(usize),
    Recorded(Recording),
    /// The card gave something else than it gave without a recording, or refused.
    Impossible,
}

impl Recordings {
    /// What `work` makes of `inputs`. It must read nothing else that changes between calls, do the same for
    /// all inputs of the same shapes, and make one tensor.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn run(
        &self,
        inputs: &[&Tensor],
        work: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    ) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if inputs.iter().all(|input| input.device().is_cuda()) && !profile::is_watched() {
            return self.run_on_card(inputs, work);
        }
        let inputs: Vec<Tensor> = inputs.iter().copied().cloned().collect();
        work(&inputs)
    }

    #[cfg(feature = "cuda")]
    fn run_on_card(
        &self,
        inputs: &[&Tensor],
        work: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let shapes: Vec<_> = inputs.iter().map(|x| (x.shape().clone(), x.dtype())).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let place = seen.iter().position(|seen| seen.inputs == shapes);
        let known = place.map(|place| seen.remove(place));
        let state = known.map_or(State::Counted(0), |seen| seen.state);
        let (made, state) = match state {
            State::Recorded(recording) => (recording.repeat(inputs), State::Recorded(recording)),
            // Whoever stops it meanwhile finds it uncounted, and it is tried again.
            State::Counted(count) if count >= RECORDED_AFTER => {
                let (made, recording) = Recording::new(inputs, work)?;
                (Ok(made), recording.map_or(State::Impossible, State::Recorded))
            }
            State::Counted(count) => (work(&owned(inputs)), State::Counted(count + 1)),
            State::Impossible => (work(&owned(inputs)), State::Impossible),
        };
        if seen.len() >= KEPT {
            seen.remove(0);
        }
        seen.push(Seen { inputs: shapes, state });
        made
    }
}

#[cfg(feature = "cuda")]
fn owned(inputs: &[&Tensor]) -> Vec<Tensor> {
    inputs.iter().copied().cloned().collect()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn machine() -> Device {
        #[cfg(feature = "cuda")]
        return crate::cuda_device().expect("these tests are for a machine with a card");
        #[cfg(not(feature = "cuda"))]
        return Device::Cpu;
    }

    /// Other numbers in every pass, and two shapes in turn.
    #[test]
    fn repeated_work_on_cuda_reads_the_inputs_of_every_pass() {
        let recordings = Recordings::default();
        let machine = machine();
        for pass in 0..8 {
            for size in [3usize, 5] {
                let x = Tensor::full(pass as f32, (2, size), &machine).unwrap();
                let y = Tensor::full(size as f32, (size, 2), &machine).unwrap();
                // A product, and operations on numbers that do not lie one after the other.
                let work = |inputs: &[Tensor]| {
                    let product = inputs[0].matmul(&inputs[1])?;
                    (product.t()? + 1.0)?.broadcast_mul(&inputs[0].narrow(1, 0, 1)?)?.contiguous()
                };
                let made = recordings.run(&[&x, &y], &work).unwrap();
                let made = made.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let expected = ((pass * size * size) as f32 + 1.0) * pass as f32;
                assert_eq!(made, [expected; 4], "pass {pass}");
            }
        }
        #[cfg(feature = "cuda")]
        {
            let seen = recordings.seen.lock().unwrap();
            assert!(seen.iter().all(|seen| matches!(seen.state, State::Recorded(_))));
        }
    }

    #[test]
    fn what_fails_says_so_and_may_be_tried_again() {
        let recordings = Recordings::default();
        let x = Tensor::zeros(2, candle_core::DType::F32, &machine()).unwrap();
        for _ in 0..8 {
            assert!(recordings.run(&[&x], &|_| candle_core::bail!("no")).is_err());
        }
        assert!(recordings.run(&[&x], &|inputs| Ok(inputs[0].clone())).is_ok());
    }
}
