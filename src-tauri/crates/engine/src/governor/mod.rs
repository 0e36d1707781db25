//! Who may take how much memory: budgets, what a run will need, and what runs before it needed.

mod experience;
mod load;
mod meter;
mod plan;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use nn::LargePages;
use sysinfo::System;

pub use self::plan::{Measure, Plan, Share, Work};
use self::{experience::Experience, plan::Ground};
pub(crate) use self::{
    load::{Load, Outline, Passes},
    plan::Sizes,
};
use crate::{
    DeviceChoice, Error, Family, Model, Precision, Result, Size, Task,
    pipelines::{self, Component, PartKey, Parts, belongs_to},
    request::SIZE_STEP,
};

/// What is left free for everything else on the machine where nobody set a budget.
const RESERVE: u64 = 512 << 20;
/// A budget is filled up but for one part in so many, and so much more is foreseen than was computed.
const SLACK: u64 = 64;
/// What a program takes before it does anything, where the system does not say.
const SMALLEST_BASE: u64 = 48 << 20;
/// Outlines of models that are remembered.
const MAX_OUTLINES: usize = 16;

/// The most that this process may hold, in bytes; `None` is what the machine has to give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Of the machine's memory.
    pub ram: Option<u64>,
    /// Of the graphics card's.
    pub vram: Option<u64>,
}

/// What a run will take.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// How it will be carried out.
    pub plan: Plan,
    /// The most that this process will hold, in bytes.
    pub peak: u64,
    /// The most that it may hold, in bytes.
    pub available: u64,
    /// How long it will take, in seconds, where runs like it were measured on this machine.
    pub seconds: Option<f64>,
    /// Whether it stays within what it may hold.
    pub fits: bool,
    /// What would fit where it does not; the nearest first.
    pub would_fit: Vec<Suggestion>,
}

/// A change that makes a run fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggestion {
    /// A picture of this size.
    Size(Size),
    /// A budget of so many bytes.
    Budget(u64),
}

/// A part of a model that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resident {
    /// Which part.
    pub component: Component,
    /// Its folder or file.
    pub path: PathBuf,
    /// Where most of it is.
    pub place: weights::Place,
    /// What it takes there, in bytes.
    pub bytes: u64,
}

/// Budgets, the pool, and what was learned.
pub(crate) struct Governor {
    parts: Arc<Parts>,
    budgets: Mutex<Budgets>,
    outlines: Mutex<Vec<(Model, Outline)>>,
    experience: Mutex<Experience>,
    /// What the process held beside parts when it last did nothing.
    base: AtomicU64,
}

impl Governor {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        let governor = Self {
            parts,
            budgets: Mutex::default(),
            outlines: Mutex::default(),
            experience: Mutex::default(),
            base: AtomicU64::new(SMALLEST_BASE),
        };
        governor.note_base();
        governor
    }

    pub(crate) fn parts(&self) -> &Arc<Parts> {
        &self.parts
    }

    pub(crate) fn set_budgets(&self, budgets: Budgets) {
        *lock(&self.budgets) = budgets;
    }

    /// Learns from what a file remembers, and writes there what is learned.
    pub(crate) fn remember_in(&self, file: PathBuf) {
        *lock(&self.experience) = Experience::open(file);
    }

    /// Notes what the process holds while nothing runs.
    pub(crate) fn note_base(&self) {
        LargePages::release();
        let held = meter::held().unwrap_or(0);
        let base = held.saturating_sub(self.parts.footprint().ram).max(SMALLEST_BASE);
        self.base.store(base, Ordering::Relaxed);
    }

    pub(crate) fn residents(&self) -> Vec<Resident> {
        let resident = |(key, footprint): (PartKey, weights::Footprint)| Resident {
            component: key.component,
            path: key.path,
            place: footprint.place(),
            bytes: footprint.ram.max(footprint.vram),
        };
        self.parts.parts().into_iter().map(resident).collect()
    }

    /// Whether a part of a model is loaded.
    pub(crate) fn is_resident(&self, model: &Model) -> bool {
        let is_its = |(key, _): &(PartKey, _)| belongs_to(key, &model.folder, &model.files);
        self.parts.parts().iter().any(is_its)
    }

    /// What a task will take, from file headers and the request alone.
    ///
    /// # Errors
    /// If a file of the model is missing or damaged.
    pub(crate) fn forecast(&self, model: &Model, task: &Task) -> Result<Forecast> {
        let outline = self.outline(model)?;
        let load = Load::of(&outline, model, task);
        let plan = self.plan(&outline, &load, model, task);
        let would_fit = if plan.fits() {
            Vec::new()
        } else {
            self.would_fit(&outline, &load, model, task, &plan)
        };
        Ok(Forecast {
            plan,
            peak: plan.peak + plan.peak / (SLACK - 1),
            available: self.allowed(plan.on_card),
            seconds: self.seconds(&outline, &load, model, &plan, Passes::of(model, task)),
            fits: plan.fits(),
            would_fit,
        })
    }

    /// As [`Self::forecast`], for a run that is about to begin.
    ///
    /// # Errors
    /// As above, and [`Error::OutOfMemory`] where it cannot fit.
    pub(crate) fn admit(&self, model: &Model, task: &Task) -> Result<Plan> {
        let forecast = self.forecast(model, task)?;
        if forecast.fits {
            return Ok(forecast.plan);
        }
        Err(Error::OutOfMemory {
            needed: forecast.peak,
            available: forecast.available,
            would_fit: forecast.would_fit.iter().find_map(|suggestion| match suggestion {
                Suggestion::Size(size) => Some((size.width(), size.height())),
                Suggestion::Budget(_) => None,
            }),
        })
    }

    fn plan(&self, outline: &Outline, load: &Load, model: &Model, task: &Task) -> Plan {
        let on_card = uses_card(task.device());
        let has_fast_halves = on_card || (nn::tiles::is_available() && outline.is_coarse);
        let precision = task.precision().unwrap_or(match has_fast_halves {
            true => Precision::Bf16,
            false => Precision::F32,
        });
        let foreseen = load.work(precision, on_card);
        let mut sizes = outline.sizes;
        sizes.transformer += task.loras().iter().map(|lora| length(&lora.file)).sum::<u64>();
        let ground = Ground {
            precision,
            on_card,
            budget: self.available(on_card),
            base: if on_card { 0 } else { self.base.load(Ordering::Relaxed) },
        };
        // What a card's memory takes is not seen from here.
        let work = match on_card {
            true => foreseen,
            false => self.learned(model.family, outline, precision, foreseen),
        };
        plan::plan(&sizes, work, &ground)
    }

    /// What is foreseen, as far as runs on this machine say otherwise.
    fn learned(
        &self,
        family: Family,
        outline: &Outline,
        precision: Precision,
        foreseen: Work,
    ) -> Work {
        let experience = lock(&self.experience);
        let learned = |phase: &str, bytes: u64| {
            let kind = memory_kind(family, outline, precision, phase);
            experience.expect(&kind, bytes as f64).map_or(bytes, |bytes| bytes as u64)
        };
        Work {
            encode: learned("encode", foreseen.encode),
            denoise: learned("denoise", foreseen.denoise),
            decode: learned("decode", foreseen.decode),
        }
    }

    /// The most that this process is to hold, in bytes: a little less than it may, since no forecast is
    /// right to the byte.
    fn available(&self, on_card: bool) -> u64 {
        let allowed = self.allowed(on_card);
        allowed - allowed / SLACK
    }

    /// The most that this process may hold, in bytes.
    fn allowed(&self, on_card: bool) -> u64 {
        let budgets = *lock(&self.budgets);
        if on_card {
            let machine = nn::cuda_memory().unwrap_or(u64::MAX / 2);
            return budgets.vram.map_or(machine, |budget| budget.min(machine));
        }
        let Ok(mut system) = System::new() else { return budgets.ram.unwrap_or(u64::MAX / 2) };
        system.refresh_memory();
        // What this process holds is its own to use again.
        let machine = system.available_memory() + meter::held().unwrap_or(0);
        match budgets.ram {
            Some(budget) => budget.min(machine),
            None => machine.saturating_sub(RESERVE),
        }
    }

    fn outline(&self, model: &Model) -> Result<Outline> {
        let is_same = |(known, _): &&(Model, Outline)| {
            known.folder == model.folder && known.files == model.files
        };
        if let Some((_, outline)) = lock(&self.outlines).iter().find(is_same)
            && outline.is_current(&model.folder, &model.files)
        {
            return Ok(outline.clone());
        }
        let outline = pipelines::outline(model)?;
        let mut outlines = lock(&self.outlines);
        outlines.retain(|known| !is_same(&known));
        if outlines.len() == MAX_OUTLINES {
            outlines.remove(0);
        }
        outlines.push((model.clone(), outline.clone()));
        Ok(outline)
    }

    /// What would fit: the largest picture of about the same shape, and a larger budget.
    fn would_fit(
        &self,
        outline: &Outline,
        load: &Load,
        model: &Model,
        task: &Task,
        plan: &Plan,
    ) -> Vec<Suggestion> {
        let mut suggestions = Vec::new();
        if let Some((width, height)) = load.size {
            let fits = |scale: f64| {
                let side = |side: u32| {
                    ((f64::from(side) * scale / f64::from(SIZE_STEP)).round() as u32 * SIZE_STEP)
                        .max(SIZE_STEP)
                };
                let size = Size::new(side(width), side(height)).ok()?;
                let smaller = load.resized(size);
                self.plan(outline, &smaller, model, task).fits().then_some(size)
            };
            suggestions.extend(
                (1..16).rev().find_map(|part| fits(f64::from(part) / 16.0)).map(Suggestion::Size),
            );
        }
        suggestions.push(Suggestion::Budget(plan.peak + plan.peak / (SLACK - 2)));
        suggestions
    }

    fn seconds(
        &self,
        outline: &Outline,
        load: &Load,
        model: &Model,
        plan: &Plan,
        passes: Passes,
    ) -> Option<f64> {
        let experience = lock(&self.experience);
        let expect = |phase: &str, operations: f64| {
            experience.expect(&time_kind(model.family, outline, plan, phase), operations)
        };
        let operations = load.operations();
        let encode = expect("encode", operations.encode)?;
        let step = expect("step", operations.step * f64::from(passes.in_a_step))?;
        let decode = expect("decode", operations.decode)?;
        Some(encode + step * passes.steps as f64 + decode)
    }

    /// Learns what a phase of a run took beside weights, and how long it was.
    pub(crate) fn learn(&self, run: &Run, phase: Phase, taken: Taken) {
        let operations = run.load.operations();
        let foreseen = run.load.work(run.plan.precision, run.plan.on_card);
        let (name, timed, bytes, work) = match phase {
            Phase::Encode => ("encode", "encode", foreseen.encode, operations.encode),
            Phase::Denoise => (
                "denoise",
                "step",
                foreseen.denoise,
                operations.step * f64::from(run.passes.in_a_step),
            ),
            Phase::Decode => ("decode", "decode", foreseen.decode, operations.decode),
        };
        let mut experience = lock(&self.experience);
        if let Some(peak) = taken.peak.filter(|_| !run.plan.on_card) {
            let held = self.parts.footprint().ram + self.base.load(Ordering::Relaxed);
            let kind = memory_kind(run.family, &run.outline, run.plan.precision, name);
            experience.observe(&kind, bytes as f64, peak.saturating_sub(held) as f64);
        }
        let kind = time_kind(run.family, &run.outline, &run.plan, timed);
        experience.observe(&kind, work, taken.seconds / f64::from(taken.times.max(1)));
    }

    /// Writes down what was learned.
    pub(crate) fn save(&self) {
        lock(&self.experience).save();
    }

    /// A run that is about to begin, to learn from.
    ///
    /// # Errors
    /// If a file of the model is missing or damaged.
    pub(crate) fn run(&self, model: &Model, task: &Task, plan: Plan) -> Result<Run> {
        let outline = self.outline(model)?;
        let load = Load::of(&outline, model, task);
        Ok(Run { family: model.family, outline, load, plan, passes: Passes::of(model, task) })
    }
}

/// A run that is measured.
pub(crate) struct Run {
    family: Family,
    outline: Outline,
    load: Load,
    plan: Plan,
    passes: Passes,
}

impl Run {
    /// Whether steps may take from those before them, so that their times tell nothing of others.
    pub(crate) fn may_reuse_steps(&self) -> bool {
        self.load.kept_maps > 0
    }

    /// The most bytes that were held, where weights are, since it was asked last.
    pub(crate) fn peak(&self) -> Option<u64> {
        if self.plan.on_card { nn::take_cuda_peak() } else { peak() }
    }
}

/// The parts of a run that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Encode,
    Denoise,
    Decode,
}

/// What a phase took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// The most that the process held, in bytes.
    pub(crate) peak: Option<u64>,
    pub(crate) seconds: f64,
    /// How often it did the same.
    pub(crate) times: u32,
}

pub(crate) use meter::{peak, reset_peak};

fn memory_kind(family: Family, outline: &Outline, precision: Precision, phase: &str) -> String {
    format!("bytes {family:?} {} {precision:?} {phase}", outline.sizes.transformer)
}

fn time_kind(family: Family, outline: &Outline, plan: &Plan, phase: &str) -> String {
    let place = if plan.on_card { "card" } else { "processor" };
    let streams = if plan.transformer.streams() { " streamed" } else { "" };
    format!(
        "seconds {family:?} {} {:?} {place}{streams} {phase}",
        outline.sizes.transformer, plan.precision
    )
}

fn length(file: &std::path::Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

fn uses_card(choice: DeviceChoice) -> bool {
    match choice {
        DeviceChoice::Cpu => false,
        DeviceChoice::Cuda => true,
        DeviceChoice::Auto => nn::cuda_is_built() && nn::cuda_device().is_ok(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
