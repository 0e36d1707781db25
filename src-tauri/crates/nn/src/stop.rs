//! Stopping a computation between its kernels.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use candle_core::Result;

thread_local! {
    static STOP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Runs `work`, in which products, attention and convolutions of the calling thread fail once `stop` is set.
pub fn until<T>(stop: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    /// Puts back what was, also when `work` panics.
    struct Back(Option<Arc<AtomicBool>>);
    impl Drop for Back {
        fn drop(&mut self) {
            STOP.set(self.0.take());
        }
    }
    let _back = Back(STOP.replace(Some(stop)));
    work()
}

/// Fails if the calling thread's work is to stop.
pub(crate) fn check() -> Result<()> {
    let is_set = |stop: &Option<Arc<AtomicBool>>| {
        stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    };
    if STOP.with_borrow(is_set) {
        candle_core::bail!("stopped");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_fails_from_when_it_is_to_stop_until_it_ends() {
        let stop = Arc::new(AtomicBool::new(false));
        until(Arc::clone(&stop), || {
            assert!(check().is_ok());
            stop.store(true, Ordering::Relaxed);
            assert!(check().is_err());
            until(Arc::default(), || assert!(check().is_ok()));
            assert!(check().is_err());
        });
        assert!(check().is_ok());
    }
}
