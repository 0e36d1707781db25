//! One transformer step on noise, for measuring.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use candle_core::{DType, Device, Tensor};
use models::flux2::{Inputs, latents};
use nn::{Unwatched, tiles};

use super::{Klein, Setup};
use crate::{
    Error, PartFiles, Precision, Result, Size, denoise,
    noise::Noise,
    pipelines::{Monitor, residents::dtype},
};

/// Loads the transformer of a model folder; the result makes one step each time it is called, always the
/// same one, and gives its velocity.
///
/// # Errors
/// If weights are missing or damaged. The step fails where a real one would.
pub fn rehearse(
    folder: &Path,
    size: Size,
    text_tokens: usize,
    precision: Precision,
) -> Result<impl FnMut() -> Result<Vec<f32>>> {
    let mut klein = Klein::open(Setup {
        folder: folder.to_owned(),
        files: PartFiles::default(),
        loras: Vec::new(),
        distilled: true,
        kv_references: false,
        dtype: dtype(precision, &Device::Cpu),
        device: Device::Cpu,
    })?;
    let (cancel, images) = (AtomicBool::new(false), Arc::default());
    klein.load_transformer(&mut Monitor {
        cancel: &cancel,
        images: &images,
        on_event: &mut |_| {},
    })?;
    let (h, w) = (size.height() as usize / 16, size.width() as usize / 16);
    Ok(move || {
        let failed = Error::compute("denoise");
        let step = || {
            let transformer = klein.transformer()?;
            let config = transformer.config();
            let mut noise = Noise::new(0);
            let mut tokens = |count: usize, channels: usize| {
                Tensor::from_vec(noise.normal(count * channels), (1, count, channels), &Device::Cpu)
            };
            let (hidden_states, text) = (
                tokens(h * w, config.in_channels)?,
                tokens(text_tokens, config.joint_attention_dim)?,
            );
            let positions =
                [latents::text_positions(text_tokens), latents::image_positions(h, w)].concat();
            let inputs = Inputs {
                hidden_states: &hidden_states,
                encoder_hidden_states: &text,
                timestep: &Tensor::full(0.5f32, 1, &Device::Cpu)?,
                rope: &transformer.rope(&positions)?,
                references: &[],
            };
            transformer.forward(&inputs, &mut Unwatched)
        };
        let rounds = precision == Precision::Bf16;
        let velocity = tiles::scope(rounds, step).map_err(&failed)?;
        denoise::check_numbers(&velocity, "transformer")?;
        let numbers = velocity.to_dtype(DType::F32).and_then(|all| all.flatten_all()?.to_vec1());
        numbers.map_err(&failed)
    })
}
