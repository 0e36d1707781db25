//! Parts of models without a job, for measuring.

use std::sync::{Arc, atomic::AtomicBool};

use candle_core::{DType, Device};

use super::{
    Component, Monitor,
    flux1::{Flux1, Flux1Setup},
    flux2::{Klein, Setup},
    qwen_image_layered::{Layered, LayeredSetup},
};
use crate::{Family, Model, Result};

/// A part of a model, ready to compute on the processor.
pub struct Part {
    _model: Box<dyn std::any::Any>,
}

/// Loads a part of a model into memory, as a run without a budget would.
///
/// # Errors
/// If its files are missing or damaged.
pub fn load_part(model: &Model, component: Component) -> Result<Part> {
    let (cancel, images) = (AtomicBool::new(false), Arc::default());
    let mut monitor = Monitor { cancel: &cancel, images: &images, on_event: &mut |_| {} };
    let (folder, files) = (model.folder.clone(), model.files.clone());
    let (dtype, device, loras) = (DType::F32, Device::Cpu, Vec::new());
    let loaded: Box<dyn std::any::Any> = match model.family {
        Family::Flux1 => {
            let mut flux = Flux1::open(Flux1Setup { folder, files, loras, dtype, device })?;
            match component {
                Component::Clip => flux.load_clip(&mut monitor)?,
                Component::TextEncoder | Component::SeeingTextEncoder | Component::T5 => {
                    flux.load_t5(&mut monitor)?;
                }
                Component::Transformer => flux.load_transformer(&mut monitor)?,
                Component::Autoencoder => flux.load_autoencoder(&mut monitor)?,
            }
            Box::new(flux)
        }
        Family::Flux2Klein => {
            let (distilled, kv_references) = (model.distilled, model.kv_references);
            let setup = Setup { folder, files, loras, distilled, kv_references, dtype, device };
            let mut klein = Klein::open(setup)?;
            match component {
                Component::TextEncoder
                | Component::SeeingTextEncoder
                | Component::T5
                | Component::Clip => {
                    klein.load_text_encoder(&mut monitor)?;
                }
                Component::Transformer => klein.load_transformer(&mut monitor)?,
                Component::Autoencoder => klein.load_autoencoder(&mut monitor)?,
            }
            Box::new(klein)
        }
        Family::QwenImageLayered => {
            let mut layered = Layered::open(LayeredSetup { folder, files, loras, dtype, device })?;
            match component {
                Component::TextEncoder | Component::T5 | Component::Clip => {
                    layered.load_text_encoder(false, &mut monitor)?;
                }
                Component::SeeingTextEncoder => layered.load_text_encoder(true, &mut monitor)?,
                Component::Transformer => layered.load_transformer(&mut monitor)?,
                Component::Autoencoder => layered.load_autoencoder(&mut monitor)?,
            }
            Box::new(layered)
        }
    };
    Ok(Part { _model: loaded })
}
