//! Encode, denoise, decode: one module a model family.

pub mod flux1;
pub mod flux2;
mod folder;
mod layers;
mod leases;
mod painter;
mod preview;
pub mod qwen_image_layered;
mod readings;
mod rehearsal;
mod residents;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use candle_core::Tensor;
pub(crate) use folder::read_config;
pub use leases::Component;
pub(crate) use leases::{PartKey, Parts, belongs_to};
pub use painter::Setup;
pub use rehearsal::{Part, Rehearsal, StepSizes, load_part, rehearse_autoencoder, rehearse_step};
pub(crate) use residents::Residents;

use crate::{Error, Family, ImageStore, JobEvent, Model, Result, governor::Outline};

/// How a running job hears of cancelling and tells of progress.
pub struct Monitor<'a> {
    /// Set from outside when the job should stop.
    pub cancel: &'a AtomicBool,
    /// Where previews and results go.
    pub images: &'a Arc<ImageStore>,
    /// Who listens.
    pub on_event: &'a mut dyn FnMut(JobEvent),
}

impl Monitor<'_> {
    /// Tells the listener.
    pub fn tell(&mut self, event: JobEvent) {
        (self.on_event)(event);
    }

    /// To be asked between steps and around every load.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the job should stop.
    pub fn check(&self) -> Result<()> {
        if self.cancel.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// What a picture or its layers start from.
pub enum Start {
    /// Noise of a seed.
    Seed(u64),
    /// Noise as a seed would give it: for FLUX.2 `[b, 4 latent_channels, h / 16, w / 16]`, for FLUX.1
    /// `[b, latent_channels, h / 8, w / 8]`.
    Noise(Tensor),
    /// Latents as the reference pipeline takes them: for FLUX as above, for layers packed,
    /// `[1, tokens, channels]`.
    Latents(Tensor),
}

/// What a model takes and works with, from configurations and the headers of its files.
///
/// # Errors
/// If a file is missing or damaged.
pub(crate) fn outline(model: &Model) -> Result<Outline> {
    match model.family {
        Family::Flux1 => flux1::outline(&model.folder, &model.files),
        Family::Flux2Klein => flux2::outline(&model.folder, &model.files),
        Family::QwenImageLayered => qwen_image_layered::outline(&model.folder, &model.files),
    }
}
