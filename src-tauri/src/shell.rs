//! What the commands share: the engine, where models lie, and what the page knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use engine::{Catalog, Engine, Image, ImageId, ImageStore, Roots};
use tauri::{AppHandle, Manager, Runtime};

use crate::{
    Settings, arrivals,
    closing::Closing,
    error::{AppError, Code, Result},
    gauges::Gauges,
    keeps::Keeps,
    language::Language,
    pool::{self, ReadyModels},
    preferences::Keeper,
    tray::Tray,
    wire::{EngineStatus, ImageReply},
};

/// The state of the app. One per process, managed by Tauri.
pub(crate) struct Shell {
    pub(crate) roots: Roots,
    /// Where the app keeps what is not saved yet; `None` is its folder in the user's data.
    pub(crate) data: Option<PathBuf>,
    /// What opened documents hold and the page does not see.
    pub(crate) keeps: Keeps,
    engine: OnceLock<std::result::Result<Engine, String>>,
    /// Pictures that the page has named: only these can it mean to drop by not naming them again.
    known: Mutex<BTreeSet<ImageId>>,
    /// Files that were opened or named in a dialog, by what the page calls them.
    writable: Mutex<BTreeMap<String, PathBuf>>,
    /// Files to open, kept until the page can take them; `None` from then on.
    waiting: Mutex<Option<Vec<PathBuf>>>,
    saves: AtomicUsize,
    dialogs: AtomicUsize,
    language: Mutex<Option<Language>>,
    /// Downloads under way by the model's id, and how to stop them.
    downloads: Mutex<BTreeMap<String, Arc<AtomicBool>>>,
    pub(crate) closing: Closing,
    /// Behind an `Arc`, since runs tell them what they do.
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) preferences: Keeper,
    /// Where settings of all programs are kept.
    pub(crate) config: Option<PathBuf>,
    pub(crate) ready_models: ReadyModels,
    pub(crate) tray: Tray,
    /// Nobody wants to see the window yet.
    pub(crate) starts_hidden: AtomicBool,
}

impl Shell {
    pub(crate) fn new(settings: Settings) -> Self {
        let Settings { roots, files, data, config, hidden } = settings;
        Self {
            roots,
            data,
            keeps: Keeps::default(),
            engine: OnceLock::new(),
            known: Mutex::default(),
            writable: Mutex::default(),
            waiting: Mutex::new(Some(files)),
            saves: AtomicUsize::new(0),
            dialogs: AtomicUsize::new(0),
            language: Mutex::new(None),
            downloads: Mutex::default(),
            closing: Closing::default(),
            gauges: Arc::default(),
            preferences: Keeper::new(config.as_ref().map(|config| config.join("asset-editor"))),
            config,
            ready_models: ReadyModels::default(),
            tray: Tray::default(),
            starts_hidden: AtomicBool::new(hidden),
        }
    }

    /// Where the app keeps what is its own. Where the system names no folder, a temporary one.
    pub(crate) fn data_folder<R: Runtime>(&self, app: &AppHandle<R>) -> PathBuf {
        let system = || app.path().app_data_dir().unwrap_or_else(|_| std::env::temp_dir());
        self.data.clone().unwrap_or_else(system)
    }

    pub(crate) fn language<R: Runtime>(&self, app: &AppHandle<R>) -> Language {
        let mut language = lock(&self.language);
        *language.get_or_insert_with(|| Language::of(&self.data_folder(app)))
    }

    pub(crate) fn speak(&self, language: Language) {
        *lock(&self.language) = Some(language);
    }

    /// Starts the engine; to be called once, off the main thread.
    pub(crate) fn start_engine(&self) -> EngineStatus {
        let started = Engine::start().and_then(|engine| {
            if let Some(file) = locations::measurements() {
                engine.remember_in(file);
            }
            pool::apply(&engine, &self.preferences.get());
            // Reads the models' folders while the splash is shown, and finds a damaged catalogue.
            self.ready_models.set(&Catalog::load(&self.roots)?);
            Ok(engine)
        });
        let _ = self.engine.set(started.map_err(|error| AppError::from(error).message));
        self.status()
    }

    pub(crate) fn status(&self) -> EngineStatus {
        match self.engine.get() {
            None => EngineStatus::starting(),
            Some(Ok(_)) => EngineStatus::ready(device_name()),
            Some(Err(message)) => EngineStatus::failed(message.clone()),
        }
    }

    /// Loads the model that is wanted at the start.
    pub(crate) fn preload(&self) {
        if let Some(model) = &self.preferences.get().preload {
            // Of a model that is gone or does not fit, whoever wants to use it is told.
            drop(pool::preload(self, model, |_| {}));
        }
    }

    /// The engine, if it has started.
    pub(crate) fn engine_if_there(&self) -> Option<&Engine> {
        self.engine.get()?.as_ref().ok()
    }

    /// Waits for the engine to have started: not for the main thread.
    pub(crate) fn engine(&self) -> Result<&Engine> {
        self.engine.wait().as_ref().map_err(|message| AppError::new(Code::Internal, message))
    }

    pub(crate) fn images(&self) -> Result<&ImageStore> {
        Ok(self.engine()?.images())
    }

    pub(crate) fn image(&self, id: u64) -> Result<Arc<Image>> {
        let id = self.image_id(id);
        self.images()?.get(id).ok_or_else(AppError::image_unknown)
    }

    /// The page has named this picture.
    pub(crate) fn image_id(&self, id: u64) -> ImageId {
        let id = ImageId(id);
        lock(&self.known).insert(id);
        id
    }

    /// Keeps a picture for the page.
    pub(crate) fn keep(&self, image: Image, name: String) -> Result<ImageReply> {
        let info = self.images()?.insert(image);
        Ok(ImageReply { id: info.id.0, width: info.width, height: info.height, name })
    }

    /// Forgets the pictures that the page knew and knows no more. A picture that is still on its
    /// way to the page stays, whatever the page says meanwhile.
    pub(crate) fn retain(&self, ids: &[u64], tokens: &[String]) -> Result<()> {
        let images = self.images()?;
        let listed: BTreeSet<ImageId> = ids.iter().copied().map(ImageId).collect();
        let mut known = lock(&self.known);
        let gone: BTreeSet<ImageId> = known.difference(&listed).copied().collect();
        for id in &gone {
            images.remove(*id);
        }
        *known = listed;
        self.keeps.retain(ids, tokens, &gone);
        Ok(())
    }

    /// The page may save to this file without a dialog.
    pub(crate) fn allow_writing(&self, path: &Path) {
        lock(&self.writable).insert(arrivals::shown(path), path.to_owned());
    }

    /// The file that the page means, if it was opened or named in a dialog.
    pub(crate) fn writable(&self, shown: &str) -> Result<PathBuf> {
        lock(&self.writable).get(shown).cloned().ok_or_else(|| {
            AppError::new(
                Code::FileNotAllowed,
                "this file was neither opened nor named in a dialog: choose where to save",
            )
        })
    }

    /// Gives files to whoever opens them, unless the page cannot take them yet.
    pub(crate) fn files_to_open(&self, files: Vec<PathBuf>) -> Vec<PathBuf> {
        match lock(&self.waiting).as_mut() {
            None => files,
            Some(waiting) => {
                waiting.extend(files);
                Vec::new()
            }
        }
    }

    /// The page can take files from now on; these have waited.
    pub(crate) fn take_waiting_files(&self) -> Vec<PathBuf> {
        lock(&self.waiting).take().unwrap_or_default()
    }

    /// To be held while a file is written, so that closing waits for it.
    pub(crate) fn saving(&self) -> Counted<'_> {
        Counted::new(&self.saves)
    }

    /// To be held while a dialog is open.
    pub(crate) fn dialog(&self) -> Result<Counted<'_>> {
        let dialog = Counted::new(&self.dialogs);
        if self.dialogs.load(Ordering::SeqCst) > 1 {
            return Err(AppError::new(Code::Busy, "another dialog is open"));
        }
        Ok(dialog)
    }

    /// A download begins; gives the flag that stops it.
    pub(crate) fn begin_download(&self, id: &str) -> Result<Arc<AtomicBool>> {
        let mut downloads = lock(&self.downloads);
        if downloads.contains_key(id) {
            return Err(AppError::new(Code::Busy, "this model is on its way already"));
        }
        let stop = Arc::new(AtomicBool::new(false));
        downloads.insert(id.to_owned(), Arc::clone(&stop));
        Ok(stop)
    }

    pub(crate) fn stop_download(&self, id: &str) {
        if let Some(stop) = lock(&self.downloads).get(id) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn end_download(&self, id: &str) {
        lock(&self.downloads).remove(id);
    }

    pub(crate) fn cancel_all(&self) {
        if let Some(engine) = self.engine_if_there() {
            engine.cancel_all();
        }
    }

    /// Whether closing now would cut something off.
    pub(crate) fn is_busy(&self) -> bool {
        let running = self.engine_if_there().is_some_and(Engine::is_busy);
        running || self.saves.load(Ordering::SeqCst) > 0
    }
}

/// Counts one for as long as it lives.
pub(crate) struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn device_name() -> String {
    match std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
        1 => "CPU (1 thread)".into(),
        threads => format!("CPU ({threads} threads)"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
