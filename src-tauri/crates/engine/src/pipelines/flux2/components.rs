//! The parts of a FLUX.2-klein model: loading, releasing, and what each does alone.

use std::{path::Path, sync::Arc};

use candle_core::{DType, Device, Result as TensorResult, Tensor};
use models::{
    autoencoders::kl_flux2::{self, Autoencoder},
    flux2::{self, Transformer, latents},
    text_encoders::{
        Tokens,
        qwen3::{self, Qwen3},
    },
};
use nn::{Params, Probe, Unwatched};

use super::Monitor;
use crate::{
    Error, Family, LoraChoice, Model, PartFiles, Plan, Result, denoise,
    governor::{Load, Outline, Sizes},
    parts::open,
    pipelines::{
        folder::{config, read_config},
        leases::{Component, Parts, Wanted},
        painter::{Painter, Setup},
        readings::Readings,
    },
    preprocess::{self, Rgb},
    prompt::PromptTokenizer,
    scheduler,
};

/// Hidden states of the text encoder that make the conditioning, by blocks passed.
const DEPTHS: [usize; 3] = [9, 18, 27];

/// Which member of the family a model is.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// Whether it runs without guidance.
    pub distilled: bool,
    /// Whether references are read once and kept as keys and values.
    pub kv_references: bool,
}

impl Variant {
    /// Of a model in the catalogue.
    pub(crate) fn of(model: &Model) -> Self {
        Self { distilled: model.distilled, kv_references: model.kv_references }
    }
}

/// Conditioning of a batch of prompts, `[b, n, 3 hidden]`.
pub(super) struct Conditioning {
    pub(super) positive: Tensor,
    pub(super) negative: Option<Tensor>,
}

/// A FLUX.2-klein model. Its parts come from a pool when they are needed.
pub struct Klein {
    painter: Painter<Transformer, Autoencoder>,
    variant: Variant,
    configs: Configs,
    tokenizer: PromptTokenizer,
    text_encoder: Option<Arc<Qwen3>>,
    readings: Readings<Tensor>,
}

struct Configs {
    text_encoder: qwen3::Config,
    transformer: flux2::Config,
    autoencoder: kl_flux2::Config,
    scheduler: scheduler::Config,
}

impl Configs {
    fn read(folder: &Path, files: &PartFiles) -> Result<Self> {
        let place = (Family::Flux2Klein, folder, files);
        let configs = Self {
            text_encoder: config(
                place,
                "text_encoder",
                qwen3::Config::parse,
                qwen3::Config::infer,
            )?,
            transformer: config(place, "transformer", flux2::Config::parse, flux2::Config::infer)?,
            autoencoder: config(place, "vae", kl_flux2::Config::parse, kl_flux2::Config::infer)?,
            scheduler: read_config(
                &folder.join("scheduler/scheduler_config.json"),
                scheduler::Config::parse,
            )?,
        };
        let disagree = |what: String| {
            Err(Error::ModelBroken(format!(
                "the parts in `{}` do not belong together: {what}",
                folder.display()
            )))
        };
        let hidden = configs.text_encoder.hidden_size * DEPTHS.len();
        if configs.transformer.joint_attention_dim != hidden {
            return disagree(format!(
                "the transformer reads text of {} channels, the text encoder gives {hidden}",
                configs.transformer.joint_attention_dim
            ));
        }
        let channels = configs.autoencoder.latent_channels * 4;
        if configs.transformer.in_channels != channels
            || configs.transformer.out_channels() != channels
        {
            return disagree(format!(
                "the transformer reads latents of {} channels, the autoencoder gives {channels}",
                configs.transformer.in_channels
            ));
        }
        Ok(configs)
    }
}

impl Klein {
    /// Reads configuration and tokenizer; weights come later, into a pool of its own.
    ///
    /// # Errors
    /// If a file is missing or damaged, or parts do not belong together.
    pub fn open(setup: Setup, variant: Variant) -> Result<Self> {
        Self::open_in(setup, variant, Arc::default())
    }

    /// As [`Self::open`], with weights that go through `parts`.
    pub(crate) fn open_in(setup: Setup, variant: Variant, parts: Arc<Parts>) -> Result<Self> {
        let configs = Configs::read(&setup.folder, &setup.files)?;
        let tokenizer = PromptTokenizer::open(&setup.folder.join("tokenizer"))?;
        Ok(Self {
            painter: Painter::new(Family::Flux2Klein, setup, parts),
            variant,
            configs,
            tokenizer,
            text_encoder: None,
            readings: Readings::default(),
        })
    }

    /// How the next run is carried out, and with which changes of the transformer.
    pub(crate) fn prepare(&mut self, plan: Plan, loras: &[LoraChoice]) {
        self.painter.prepare(plan, loras);
    }

    /// Gives all parts back to the pool, which may let go of them.
    pub(crate) fn give_back(&mut self) {
        self.text_encoder = None;
        self.painter.give_back();
    }

    /// Number format of weights and activations.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.painter.leases.dtype
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.painter.leases.device
    }

    pub(super) fn scheduler(&self) -> &scheduler::Config {
        &self.configs.scheduler
    }

    pub(super) fn is_distilled(&self) -> bool {
        self.variant.distilled
    }

    pub(super) fn keeps_references(&self) -> bool {
        self.variant.kv_references
    }

    pub(in crate::pipelines) fn latent_channels(&self) -> usize {
        self.configs.autoencoder.latent_channels
    }

    /// The transformer, which [`Self::load_picture_parts`] has loaded.
    pub(super) fn transformer(&self) -> TensorResult<&Transformer> {
        self.painter.transformer()
    }

    /// Loads the text encoder if it is not there.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_text_encoder(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        if self.text_encoder.is_none() {
            self.painter.make_room();
            let wanted = Wanted { component: Component::TextEncoder, loras: &[], reads: &is_read };
            let config = self.configs.text_encoder.clone();
            let load = |params: &Params| Qwen3::load(config, DEPTHS[2], params);
            self.text_encoder = Some(self.painter.leases.lease(&wanted, monitor, load)?);
        }
        Ok(())
    }

    pub(super) fn release_text_encoder(&mut self) {
        if self.painter.leases.plan.is_some() {
            self.text_encoder = None;
            self.painter.leases.drop_if_planned(Component::TextEncoder);
        }
    }

    /// Loads transformer and autoencoder if they are not there.
    ///
    /// # Errors
    /// If their weights are missing or damaged.
    pub fn load_picture_parts(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        self.load_transformer(monitor)?;
        monitor.check()?;
        self.load_autoencoder(monitor)
    }

    /// Loads the transformer if it is not there.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_transformer(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        let load = |params: &Params| Transformer::load(self.configs.transformer.clone(), params);
        self.painter.load_transformer(monitor, load)
    }

    /// Loads the autoencoder if it is not there.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_autoencoder(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        let load = |params: &Params| Autoencoder::load(self.configs.autoencoder.clone(), params);
        self.painter.load_autoencoder(monitor, load)
    }

    /// Padded tokens of prompts.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn tokenize(&self, prompts: &[&str], length: usize) -> Result<Tokens> {
        self.tokenizer.encode(prompts, length)
    }

    /// Conditioning of prompts, `[b, length, 3 hidden]`; the text encoder is loaded.
    ///
    /// # Errors
    /// If the computation fails or gives no numbers.
    pub fn encode(&self, prompts: &[&str], length: usize) -> Result<Tensor> {
        self.encode_tokens(&self.tokenize(prompts, length)?, &mut Unwatched)
    }

    /// Conditioning of prompts that were read not long ago.
    pub(super) fn readings(&mut self) -> &mut Readings<Tensor> {
        &mut self.readings
    }

    /// As [`Self::encode`], from tokens.
    ///
    /// # Errors
    /// If the computation fails or gives no numbers.
    pub fn encode_tokens(&self, tokens: &Tokens, probe: &mut dyn Probe) -> Result<Tensor> {
        let failed = Error::compute("encode");
        let encoder = self
            .text_encoder
            .as_ref()
            .ok_or_else(|| failed(candle_core::Error::msg("the text encoder is not loaded")))?;
        let conditioning = encoder.hidden_states(tokens, &DEPTHS, probe).map_err(&failed)?;
        denoise::check_numbers(&conditioning, "text encoder")?;
        Ok(conditioning)
    }

    /// A picture as the transformer sees it, `[1, 4 latent_channels, h / 16, w / 16]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn encode_image(&self, image: &Rgb) -> TensorResult<Tensor> {
        let autoencoder = self.painter.autoencoder()?;
        let pixels = preprocess::to_tensor(image, autoencoder.device())?;
        autoencoder.normalize(&latents::patchify(&autoencoder.encode(&pixels)?)?)
    }

    /// Pixels `[b, 3, 16 h, 16 w]` of packed tokens.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decode(&self, tokens: &Tensor, (h, w): (usize, usize)) -> TensorResult<Tensor> {
        let autoencoder = self.painter.autoencoder()?;
        let patches = autoencoder.denormalize(&latents::unpack(tokens, h, w)?)?;
        autoencoder.decode(&latents::unpatchify(&patches)?)
    }
}

/// What the text encoder ever reads of its weights. Of the table of tokens, that is a few rows.
fn is_read(name: &str) -> bool {
    qwen3::is_read(name, DEPTHS[2])
}

/// What a model takes and works with, from configurations and the headers of its files.
///
/// # Errors
/// If a file is missing or damaged.
pub(crate) fn outline(folder: &Path, files: &PartFiles) -> Result<Outline> {
    let configs = Configs::read(folder, files)?;
    let open = |component: &str| open(Family::Flux2Klein, folder, files, component);
    let (text, transformer) = (&configs.text_encoder, &configs.transformer);
    let channels = &configs.autoencoder.block_out_channels;
    let painter = open("transformer")?;
    let sizes = Sizes {
        text_encoder: open("text_encoder")?.byte_count_of(is_read),
        transformer: painter.byte_count(),
        autoencoder: open("vae")?.parameter_count(),
        ..Sizes::default()
    };
    let load = Load {
        text_width: text.hidden_size as u64,
        text_inner: text.intermediate_size as u64,
        text_heads: text.num_attention_heads as u64,
        text_blocks: DEPTHS[2] as u64,
        width: transformer.width() as u64,
        mlp_width: transformer.mlp_width() as u64,
        heads: transformer.num_attention_heads as u64,
        blocks: (transformer.num_layers * 2 + transformer.num_single_layers) as u64,
        channels: channels.iter().take(2).copied().max().unwrap_or(1) as u64,
        ..Load::default()
    };
    Ok(Outline::new((sizes, painter.parameter_count()), load, folder, files))
}
