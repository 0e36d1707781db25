//! One worker thread takes jobs in order; a panic ends its job, never the engine.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use nn::stop;

use crate::{
    Budgets, Error, Forecast, ImageStore, JobEvent, JobId, Model, Resident, Result, Task,
    governor::Governor,
    pipelines::{Monitor, Residents},
};

/// Jobs in, events and pictures out. Cheap to clone; the worker ends with the last clone.
#[derive(Clone)]
pub struct Engine {
    orders: mpsc::Sender<Order>,
    governor: Arc<Governor>,
    images: Arc<ImageStore>,
    cancels: Cancels,
    last: Arc<AtomicU64>,
}

type Cancels = Arc<Mutex<BTreeMap<u64, Arc<AtomicBool>>>>;

/// What the worker is told.
enum Order {
    Run(Box<Job>),
    /// Let go of all models.
    Unload,
    /// Let go of them after so long without a job.
    UnloadAfter(Option<Duration>),
}

struct Job {
    id: JobId,
    model: Model,
    work: Work,
    cancel: Arc<AtomicBool>,
    on_event: Box<dyn FnMut(JobEvent) + Send>,
}

/// What a job does with its model.
enum Work {
    Task(Task),
    /// Load it as the task would, for later.
    Preload(Task),
}

impl Engine {
    /// Starts the worker.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start() -> Result<Self> {
        let (orders, queue) = mpsc::channel();
        let images = Arc::new(ImageStore::default());
        let governor = Arc::new(Governor::new(Arc::default()));
        let cancels = Cancels::default();
        let worker = Worker {
            residents: Residents::new(Arc::clone(&governor)),
            images: Arc::clone(&images),
            cancels: Arc::clone(&cancels),
            idle: None,
        };
        thread::Builder::new()
            .name("engine".into())
            .spawn(move || worker.work(&queue))
            .map_err(|error| Error::Panicked(error.to_string()))?;
        Ok(Self { orders, governor, images, cancels, last: Arc::default() })
    }

    /// Queues a job. `on_event` is called on the worker's thread, last with one of
    /// `Finished`, `Cancelled` or `Failed`.
    pub fn submit(
        &self,
        model: Model,
        task: impl Into<Task>,
        on_event: impl FnMut(JobEvent) + Send + 'static,
    ) -> JobId {
        self.queue(model, Work::Task(task.into()), Box::new(on_event))
    }

    /// Loads a model before anybody needs it; a job like any other.
    pub fn preload(&self, model: Model, on_event: impl FnMut(JobEvent) + Send + 'static) -> JobId {
        let work = Work::Preload(Task::typical(&model));
        self.queue(model, work, Box::new(on_event))
    }

    fn queue(&self, model: Model, work: Work, on_event: Box<dyn FnMut(JobEvent) + Send>) -> JobId {
        let id = JobId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let cancel = Arc::new(AtomicBool::new(false));
        lock(&self.cancels).insert(id.0, Arc::clone(&cancel));
        let job = Order::Run(Box::new(Job { id, model, work, cancel, on_event }));
        if let Err(mpsc::SendError(Order::Run(mut job))) = self.orders.send(job) {
            (job.on_event)(JobEvent::Failed(Error::Panicked("the engine is not running".into())));
        }
        id
    }

    /// Sets how much memory this process may hold; the next job keeps to it.
    pub fn set_budgets(&self, budgets: Budgets) {
        self.governor.set_budgets(budgets);
    }

    /// What a job would take, from file headers and the request alone. Loads nothing.
    ///
    /// # Errors
    /// If a file of the model is missing or damaged.
    pub fn forecast(&self, model: &Model, task: &Task) -> Result<Forecast> {
        self.governor.forecast(model, task)
    }

    /// Names the file in which the engine remembers what runs took, to foresee the next.
    pub fn remember_in(&self, file: PathBuf) {
        self.governor.remember_in(file);
    }

    /// What is loaded, the least recently used first.
    #[must_use]
    pub fn residents(&self) -> Vec<Resident> {
        self.governor.residents()
    }

    /// Whether a part of a model is loaded.
    #[must_use]
    pub fn is_resident(&self, model: &Model) -> bool {
        self.governor.is_resident(model)
    }

    /// Lets go of all models; of one that a job uses, when the job is over.
    pub fn unload(&self) {
        // A card may be recording what the worker asks for: nobody else may give back its memory.
        if !nn::cuda_is_built() {
            self.governor.parts().unload(|_| true);
        }
        // Fails only where there is no worker, which holds nothing then.
        let _ = self.orders.send(Order::Unload);
    }

    /// Lets go of all models after so long without a job; never, if `None`.
    pub fn set_idle_unload(&self, after: Option<Duration>) {
        let _ = self.orders.send(Order::UnloadAfter(after));
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

/// What the worker's thread owns.
struct Worker {
    residents: Residents,
    images: Arc<ImageStore>,
    cancels: Cancels,
    idle: Option<Duration>,
}

impl Worker {
    fn work(mut self, queue: &mpsc::Receiver<Order>) {
        loop {
            let order = match self.idle {
                Some(idle) => match queue.recv_timeout(idle) {
                    Err(RecvTimeoutError::Timeout) => {
                        self.residents.forget();
                        queue.recv().ok()
                    }
                    order => order.ok(),
                },
                None => queue.recv().ok(),
            };
            match order {
                None => return,
                Some(Order::Run(job)) => self.run(*job),
                Some(Order::Unload) => self.residents.forget(),
                Some(Order::UnloadAfter(after)) => self.idle = after,
            }
        }
    }

    fn run(&mut self, mut job: Job) {
        let outcome = if job.cancel.load(Ordering::Relaxed) {
            Err(Error::Cancelled)
        } else {
            let (residents, images) = (&mut self.residents, &self.images);
            let mut monitor = Monitor { cancel: &job.cancel, images, on_event: &mut job.on_event };
            let work = AssertUnwindSafe(|| {
                stop::until(Arc::clone(&job.cancel), || match &job.work {
                    Work::Task(task) => residents.run(&job.model, task, &mut monitor),
                    Work::Preload(task) => residents.preload(&job.model, task, &mut monitor),
                })
            });
            catch_unwind(work).unwrap_or_else(|panic| {
                // What a panic left behind may be half made.
                self.residents.forget();
                Err(Error::Panicked(panic_text(panic.as_ref())))
            })
        };
        lock(&self.cancels).remove(&job.id.0);
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Catalog, Draft, Request, Roots, Stage};

    fn starter() -> Model {
        let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../starter");
        let catalog = Catalog::load(&Roots { starter, ..Roots::default() }).unwrap();
        catalog.find("starter").unwrap()
    }

    fn task(prompt: &str) -> Task {
        let draft = Draft {
            prompt: prompt.into(),
            width: Some(32),
            height: Some(32),
            steps: Some(1),
            ..Draft::default()
        };
        Task::Generate(Request::new(draft).unwrap())
    }

    /// The last event of a job; `hear` sees all others.
    fn last(
        submit: impl FnOnce(Box<dyn FnMut(JobEvent) + Send>) -> JobId,
        mut hear: impl FnMut(&JobEvent) + Send + 'static,
    ) -> JobEvent {
        let (sender, receiver) = mpsc::channel();
        submit(Box::new(move |event| match event {
            JobEvent::Finished | JobEvent::Cancelled | JobEvent::Failed(_) => {
                sender.send(event).unwrap();
            }
            event => hear(&event),
        }));
        receiver.recv().unwrap()
    }

    fn paint(engine: &Engine, model: &Model, prompt: &str) -> JobEvent {
        last(|on_event| engine.submit(model.clone(), task(prompt), on_event), |_| {})
    }

    /// Waits until nothing is loaded.
    fn wait_until_empty(engine: &Engine) {
        for _ in 0..2000 {
            if engine.residents().is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("still loaded: {:?}", engine.residents());
    }

    #[test]
    fn a_panic_ends_its_job_and_the_next_one_paints() {
        let (engine, model) = (Engine::start().unwrap(), starter());
        let breaks = |event: &JobEvent| {
            assert!(!matches!(event, JobEvent::Stage(Stage::Denoise)), "broken on purpose");
        };
        let outcome =
            last(|on_event| engine.submit(model.clone(), task("a potion"), on_event), breaks);
        assert!(matches!(outcome, JobEvent::Failed(Error::Panicked(_))), "{outcome:?}");
        assert!(engine.residents().is_empty(), "what may be half made is gone");
        let outcome = paint(&engine, &model, "a potion");
        assert!(matches!(outcome, JobEvent::Finished), "{outcome:?}");
    }

    #[test]
    fn a_preloaded_model_stays_until_it_is_unloaded_and_shares_its_parts() {
        let (engine, model) = (Engine::start().unwrap(), starter());
        let outcome = last(|on_event| engine.preload(model.clone(), on_event), |_| {});
        assert!(matches!(outcome, JobEvent::Finished), "{outcome:?}");
        assert!(engine.is_resident(&model));
        let parts = engine.residents().len();
        assert_eq!(parts, 3, "{:?}", engine.residents());
        // The same files under another name are loaded already.
        let twin = Model { id: "twin".into(), ..model.clone() };
        let loads = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&loads);
        let hear = move |event: &JobEvent| {
            if matches!(event, JobEvent::Stage(Stage::Load)) {
                seen.store(true, Ordering::Relaxed);
            }
        };
        last(|on_event| engine.submit(twin, task("a potion"), on_event), hear);
        assert!(!loads.load(Ordering::Relaxed), "nothing is loaded a second time");
        assert_eq!(engine.residents().len(), parts);
        engine.unload();
        wait_until_empty(&engine);
        assert!(!engine.is_resident(&model));
    }

    #[test]
    fn an_idle_engine_lets_go_of_its_models() {
        let (engine, model) = (Engine::start().unwrap(), starter());
        engine.set_idle_unload(Some(Duration::from_millis(20)));
        assert!(matches!(paint(&engine, &model, "a potion"), JobEvent::Finished));
        wait_until_empty(&engine);
        assert!(matches!(paint(&engine, &model, "a potion"), JobEvent::Finished));
    }

    #[test]
    fn a_budget_refuses_a_run_and_a_larger_one_lets_it_paint() {
        let (engine, model) = (Engine::start().unwrap(), starter());
        engine.set_budgets(Budgets { ram: Some(1 << 20), vram: None });
        let forecast = engine.forecast(&model, &task("a potion")).unwrap();
        assert!(!forecast.fits && forecast.peak > forecast.available, "{forecast:?}");
        let outcome = paint(&engine, &model, "a potion");
        assert!(matches!(outcome, JobEvent::Failed(Error::OutOfMemory { .. })), "{outcome:?}");
        engine.set_budgets(Budgets { ram: Some(forecast.peak * 2), vram: None });
        assert!(matches!(paint(&engine, &model, "a potion"), JobEvent::Finished));
    }
}
