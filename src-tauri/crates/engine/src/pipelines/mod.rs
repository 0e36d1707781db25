//! Encode, denoise, decode: one module a model family.

pub mod flux2;
mod folder;
mod layers;
pub mod qwen_image_layered;
mod residents;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use candle_core::Tensor;
pub use residents::Residents;

use crate::{Error, ImageStore, JobEvent, Result};

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
    /// Noise as a seed would give it: for FLUX.2 `[b, 4 latent_channels, h / 16, w / 16]`.
    Noise(Tensor),
    /// Latents as the reference pipeline takes them: for FLUX.2 as above, for layers packed,
    /// `[1, tokens, channels]`.
    Latents(Tensor),
}
