//! Parts of models without a job, for measuring, on the processor.

use std::sync::{Arc, atomic::AtomicBool};

use candle_core::{DType, Device, Result as TensorResult, Shape, Tensor};
use nn::tiles;

use super::{
    Component, Monitor, Setup,
    flux1::Flux1,
    flux2::{Klein, Variant},
    qwen_image_layered::Layered,
    residents::dtype,
};
use crate::{
    Error, Family, Image, Model, Precision, Result, SIZE_STEP, Size, denoise, noise::Noise,
    preprocess,
};

/// A part of a model, ready to compute on the processor.
pub struct Part {
    _model: Box<dyn std::any::Any>,
}

/// Loads a part of a model into memory, as a run without a budget would.
///
/// # Errors
/// If its files are missing or damaged.
pub fn load_part(model: &Model, component: Component) -> Result<Part> {
    let loaded = unwatched(|monitor| -> Result<Box<dyn std::any::Any>> {
        match model.family {
            Family::Flux1 => {
                let mut flux = Flux1::open(setup(model, DType::F32))?;
                match component {
                    Component::Clip => flux.load_clip(monitor)?,
                    Component::TextEncoder | Component::SeeingTextEncoder | Component::T5 => {
                        flux.load_t5(monitor)?;
                    }
                    Component::Transformer => flux.load_transformer(monitor)?,
                    Component::Autoencoder => flux.load_autoencoder(monitor)?,
                }
                Ok(Box::new(flux))
            }
            Family::Flux2Klein => {
                let mut klein = Klein::open(setup(model, DType::F32), Variant::of(model))?;
                match component {
                    Component::TextEncoder
                    | Component::SeeingTextEncoder
                    | Component::T5
                    | Component::Clip => {
                        klein.load_text_encoder(monitor)?;
                    }
                    Component::Transformer => klein.load_transformer(monitor)?,
                    Component::Autoencoder => klein.load_autoencoder(monitor)?,
                }
                Ok(Box::new(klein))
            }
            Family::QwenImageLayered => {
                let mut layered = Layered::open(setup(model, DType::F32))?;
                match component {
                    Component::TextEncoder | Component::T5 | Component::Clip => {
                        layered.load_text_encoder(false, monitor)?;
                    }
                    Component::SeeingTextEncoder => layered.load_text_encoder(true, monitor)?,
                    Component::Transformer => layered.load_transformer(monitor)?,
                    Component::Autoencoder => layered.load_autoencoder(monitor)?,
                }
                Ok(Box::new(layered))
            }
        }
    })?;
    Ok(Part { _model: loaded })
}

/// Something that a model computes, always the same, and gives the numbers of.
pub type Rehearsal = Box<dyn FnMut() -> Result<Vec<f32>>>;

/// What a step works on.
#[derive(Debug, Clone, Copy)]
pub struct StepSizes {
    /// Of the picture.
    pub size: Size,
    /// Tokens of the prompt.
    pub text_tokens: usize,
    /// Layers that a picture is taken apart into.
    pub layers: usize,
}

impl StepSizes {
    /// Tokens of a picture, down and across.
    pub(super) fn grid(self) -> (usize, usize) {
        [self.size.height(), self.size.width()].map(|side| (side / SIZE_STEP) as usize).into()
    }
}

/// Loads a model's transformer; the result makes one step on noise and gives its velocity.
///
/// # Errors
/// If weights are missing or damaged, or steps of the family are not measured. The step fails where a
/// real one would.
pub fn rehearse_step(model: &Model, sizes: StepSizes, precision: Precision) -> Result<Rehearsal> {
    let dtype = dtype(precision, &Device::Cpu);
    let on = ("transformer", precision);
    match model.family {
        Family::Flux1 => Err(not_measured("steps")),
        Family::Flux2Klein => {
            let mut klein = Klein::open(setup(model, dtype), Variant::of(model))?;
            unwatched(|monitor| klein.load_transformer(monitor))?;
            Ok(rehearsal(on, move || klein.rehearse(sizes)))
        }
        Family::QwenImageLayered => {
            let mut layered = Layered::open(setup(model, dtype))?;
            unwatched(|monitor| layered.load_transformer(monitor))?;
            Ok(rehearsal(on, move || layered.rehearse(sizes)))
        }
    }
}

/// Loads a model's autoencoder; the results make latents of a picture, and pixels of noise.
///
/// # Errors
/// If weights are missing or damaged, or the family's autoencoder is not measured.
pub fn rehearse_autoencoder(
    model: &Model,
    size: Size,
    precision: Precision,
) -> Result<[Rehearsal; 2]> {
    let dtype = dtype(precision, &Device::Cpu);
    let on = ("autoencoder", precision);
    let picture = Image::gradient(size.width(), size.height());
    let (h, w) = StepSizes { size, text_tokens: 0, layers: 0 }.grid();
    match model.family {
        Family::Flux1 => Err(not_measured("the autoencoder")),
        Family::Flux2Klein => {
            let mut klein = Klein::open(setup(model, dtype), Variant::of(model))?;
            unwatched(|monitor| klein.load_autoencoder(monitor))?;
            let (klein, picture) = (Arc::new(klein), preprocess::reference(&picture)?);
            let encoder = Arc::clone(&klein);
            let encode = move || encoder.encode_image(&picture);
            let decode = move || {
                let tokens = noise(&mut Noise::new(0), (1, h * w, 4 * klein.latent_channels()))?;
                klein.decode(&tokens, (h, w))
            };
            Ok([rehearsal(on, encode), rehearsal(on, decode)])
        }
        Family::QwenImageLayered => {
            let mut layered = Layered::open(setup(model, dtype))?;
            unwatched(|monitor| layered.load_autoencoder(monitor))?;
            let layered = Arc::new(layered);
            let encoder = Arc::clone(&layered);
            let encode = move || encoder.encode_image(&picture);
            let decode = move || {
                let shape = (1, layered.latent_channels(), 2 * h, 2 * w);
                layered.decode(&noise(&mut Noise::new(0), shape)?)
            };
            Ok([rehearsal(on, encode), rehearsal(on, decode)])
        }
    }
}

/// Normal numbers.
pub(super) fn noise(source: &mut Noise, shape: impl Into<Shape>) -> TensorResult<Tensor> {
    let shape = shape.into();
    Tensor::from_vec(source.normal(shape.elem_count()), shape, &Device::Cpu)
}

fn rehearsal(
    (component, precision): (&'static str, Precision),
    mut compute: impl FnMut() -> TensorResult<Tensor> + 'static,
) -> Rehearsal {
    Box::new(move || {
        let failed = Error::compute(component);
        let rounds = precision == Precision::Bf16;
        let made = tiles::scope(rounds, &mut compute).map_err(&failed)?;
        denoise::check_numbers(&made, component)?;
        let numbers = made.to_dtype(DType::F32).and_then(|all| all.flatten_all()?.to_vec1());
        numbers.map_err(failed)
    })
}

fn not_measured(what: &str) -> Error {
    Error::InvalidRequest(format!("{what} of FLUX.1 cannot be measured alone: `bench run` can"))
}

/// Calls `work` with a monitor that nobody listens to.
fn unwatched<T>(work: impl FnOnce(&mut Monitor<'_>) -> T) -> T {
    let (cancel, images) = (AtomicBool::new(false), Arc::default());
    work(&mut Monitor { cancel: &cancel, images: &images, on_event: &mut |_| {} })
}

fn setup(model: &Model, dtype: DType) -> Setup {
    Setup {
        folder: model.folder.clone(),
        files: model.files.clone(),
        loras: Vec::new(),
        dtype,
        device: Device::Cpu,
    }
}
