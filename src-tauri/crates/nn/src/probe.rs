//! Looking at intermediate tensors by name, for parity tests and profiles.

use candle_core::{Result, Tensor};

/// Sees named intermediate tensors of a computation; may stop it by an error.
pub trait Probe {
    /// Called once for each tensor, in the order of computation.
    ///
    /// # Errors
    /// Whatever should stop the computation.
    fn see(&mut self, name: &str, tensor: &Tensor) -> Result<()>;

    /// Whether it wants to see anything: work that nobody watches may be repeated from a recording.
    fn is_watching(&self) -> bool {
        true
    }
}

/// Looks at nothing.
pub struct Unwatched;

impl Probe for Unwatched {
    fn see(&mut self, _name: &str, _tensor: &Tensor) -> Result<()> {
        Ok(())
    }

    fn is_watching(&self) -> bool {
        false
    }
}
