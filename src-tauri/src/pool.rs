//! Which models are loaded, and loading and putting them away without a picture.

use std::sync::{Arc, Mutex, PoisonError};

use engine::{Budgets, Catalog, Engine, JobEvent, Model, Stage};

use crate::{
    error::{AppError, Code, Result},
    preferences::Preferences,
    shell::Shell,
};

/// What the tray tells of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// The engine is not there yet, or never will be.
    Absent,
    /// No model is loaded.
    Empty,
    /// One comes from its files.
    Loading,
    /// A picture is made.
    Working,
    /// These rest in memory, which is `bytes` in all.
    Loaded { names: Vec<String>, bytes: u64 },
}

/// The models that can be used, as they were listed last.
#[derive(Debug, Default)]
pub(crate) struct ReadyModels(Mutex<Arc<Vec<Model>>>);

impl ReadyModels {
    pub(crate) fn set(&self, catalog: &Catalog) {
        let ready = catalog.models().iter().filter(|model| model.is_ready()).cloned().collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(ready);
    }

    pub(crate) fn get(&self) -> Arc<Vec<Model>> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Loads a model for later; `on_failed` hears why it could not be.
pub(crate) fn preload(
    shell: &Shell,
    id: &str,
    on_failed: impl Fn(AppError) + Send + 'static,
) -> Result<()> {
    let catalog = Catalog::load(&shell.roots)?;
    let model = catalog.models().iter().find(|model| model.id == id).cloned().ok_or_else(|| {
        AppError::new(Code::ModelMissing, format!("there is no model called `{id}`"))
    })?;
    let gauges = Arc::clone(&shell.gauges);
    shell.engine()?.preload(model, move |event| {
        gauges.note(&event);
        if let JobEvent::Failed(error) = event {
            on_failed(error.into());
        }
    });
    Ok(())
}

/// Puts away whatever no job needs.
pub(crate) fn unload(shell: &Shell) -> Result<()> {
    shell.engine()?.unload();
    Ok(())
}

/// Makes the engine keep to what is set.
pub(crate) fn apply(engine: &Engine, preferences: &Preferences) {
    let bytes = |mib: Option<u64>| mib.map(|mib| mib << 20);
    engine.set_budgets(Budgets {
        ram: bytes(preferences.memory_budget_mib),
        vram: bytes(preferences.graphics_memory_budget_mib),
    });
    engine.set_idle_unload(preferences.unload_after());
}

/// What there is to tell now; never waits.
pub(crate) fn state(shell: &Shell) -> State {
    let Some(engine) = shell.engine_if_there() else { return State::Absent };
    match shell.gauges.stage() {
        Some(Stage::Load) => return State::Loading,
        Some(_) => return State::Working,
        None => {}
    }
    let bytes = engine.residents().iter().map(|resident| resident.bytes).sum();
    if bytes == 0 {
        return State::Empty;
    }
    let models = shell.ready_models.get();
    let loaded = models.iter().filter(|model| engine.is_resident(model));
    State::Loaded { names: loaded.map(|model| model.name.clone()).collect(), bytes }
}
