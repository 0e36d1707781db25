//! Tells the page what the machine does, up to ten times a second, while the page listens.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use engine::{JobEvent, Stage};
use tauri::{AppHandle, Emitter, Manager, Runtime};
use telemetry::Sampler;

use crate::{
    shell::Shell,
    window,
    wire::telemetry::{PhaseReply, TelemetryMessage},
};

/// The page hears this often at most; without a graphics card, much more would cost what pictures need.
pub(crate) const MOST_A_SECOND: u32 = 10;

/// Whether anybody looks, and what the running job does.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    watch: Mutex<Watch>,
    changed: Condvar,
    phase: Mutex<Option<Phase>>,
}

#[derive(Debug)]
struct Watch {
    /// The page wants to hear.
    wanted: bool,
    /// From one look to the next.
    pause: Duration,
    /// Nobody could see it.
    hidden: bool,
    /// The thread is there.
    started: bool,
}

impl Default for Watch {
    fn default() -> Self {
        let pause = Duration::from_secs(1) / MOST_A_SECOND;
        Self { wanted: false, pause, hidden: false, started: false }
    }
}

/// What the running job does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) stage: Stage,
    pub(crate) done: usize,
    pub(crate) total: usize,
}

impl Gauges {
    /// The page listens from now on. The first time, this starts the thread that looks.
    pub(crate) fn start<R: Runtime>(&self, app: &AppHandle<R>, looks_a_second: u32) {
        let mut watch = lock(&self.watch);
        watch.wanted = true;
        watch.pause = Duration::from_secs(1) / looks_a_second.clamp(1, MOST_A_SECOND);
        if !watch.started {
            let app = app.clone();
            let thread = thread::Builder::new().name("telemetry".into());
            // Without a thread the window works on; only its gauges stand still.
            watch.started = thread.spawn(move || tell(&app)).is_ok();
        }
        self.changed.notify_all();
    }

    /// The page does not listen any more.
    pub(crate) fn stop(&self) {
        lock(&self.watch).wanted = false;
    }

    /// The window was hidden or is seen again.
    pub(crate) fn set_hidden(&self, hidden: bool) {
        lock(&self.watch).hidden = hidden;
        self.changed.notify_all();
    }

    /// Follows the running job.
    pub(crate) fn note(&self, event: &JobEvent) {
        let mut phase = lock(&self.phase);
        *phase = after(*phase, event);
    }

    /// The phase of the running job.
    pub(crate) fn stage(&self) -> Option<Stage> {
        self.phase().map(|phase| phase.stage)
    }

    fn phase(&self) -> Option<Phase> {
        *lock(&self.phase)
    }

    fn wait_until_seen(&self) {
        let watch = lock(&self.watch);
        let waits = |watch: &mut Watch| !watch.wanted || watch.hidden;
        drop(self.changed.wait_while(watch, waits).unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until the next look is due; sooner, if it is to be sooner from now on.
    fn rest(&self, looked: Instant) {
        let mut watch = lock(&self.watch);
        loop {
            let left = watch.pause.saturating_sub(looked.elapsed());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(watch, left);
            watch = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What a job does after it has told something.
fn after(before: Option<Phase>, event: &JobEvent) -> Option<Phase> {
    match *event {
        JobEvent::Stage(stage) => {
            let total = before.map_or(0, |phase| phase.total);
            Some(Phase { stage, done: 0, total })
        }
        JobEvent::Started { steps } => Some(Phase { stage: Stage::Load, done: 0, total: steps }),
        JobEvent::Step { done, total, .. } => Some(Phase { stage: Stage::Denoise, done, total }),
        JobEvent::Finished | JobEvent::Cancelled | JobEvent::Failed(_) => None,
        _ => before,
    }
}

/// Looks and tells until the process ends; waits for nothing but the clock.
fn tell<R: Runtime>(app: &AppHandle<R>) {
    let mut sampler = Sampler::new();
    let began = Instant::now();
    loop {
        let shell = app.state::<Shell>();
        shell.gauges.wait_until_seen();
        let looked = Instant::now();
        let sample = sampler.sample(began.elapsed());
        let phase = shell.gauges.phase().map(PhaseReply::from);
        let message = TelemetryMessage::new(began.elapsed(), sample, phase);
        // Fails only when the window is gone.
        let _ = app.emit_to(window::MAIN, "telemetry", message);
        shell.gauges.rest(looked);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_follows_a_job_from_its_start_to_its_end() {
        let gauges = Gauges::default();
        let told = |event: JobEvent| {
            gauges.note(&event);
            gauges.phase().map(|phase| (phase.stage, phase.done, phase.total))
        };
        assert_eq!(told(JobEvent::Started { steps: 4 }), Some((Stage::Load, 0, 4)));
        assert_eq!(told(JobEvent::Stage(Stage::Encode)), Some((Stage::Encode, 0, 4)));
        assert_eq!(told(JobEvent::Stage(Stage::Denoise)), Some((Stage::Denoise, 0, 4)));
        let step = JobEvent::Step { done: 3, total: 4, reused: false, previews: Vec::new() };
        assert_eq!(told(step), Some((Stage::Denoise, 3, 4)));
        assert_eq!(told(JobEvent::Caption("a".into())), Some((Stage::Denoise, 3, 4)));
        assert_eq!(told(JobEvent::Stage(Stage::Decode)), Some((Stage::Decode, 0, 4)));
        assert_eq!(told(JobEvent::Finished), None);
        // One that waited and was cancelled never began.
        assert_eq!(told(JobEvent::Cancelled), None);
    }
}
