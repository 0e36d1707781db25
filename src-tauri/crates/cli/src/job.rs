//! One job on an engine of its own, from its start to its end.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{atomic::Ordering, mpsc},
};

use engine::{Budgets, Engine, Error, JobEvent, Model, Task};

use crate::{failure::Failure, interrupt::on_interrupt, progress::Progress};

/// Runs tasks one after the other; every event but the last of each is shown and given to `see`.
/// The engine holds the pictures.
pub(crate) fn run(
    model: &Model,
    tasks: impl IntoIterator<Item = Task>,
    budgets: Budgets,
    progress: &mut Progress,
    mut see: impl FnMut(JobEvent),
) -> Result<Engine, Failure> {
    let engine = start()?;
    engine.set_budgets(budgets);
    let stopper = engine.clone();
    let stopped = on_interrupt(move || stopper.cancel_all())?;
    for task in tasks {
        let (sender, events) = mpsc::channel();
        engine.submit(model.clone(), task, move |event| {
            // The receiver lives until the last event.
            let _ = sender.send(event);
        });
        // Ctrl+C between listening for it and the job found nothing to cancel.
        if stopped.load(Ordering::Relaxed) {
            engine.cancel_all();
        }
        for event in events {
            progress.show(&event);
            match event {
                JobEvent::Finished => break,
                JobEvent::Cancelled => return Err(Error::Cancelled.into()),
                JobEvent::Failed(error) => return Err(error.into()),
                event => see(event),
            }
        }
    }
    // Ctrl+C after the last step: the result is there, but nobody wants it.
    if stopped.load(Ordering::Relaxed) {
        return Err(Error::Cancelled.into());
    }
    Ok(engine)
}

/// An engine that knows what earlier runs took.
pub(crate) fn start() -> Result<Engine, Failure> {
    let engine = Engine::start()?;
    if let Some(file) = locations::measurements() {
        engine.remember_in(file);
    }
    Ok(engine)
}

/// Short enough to be typed again.
pub(crate) fn random_seed() -> u64 {
    // The standard library keys its hash maps with the system's randomness.
    RandomState::new().hash_one(()) & u64::from(u32::MAX)
}
