//! From a request to a run: device, memory plan, and the model that stays loaded between jobs.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use nn::Unwatched;
use sysinfo::System;
use weights::Checkpoint;

use super::{
    Monitor, Start,
    flux2::{self, Job, Klein, Setup},
    folder::{self, Loaded},
    layers,
    qwen_image_layered::{Layered, LayeredSetup},
};
use crate::{
    Decomposition, DeviceChoice, Error, Family, JobEvent, LoraChoice, MAX_SIDE, Model, PartFiles,
    Precision, Request, Result, Task,
    memory_plan::{self, Load, Sizes},
    preprocess,
    repaint::Repaint,
};

/// The tensor that a file of initial latents holds.
const LATENTS: &str = "latents";

/// The model that stays loaded between jobs.
#[derive(Default)]
pub struct Residents {
    resident: Option<Resident>,
}

struct Resident {
    folder: PathBuf,
    files: PartFiles,
    precision: Precision,
    device: DeviceChoice,
    sizes: Sizes,
    pipeline: Pipeline,
}

/// A model of one of the families.
enum Pipeline {
    Klein(Box<Klein>),
    Layered(Box<Layered>),
}

impl Residents {
    /// Runs one job to its end.
    ///
    /// # Errors
    /// Whatever stops it.
    pub fn run(&mut self, model: &Model, task: &Task, monitor: &mut Monitor<'_>) -> Result<()> {
        match (self.prepare(model, task)?, task) {
            (Pipeline::Klein(klein), Task::Generate(request)) => {
                generate(klein, model, request, monitor)
            }
            (Pipeline::Layered(layered), Task::Decompose(decomposition)) => {
                let start = start(decomposition.initial_latents.as_deref(), decomposition.seed)?;
                layers::run(layered, model, decomposition, start, monitor)
            }
            _ => Err(Error::InvalidRequest(format!("`{}` is a model for another task", model.id))),
        }
    }

    /// The model of a task, loaded as far as it was before, with a plan that fits.
    fn prepare(&mut self, model: &Model, task: &Task) -> Result<&mut Pipeline> {
        if let Some(resident) = self.resident.take_if(|resident| resident.serves(model, task)) {
            let load = resident.pipeline.load(model, task);
            let available = free_memory() + resident.bytes();
            let wanted = Some(resident.precision);
            match memory_plan::plan(&resident.sizes, &load, wanted, available) {
                Ok(plan) => {
                    let resident = self.resident.insert(resident);
                    resident.pipeline.keep_text_encoder(plan.keep_text_encoder);
                    resident.pipeline.set_loras(task.loras());
                    return Ok(&mut resident.pipeline);
                }
                // Another number format may fit, once this one is gone.
                Err(_) if task.precision().is_none() => drop(resident),
                Err(error) => {
                    self.resident = Some(resident);
                    return Err(error);
                }
            }
        }
        // What is not used makes room before anything is counted.
        self.resident = None;
        let sizes = folder::sizes(model.family, &model.folder, &model.files)?;
        let pipeline = Pipeline::open(model, device(task.device())?)?;
        let load = pipeline.load(model, task);
        let plan = memory_plan::plan(&sizes, &load, task.precision(), free_memory())?;
        let mut pipeline = pipeline.with_dtype(dtype(plan.precision), plan.keep_text_encoder);
        pipeline.set_loras(task.loras());
        let resident = Resident {
            folder: model.folder.clone(),
            files: model.files.clone(),
            precision: plan.precision,
            device: task.device(),
            sizes,
            pipeline,
        };
        Ok(&mut self.resident.insert(resident).pipeline)
    }
}

impl Pipeline {
    fn open(model: &Model, device: Device) -> Result<Self> {
        let (folder, files) = (model.folder.clone(), model.files.clone());
        let (loras, dtype, keep_text_encoder) = (Vec::new(), DType::F32, true);
        match model.family {
            Family::Flux2Klein => {
                let setup = Setup {
                    folder,
                    files,
                    loras,
                    distilled: model.distilled,
                    kv_references: model.kv_references,
                    dtype,
                    device,
                    keep_text_encoder,
                };
                Ok(Self::Klein(Box::new(Klein::open(setup)?)))
            }
            Family::QwenImageLayered => {
                let setup = LayeredSetup { folder, files, loras, dtype, device, keep_text_encoder };
                Ok(Self::Layered(Box::new(Layered::open(setup)?)))
            }
        }
    }

    fn with_dtype(self, dtype: DType, keep_text_encoder: bool) -> Self {
        match self {
            Self::Klein(klein) => Self::Klein(Box::new(klein.with_dtype(dtype, keep_text_encoder))),
            Self::Layered(layered) => {
                Self::Layered(Box::new(layered.with_dtype(dtype, keep_text_encoder)))
            }
        }
    }

    fn keep_text_encoder(&mut self, keep: bool) {
        match self {
            Self::Klein(klein) => klein.keep_text_encoder(keep),
            Self::Layered(layered) => layered.keep_text_encoder(keep),
        }
    }

    fn set_loras(&mut self, loras: &[LoraChoice]) {
        match self {
            Self::Klein(klein) => klein.set_loras(loras),
            Self::Layered(layered) => layered.set_loras(loras),
        }
    }

    fn loaded(&self) -> Loaded {
        match self {
            Self::Klein(klein) => klein.loaded(),
            Self::Layered(layered) => layered.loaded(),
        }
    }

    /// What a task works on.
    fn load(&self, model: &Model, task: &Task) -> Load {
        match (self, task) {
            (Self::Klein(klein), Task::Generate(request)) => load_of(klein, model, request),
            (Self::Layered(layered), Task::Decompose(task)) => layers_load(layered, model, task),
            // A task that does not fit is refused before it needs memory.
            (Self::Klein(klein), Task::Decompose(_)) => klein.load(0, 0, 0),
            (Self::Layered(layered), Task::Generate(_)) => layered.load(0, 0, 0),
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

impl Resident {
    fn serves(&self, model: &Model, task: &Task) -> bool {
        self.folder == model.folder
            && self.files == model.files
            && self.device == task.device()
            && task.precision().is_none_or(|precision| precision == self.precision)
    }

    /// What its loaded components hold.
    fn bytes(&self) -> u64 {
        let Loaded { text_encoder, transformer, autoencoder } = self.pipeline.loaded();
        let count = |loaded: bool, bytes: u64| if loaded { bytes } else { 0 };
        let number = dtype(self.precision).size_in_bytes() as u64;
        count(text_encoder, self.sizes.text_encoder)
            + count(transformer, self.sizes.transformer)
            + count(autoencoder, self.sizes.autoencoder * number)
    }
}

/// What a request works on, as large as it can be known before pictures are scaled.
fn load_of(klein: &Klein, model: &Model, request: &Request) -> Load {
    const MEGAPIXEL: u64 = 1 << 20;
    let area =
        |width: u32, height: u32| u64::from(width.min(MAX_SIDE)) * u64::from(height.min(MAX_SIDE));
    let references: Vec<u64> = request
        .references
        .iter()
        .map(|reference| &reference.image)
        .chain(request.inpaint.iter().map(|inpaint| &inpaint.init))
        .map(|image| (u64::from(image.width()) * u64::from(image.height())).min(MEGAPIXEL))
        .collect();
    let own = match (request.width, request.height, references.last()) {
        (None, None, Some(&reference)) => reference,
        (width, height, _) => {
            area(width.unwrap_or(model.defaults.width), height.unwrap_or(model.defaults.height))
        }
    };
    let tokens = (own + references.iter().sum::<u64>()) / 256;
    let text = request.max_sequence_length.unwrap_or(model.defaults.max_sequence_length);
    let largest = references.iter().copied().fold(own, u64::max);
    klein.load(tokens, text as u64, largest)
}

/// As [`load_of`]: the layers, the whole picture and the picture they are made from.
fn layers_load(layered: &Layered, model: &Model, task: &Decomposition) -> Load {
    let (width, height) =
        preprocess::bucket_size(task.image.width(), task.image.height(), model.defaults.width);
    let pixels = u64::from(width) * u64::from(height);
    let frames = u64::from(task.layers) + 2;
    layered.load(pixels / 256 * frames, model.defaults.max_sequence_length as u64, pixels)
}

fn device(choice: DeviceChoice) -> Result<Device> {
    let unavailable = |error: candle_core::Error| {
        Error::InvalidRequest(format!("the graphics card cannot be used: {error}"))
    };
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Cuda => nn::cuda_device().map_err(unavailable),
        DeviceChoice::Auto if nn::cuda_is_built() => Ok(nn::cuda_device().unwrap_or(Device::Cpu)),
        DeviceChoice::Auto => Ok(Device::Cpu),
    }
}

pub(super) fn dtype(precision: Precision) -> DType {
    match precision {
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::BF16,
        Precision::F16 => DType::F16,
    }
}

/// Bytes that the system can give; without limit where it does not say.
fn free_memory() -> u64 {
    let Ok(mut system) = System::new() else { return u64::MAX / 2 };
    system.refresh_memory();
    system.available_memory()
}

fn read_latents(path: &Path) -> Result<Tensor> {
    let unreadable = |reason: String| Error::Unreadable { path: path.to_owned(), reason };
    let file = Checkpoint::open_file(path).map_err(|error| unreadable(error.to_string()))?;
    file.tensor_as_stored(LATENTS).map_err(|error| {
        unreadable(error.to_string().lines().next().unwrap_or_default().to_owned())
    })
}
