//! Encode, denoise, decode: one module a model family.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{Error, ImageStore, JobEvent, Model, Request, Result};

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

/// The models that stay loaded between jobs.
#[derive(Default)]
pub struct Residents {}

impl Residents {
    /// Runs one job to its end.
    ///
    /// # Errors
    /// Whatever stops it.
    pub fn run(&mut self, _model: &Model, _request: &Request, _monitor: &mut Monitor<'_>) -> Result<()> {
        Err(Error::ModelMissing("not built yet".into()))
    }
}
