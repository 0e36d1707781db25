//! From a request to a run: device, memory plan, and the model that stays loaded between jobs.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use nn::Unwatched;
use sysinfo::System;
use weights::Checkpoint;

use super::{
    Monitor,
    flux2::{self, Job, Klein, Loaded, Setup, Start},
};
use crate::{
    DeviceChoice, Error, JobEvent, MAX_SIDE, Model, Precision, Request, Result,
    memory_plan::{self, Sizes},
};

/// The tensor that a file of initial latents holds.
const LATENTS: &str = "latents";

/// The models that stay loaded between jobs.
#[derive(Default)]
pub struct Residents {
    klein: Option<Resident>,
}

struct Resident {
    folder: PathBuf,
    precision: Precision,
    device: DeviceChoice,
    sizes: Sizes,
    klein: Klein,
}

impl Residents {
    /// Runs one job to its end.
    ///
    /// # Errors
    /// Whatever stops it.
    pub fn run(
        &mut self,
        model: &Model,
        request: &Request,
        monitor: &mut Monitor<'_>,
    ) -> Result<()> {
        let start = match &request.initial_latents {
            Some(path) => Start::Latents(read_latents(path)?),
            None => Start::Seed(request.seed),
        };
        let klein = self.prepare(model, request)?;
        let defaults = &model.defaults;
        let job = Job {
            prompts: &[&request.prompt],
            negative: &request.negative,
            size: (request.width, request.height),
            default_size: (defaults.width, defaults.height),
            steps: request.steps.unwrap_or(defaults.steps),
            guidance: request.guidance.unwrap_or(defaults.guidance),
            max_sequence_length: request
                .max_sequence_length
                .unwrap_or(defaults.max_sequence_length),
            references: request.references.iter().map(AsRef::as_ref).collect(),
            inpaint: request.inpaint.as_ref(),
            start,
            previews: request.previews,
        };
        let unit = klein.generate(&job, monitor, &mut Unwatched)?;
        for image in flux2::to_images(&unit)? {
            let image = monitor.images.insert(image);
            monitor.tell(JobEvent::Image { image, seed: request.seed });
        }
        Ok(())
    }

    /// The model of a request, loaded as far as it was before, with a plan that fits.
    fn prepare(&mut self, model: &Model, request: &Request) -> Result<&mut Klein> {
        if let Some(resident) = self.klein.take_if(|resident| resident.serves(model, request)) {
            let load = load_of(&resident.klein, model, request);
            let available = free_memory() + resident.bytes();
            let wanted = Some(resident.precision);
            match memory_plan::plan(&resident.sizes, &load, wanted, available) {
                Ok(plan) => {
                    let resident = self.klein.insert(resident);
                    resident.klein.keep_text_encoder(plan.keep_text_encoder);
                    return Ok(&mut resident.klein);
                }
                // Another number format may fit, once this one is gone.
                Err(_) if request.precision.is_none() => drop(resident),
                Err(error) => {
                    self.klein = Some(resident);
                    return Err(error);
                }
            }
        }
        // What is not used makes room before anything is counted.
        self.klein = None;
        let sizes = flux2::sizes(&model.folder)?;
        let klein = Klein::open(Setup {
            folder: model.folder.clone(),
            distilled: model.distilled,
            kv_references: model.kv_references,
            dtype: DType::F32,
            device: device(request.device)?,
            keep_text_encoder: true,
        })?;
        let load = load_of(&klein, model, request);
        let plan = memory_plan::plan(&sizes, &load, request.precision, free_memory())?;
        let klein = klein.with_dtype(dtype(plan.precision), plan.keep_text_encoder);
        let resident = Resident {
            folder: model.folder.clone(),
            precision: plan.precision,
            device: request.device,
            sizes,
            klein,
        };
        Ok(&mut self.klein.insert(resident).klein)
    }
}

impl Resident {
    fn serves(&self, model: &Model, request: &Request) -> bool {
        self.folder == model.folder
            && self.device == request.device
            && request.precision.is_none_or(|precision| precision == self.precision)
    }

    /// What its loaded components hold.
    fn bytes(&self) -> u64 {
        let Loaded { text_encoder, transformer, autoencoder } = self.klein.loaded();
        let count = |loaded: bool, parameters: u64| if loaded { parameters } else { 0 };
        let parameters = count(text_encoder, self.sizes.text_encoder)
            + count(transformer, self.sizes.transformer)
            + count(autoencoder, self.sizes.autoencoder);
        parameters * dtype(self.precision).size_in_bytes() as u64
    }
}

/// What a request works on, as large as it can be known before pictures are scaled.
fn load_of(klein: &Klein, model: &Model, request: &Request) -> memory_plan::Load {
    const MEGAPIXEL: u64 = 1 << 20;
    let area =
        |width: u32, height: u32| u64::from(width.min(MAX_SIDE)) * u64::from(height.min(MAX_SIDE));
    let references: Vec<u64> = request
        .references
        .iter()
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
