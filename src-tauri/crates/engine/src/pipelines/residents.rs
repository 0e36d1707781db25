//! From a task to a run: a plan that fits, a pipeline, and what the run says about the next.

use std::{path::Path, sync::Arc, time::Instant};

use candle_core::{DType, Device, Tensor};
use nn::{LargePages, Unwatched, tiles};
use weights::Checkpoint;

use super::{
    Monitor, Setup, Start,
    flux1::{Flux1, Flux1Job},
    flux2::{self, Job, Klein, Variant},
    layers,
    qwen_image_layered::Layered,
};
use crate::{
    DeviceChoice, Error, Family, JobEvent, Model, Plan, Precision, Request, Result, Stage, Task,
    Took, TookPhase,
    governor::{self, Governor, Phase, Run, Taken},
    repaint::Repaint,
};

/// The tensor that a file of initial latents holds.
const LATENTS: &str = "latents";
/// Reading a prompt takes longer than this, in seconds, unless it was read before.
const REMEMBERED: f64 = 0.005;
/// Models whose tokenizers and last prompts are remembered; their weights are the pool's.
const MAX_PIPELINES: usize = 4;

/// The pipelines of the models that ran last.
pub(crate) struct Residents {
    governor: Arc<Governor>,
    // The latest at the end.
    pipelines: Vec<Kept>,
}

struct Kept {
    model: Model,
    precision: Precision,
    device: DeviceChoice,
    pipeline: Pipeline,
}

/// A model of one of the families.
enum Pipeline {
    Flux1(Box<Flux1>),
    Klein(Box<Klein>),
    Layered(Box<Layered>),
}

impl Residents {
    pub(crate) fn new(governor: Arc<Governor>) -> Self {
        Self { governor, pipelines: Vec::new() }
    }

    /// Runs one job to its end.
    ///
    /// # Errors
    /// Whatever stops it.
    pub(crate) fn run(
        &mut self,
        model: &Model,
        task: &Task,
        monitor: &mut Monitor<'_>,
    ) -> Result<()> {
        if !serves(model.family, task) {
            return Err(Error::InvalidRequest(format!(
                "`{}` is a model for another task",
                model.id
            )));
        }
        let governor = Arc::clone(&self.governor);
        governor.note_base();
        let plan = governor.admit(model, task)?;
        let run = governor.run(model, task, plan)?;
        let pipeline = self.pipeline(model, task, plan)?;
        let mut clock = Clock::new(&governor, &run);
        let outcome = {
            let listener = &mut *monitor.on_event;
            let mut told = |event: JobEvent| {
                clock.hear(&event);
                listener(event);
            };
            let mut monitor =
                Monitor { cancel: monitor.cancel, images: monitor.images, on_event: &mut told };
            let rounds = plan.precision == Precision::Bf16;
            tiles::scope(rounds, || pipeline.run(model, task, &mut monitor))
        };
        pipeline.give_back();
        LargePages::release();
        if outcome.is_ok() {
            let took = clock.took();
            governor.save();
            monitor.tell(JobEvent::Took(took));
        }
        if outcome.is_err() {
            // What a stopped run says of its failure does not matter.
            monitor.check()?;
        }
        if matches!(outcome, Err(Error::Compute { .. })) {
            // The device may have run out of memory, or be lost: the next run begins with nothing.
            self.forget();
        }
        outcome
    }

    /// Loads a model's parts before anybody needs them.
    ///
    /// # Errors
    /// Whatever stops it.
    pub(crate) fn preload(
        &mut self,
        model: &Model,
        task: &Task,
        monitor: &mut Monitor<'_>,
    ) -> Result<()> {
        let governor = Arc::clone(&self.governor);
        governor.note_base();
        let plan = governor.admit(model, task)?;
        let pipeline = self.pipeline(model, task, plan)?;
        let outcome = pipeline.preload(plan, monitor);
        pipeline.give_back();
        outcome
    }

    /// Lets go of everything.
    pub(crate) fn forget(&mut self) {
        self.pipelines.clear();
        self.governor.parts().unload(|_| true);
        LargePages::release();
        nn::release_cuda_memory();
    }

    fn pipeline(&mut self, model: &Model, task: &Task, plan: Plan) -> Result<&mut Pipeline> {
        let is_it = |kept: &Kept| {
            kept.model.folder == model.folder
                && kept.model.files == model.files
                && kept.precision == plan.precision
                && kept.device == task.device()
        };
        let kept = match self.pipelines.iter().position(is_it) {
            Some(index) => self.pipelines.remove(index),
            None => {
                let device = device(task.device())?;
                let dtype = dtype(plan.precision, &device);
                let pipeline = Pipeline::open(model, device, dtype, &self.governor)?;
                let model = model.clone();
                Kept { model, precision: plan.precision, device: task.device(), pipeline }
            }
        };
        if self.pipelines.len() == MAX_PIPELINES {
            self.pipelines.remove(0);
        }
        self.pipelines.push(kept);
        let last = self.pipelines.len() - 1;
        let pipeline = &mut self.pipelines[last].pipeline;
        match pipeline {
            Pipeline::Flux1(flux) => flux.prepare(plan, task.loras()),
            Pipeline::Klein(klein) => klein.prepare(plan, task.loras()),
            Pipeline::Layered(layered) => layered.prepare(plan, task.loras()),
        }
        Ok(pipeline)
    }
}

impl Pipeline {
    fn open(model: &Model, device: Device, dtype: DType, governor: &Governor) -> Result<Self> {
        let parts = Arc::clone(governor.parts());
        let setup = Setup {
            folder: model.folder.clone(),
            files: model.files.clone(),
            loras: Vec::new(),
            dtype,
            device,
        };
        Ok(match model.family {
            Family::Flux1 => Self::Flux1(Box::new(Flux1::open_in(setup, parts)?)),
            Family::Flux2Klein => {
                let variant = Variant::of(model);
                Self::Klein(Box::new(Klein::open_in(setup, variant, parts)?))
            }
            Family::QwenImageLayered => Self::Layered(Box::new(Layered::open_in(setup, parts)?)),
        })
    }

    fn run(&mut self, model: &Model, task: &Task, monitor: &mut Monitor<'_>) -> Result<()> {
        match (self, task) {
            (Self::Flux1(flux), Task::Generate(request)) => {
                let prompts = [request.prompt.as_str()];
                let start = start(request.initial_latents.as_deref(), request.seed)?;
                let job = Flux1Job::of(model, request, &prompts, start)?;
                let unit = flux.generate(&job, monitor, &mut Unwatched)?;
                for image in flux2::to_images(&unit)? {
                    let image = monitor.images.insert(image);
                    monitor.tell(JobEvent::Image { image, seed: request.seed });
                }
                Ok(())
            }
            (Self::Klein(klein), Task::Generate(request)) => {
                generate(klein, model, request, monitor)
            }
            (Self::Layered(layered), Task::Decompose(decomposition)) => {
                let start = start(decomposition.initial_latents.as_deref(), decomposition.seed)?;
                layers::run(layered, model, decomposition, start, monitor)
            }
            _ => Err(Error::InvalidRequest(format!("`{}` is a model for another task", model.id))),
        }
    }

    /// Loads what stays loaded by the plan: what paints, and what reads where there is room.
    fn preload(&mut self, plan: Plan, monitor: &mut Monitor<'_>) -> Result<()> {
        match self {
            Self::Flux1(flux) => {
                if plan.keeps_text_encoder {
                    flux.load_text_encoders(monitor)?;
                }
                monitor.check()?;
                flux.load_picture_parts(monitor)
            }
            Self::Klein(klein) => {
                if plan.keeps_text_encoder {
                    klein.load_text_encoder(monitor)?;
                }
                monitor.check()?;
                klein.load_picture_parts(monitor)
            }
            Self::Layered(layered) => {
                if plan.keeps_text_encoder {
                    layered.load_text_encoder(true, monitor)?;
                }
                monitor.check()?;
                layered.load_picture_parts(monitor)
            }
        }
    }

    fn give_back(&mut self) {
        match self {
            Self::Flux1(flux) => flux.give_back(),
            Self::Klein(klein) => klein.give_back(),
            Self::Layered(layered) => layered.give_back(),
        }
    }
}

/// What the phases of a run take, heard from its events.
struct Clock<'a> {
    governor: &'a Governor,
    run: &'a Run,
    start: Instant,
    /// The phase that runs, and since when.
    stage: Option<Stage>,
    since: Instant,
    steps: u32,
    reused_steps: usize,
    phases: Vec<TookPhase>,
}

impl<'a> Clock<'a> {
    fn new(governor: &'a Governor, run: &'a Run) -> Self {
        governor::reset_peak();
        let now = Instant::now();
        Self {
            governor,
            run,
            start: now,
            stage: None,
            since: now,
            steps: 0,
            reused_steps: 0,
            phases: Vec::new(),
        }
    }

    fn hear(&mut self, event: &JobEvent) {
        match event {
            JobEvent::Step { done, reused, .. } => {
                self.steps = *done as u32;
                self.reused_steps += usize::from(*reused);
            }
            JobEvent::Stage(stage) => {
                self.finish();
                self.stage = Some(*stage);
            }
            _ => {}
        }
    }

    /// Ends the phase that runs, and learns from it.
    fn finish(&mut self) {
        let (seconds, peak) = (self.since.elapsed().as_secs_f64(), self.run.peak());
        if let Some(stage) = self.stage.take() {
            let phase = match stage {
                Stage::Encode => Some((Phase::Encode, 1)),
                Stage::Denoise => Some((Phase::Denoise, self.steps)),
                Stage::Decode => Some((Phase::Decode, 1)),
                Stage::Load | Stage::Caption | Stage::Rebuild => None,
            };
            // The first of a kind: what comes after it is a second try, or references.
            let is_first = self.phases.iter().all(|phase| phase.stage != stage);
            // A prompt that was remembered says nothing.
            let is_work = match stage {
                Stage::Encode => seconds > REMEMBERED,
                // Nor do steps of which some may be hardly computed.
                Stage::Denoise => !self.run.may_reuse_steps(),
                _ => true,
            };
            if let Some((phase, times)) = phase.filter(|_| is_first && is_work) {
                self.governor.learn(self.run, phase, Taken { peak, seconds, times });
            }
            self.phases.push(TookPhase { stage, seconds, peak });
        }
        governor::reset_peak();
        self.since = Instant::now();
    }

    /// Ends the run.
    fn took(mut self) -> Took {
        self.finish();
        Took {
            peak: self.phases.iter().filter_map(|phase| phase.peak).max(),
            seconds: self.start.elapsed().as_secs_f64(),
            reused_steps: self.reused_steps,
            phases: self.phases,
        }
    }
}

fn generate(
    klein: &mut Klein,
    model: &Model,
    request: &Request,
    monitor: &mut Monitor<'_>,
) -> Result<()> {
    let start = start(request.initial_latents.as_deref(), request.seed)?;
    let defaults = &model.defaults;
    let asked = (request.width, request.height);
    let repaint =
        request.inpaint.as_ref().map(|inpaint| Repaint::new(inpaint, asked)).transpose()?;
    // A picture to repaint is given at the size that was asked for.
    let size = if repaint.is_some() { (None, None) } else { asked };
    let job = Job {
        prompts: &[&request.prompt],
        negative: &request.negative,
        size,
        default_size: (defaults.width, defaults.height),
        steps: request.steps.unwrap_or(defaults.steps),
        guidance: request.guidance.unwrap_or(defaults.guidance),
        max_sequence_length: request.max_sequence_length.unwrap_or(defaults.max_sequence_length),
        references: &request.references,
        inpaint: repaint.as_ref().map(Repaint::for_model),
        start,
        previews: request.previews,
        step_cache: request.step_cache,
    };
    let unit = klein.generate(&job, monitor, &mut Unwatched)?;
    for made in flux2::to_images(&unit)? {
        let image = repaint.as_ref().map_or(Ok(made.clone()), |repaint| repaint.finish(&made))?;
        let image = monitor.images.insert(image);
        monitor.tell(JobEvent::Image { image, seed: request.seed });
    }
    Ok(())
}

fn start(initial_latents: Option<&Path>, seed: u64) -> Result<Start> {
    Ok(match initial_latents {
        Some(path) => Start::Latents(read_latents(path)?),
        None => Start::Seed(seed),
    })
}

fn serves(family: Family, task: &Task) -> bool {
    match task {
        Task::Generate(_) => family.paints(),
        Task::Decompose(_) => !family.paints(),
    }
}

fn device(choice: DeviceChoice) -> Result<Device> {
    let unavailable = |error: candle_core::Error| {
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        Error::InvalidRequest(format!("the graphics card cannot be used: {reason}"))
    };
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda => nn::cuda_device().map_err(unavailable),
        DeviceChoice::Auto if nn::cuda_is_built() => Ok(nn::cuda_device().unwrap_or(Device::Cpu)),
        DeviceChoice::Auto => Ok(Device::Cpu),
    }
}

/// The number format of tensors. A processor with products in bf16 keeps everything between them in f32.
pub(super) fn dtype(precision: Precision, device: &Device) -> DType {
    match precision {
        Precision::Bf16 if device.is_cpu() && tiles::is_available() => DType::F32,
        Precision::F32 => DType::F32,
        Precision::Bf16 if device.is_cuda() && !nn::cuda_has_bf16() => DType::F16,
        Precision::Bf16 => DType::BF16,
        Precision::F16 => DType::F16,
    }
}

fn read_latents(path: &Path) -> Result<Tensor> {
    let unreadable = |reason: String| Error::Unreadable { path: path.to_owned(), reason };
    let file = Checkpoint::open_file(path).map_err(|error| unreadable(error.to_string()))?;
    file.tensor_as_stored(LATENTS).map_err(|error| {
        unreadable(error.to_string().lines().next().unwrap_or_default().to_owned())
    })
}
