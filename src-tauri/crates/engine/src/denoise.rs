//! The one sampling loop: velocity, Euler update, progress, cancel.

use candle_core::{DType, Result as TensorResult, Tensor};
use nn::Probe;

use crate::{Error, ImageInfo, JobEvent, Result, pipelines::Monitor, scheduler::Schedule};

/// What a pipeline does in every step.
pub(crate) trait Sampler {
    /// The model's velocity for packed `latents` at a step.
    fn velocity(
        &mut self,
        schedule: &Schedule,
        step: usize,
        latents: &Tensor,
        probe: &mut dyn Probe,
    ) -> TensorResult<Tensor>;

    /// Whether the last velocity was mostly taken from the step before.
    fn was_reused(&self) -> bool {
        false
    }

    /// What a step makes of its latents, given the noise level it arrived at.
    fn constrain(&self, latents: Tensor, _sigma: f32) -> TensorResult<Tensor> {
        Ok(latents)
    }

    /// Small pictures of clean latents as far as they can be foreseen; none if nobody asked.
    fn previews(&self, clean: &Tensor, monitor: &mut Monitor<'_>) -> Vec<ImageInfo>;
}

/// From noise to clean latents; packed latents in and out, in the model's number format.
///
/// # Errors
/// [`Error::Cancelled`] within one step; [`Error::ModelBroken`] when values stop being numbers.
pub(crate) fn denoise(
    mut latents: Tensor,
    schedule: &Schedule,
    sampler: &mut impl Sampler,
    monitor: &mut Monitor<'_>,
    probe: &mut dyn Probe,
) -> Result<Tensor> {
    let failed = Error::compute("denoise");
    let total = schedule.steps();
    let dtype = latents.dtype();
    for step in 0..total {
        monitor.check()?;
        let (sigma, next) = (schedule.sigmas()[step], schedule.sigmas()[step + 1]);
        let velocity = sampler.velocity(schedule, step, &latents, probe).map_err(&failed)?;
        let stepped = euler(&latents, &velocity, next - sigma)
            .and_then(|stepped| sampler.constrain(stepped, next))
            .and_then(|stepped| stepped.to_dtype(dtype))
            .map_err(&failed)?;
        check_numbers(&stepped, "transformer")?;
        probe.see(&format!("latents_step.{step}"), &stepped).map_err(&failed)?;
        monitor.check()?;
        let previews = match euler(&latents, &velocity, -sigma) {
            Ok(clean) if step + 1 < total => sampler.previews(&clean, monitor),
            _ => Vec::new(),
        };
        latents = stepped;
        let reused = sampler.was_reused();
        monitor.tell(JobEvent::Step { done: step + 1, total, reused, previews });
    }
    Ok(latents)
}

/// Damaged weights show as values that are not numbers.
///
/// # Errors
/// [`Error::ModelBroken`] that names the component.
pub(crate) fn check_numbers(tensor: &Tensor, component: &str) -> Result<()> {
    let sum = tensor
        .to_dtype(DType::F32)
        .and_then(|tensor| tensor.abs()?.sum_all()?.to_scalar::<f32>())
        .map_err(Error::compute("denoise"))?;
    if sum.is_finite() {
        return Ok(());
    }
    Err(Error::ModelBroken(format!(
        "the {component} gives values that are not numbers: its weights are damaged or need a wider number format"
    )))
}

/// `latents + distance · velocity` in f32.
fn euler(latents: &Tensor, velocity: &Tensor, distance: f32) -> TensorResult<Tensor> {
    latents.to_dtype(DType::F32)? + (velocity.to_dtype(DType::F32)? * f64::from(distance))?
}
