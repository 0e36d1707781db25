//! One worker thread takes jobs in order; a panic ends its job, never the engine.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use crate::{
    Error, ImageStore, JobEvent, JobId, Model, Result, Task,
    pipelines::{Monitor, Residents},
};

/// Jobs in, events and pictures out. Cheap to clone; the worker ends with the last clone.
#[derive(Clone)]
pub struct Engine {
    jobs: mpsc::Sender<Job>,
    images: Arc<ImageStore>,
    cancels: Cancels,
    last: Arc<AtomicU64>,
}

type Cancels = Arc<Mutex<BTreeMap<u64, Arc<AtomicBool>>>>;

struct Job {
    id: JobId,
    model: Model,
    task: Task,
    cancel: Arc<AtomicBool>,
    on_event: Box<dyn FnMut(JobEvent) + Send>,
}

impl Engine {
    /// Starts the worker.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start() -> Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let images = Arc::new(ImageStore::default());
        let cancels = Cancels::default();
        let worker_images = Arc::clone(&images);
        let worker_cancels = Arc::clone(&cancels);
        thread::Builder::new()
            .name("engine".into())
            .spawn(move || work(&queue, &worker_images, &worker_cancels))
            .map_err(|error| Error::Panicked(error.to_string()))?;
        Ok(Self { jobs, images, cancels, last: Arc::default() })
    }

    /// Queues a job. `on_event` is called on the worker's thread, last with one of
    /// `Finished`, `Cancelled` or `Failed`.
    pub fn submit(
        &self,
        model: Model,
        task: impl Into<Task>,
        on_event: impl FnMut(JobEvent) + Send + 'static,
    ) -> JobId {
        let id = JobId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let cancel = Arc::new(AtomicBool::new(false));
        lock(&self.cancels).insert(id.0, Arc::clone(&cancel));
        let task = task.into();
        let job = Job { id, model, task, cancel, on_event: Box::new(on_event) };
        if let Err(mpsc::SendError(mut job)) = self.jobs.send(job) {
            (job.on_event)(JobEvent::Failed(Error::Panicked("the engine is not running".into())));
        }
        id
    }

    /// Asks a job to stop: at once if it waits, within one step if it runs. Unknown ids are ignored.
    pub fn cancel(&self, id: JobId) {
        if let Some(cancel) = lock(&self.cancels).get(&id.0) {
            cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Asks every job to stop.
    pub fn cancel_all(&self) {
        for cancel in lock(&self.cancels).values() {
            cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a job waits or runs.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !lock(&self.cancels).is_empty()
    }

    /// The pictures of this engine.
    #[must_use]
    pub fn images(&self) -> &Arc<ImageStore> {
        &self.images
    }
}

fn work(queue: &mpsc::Receiver<Job>, images: &Arc<ImageStore>, cancels: &Cancels) {
    let mut residents = Residents::default();
    while let Ok(mut job) = queue.recv() {
        let outcome = if job.cancel.load(Ordering::Relaxed) {
            Err(Error::Cancelled)
        } else {
            let mut monitor = Monitor { cancel: &job.cancel, images, on_event: &mut job.on_event };
            catch_unwind(AssertUnwindSafe(|| residents.run(&job.model, &job.task, &mut monitor)))
                .unwrap_or_else(|panic| {
                    // What a panic left behind may be half made.
                    residents = Residents::default();
                    Err(Error::Panicked(panic_text(panic.as_ref())))
                })
        };
        lock(cancels).remove(&job.id.0);
        (job.on_event)(match outcome {
            Ok(()) => JobEvent::Finished,
            Err(Error::Cancelled) => JobEvent::Cancelled,
            Err(error) => JobEvent::Failed(error),
        });
    }
}

fn lock(cancels: &Cancels) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<AtomicBool>>> {
    cancels.lock().unwrap_or_else(PoisonError::into_inner)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown reason");
    text.lines().next().unwrap_or_default().to_owned()
}
