//! Ctrl+C, and the polite signals that mean the same.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::failure::Failure;

/// Calls `stop` on the first interruption; later ones are ignored, since stopping is under way.
///
/// Returns a flag that is set from then on.
pub(crate) fn on_interrupt(stop: impl Fn() + Send + 'static) -> Result<Arc<AtomicBool>, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    ctrlc::set_handler(move || {
        if !seen.swap(true, Ordering::Relaxed) {
            stop();
        }
    })
    .map_err(|error| Failure::new("system", format!("cannot listen for Ctrl+C: {error}")))?;
    Ok(stopped)
}
