//! Encode, denoise, decode: one module a model family.

pub mod flux2;
mod residents;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

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
