//! The parts of a FLUX.2-klein model: loading, releasing, and what each does alone.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result as TensorResult, Tensor};
use models::{
    autoencoders::kl_flux2::{self, Autoencoder},
    flux2::{self, Transformer, latents},
    text_encoders::{
        Tokens,
        qwen3::{self, Qwen3},
    },
};
use nn::{Probe, Unwatched};

use super::Monitor;
use crate::{
    Error, Family, JobEvent, LoraChoice, PartFiles, Result, Stage, denoise,
    memory_plan::Load,
    pipelines::folder::{Loaded, Source, config, read_config},
    preprocess::{self, Rgb},
    prompt::PromptTokenizer,
    scheduler,
};

/// Hidden states of the text encoder that make the conditioning, by blocks passed.
const DEPTHS: [usize; 3] = [9, 18, 27];

/// Prompts and negatives whose conditioning is kept: 16 MB each for the largest model.
const MAX_READ: usize = 4;

/// How a model is to be run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// In diffusers layout.
    pub folder: PathBuf,
    /// Files that stand in for parts of it.
    pub files: PartFiles,
    /// Changes of the transformer.
    pub loras: Vec<LoraChoice>,
    /// Whether it runs without guidance.
    pub distilled: bool,
    /// Whether references are read once and kept as keys and values.
    pub kv_references: bool,
    /// Number format of weights and activations.
    pub dtype: DType,
    /// Where it computes.
    pub device: Device,
    /// Whether the text encoder stays loaded after encoding.
    pub keep_text_encoder: bool,
}

/// Conditioning of a batch of prompts, `[b, n, 3 hidden]`.
pub(super) struct Conditioning {
    pub(super) positive: Tensor,
    pub(super) negative: Option<Tensor>,
}

/// A FLUX.2-klein model. Its parts are loaded when they are first needed.
pub struct Klein {
    setup: Setup,
    configs: Configs,
    tokenizer: PromptTokenizer,
    text_encoder: Option<Qwen3>,
    transformer: Option<Transformer>,
    autoencoder: Option<Autoencoder>,
    /// The last prompts that were read, the latest at the end.
    read: Vec<ReadPrompts>,
}

/// A batch of prompts with what the text encoder made of it. Alone, a prompt may differ in the last bit.
struct ReadPrompts {
    prompts: Vec<String>,
    length: usize,
    conditioning: Tensor,
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
    /// Reads configuration and tokenizer; weights come later.
    ///
    /// # Errors
    /// If a file is missing or damaged, or parts do not belong together.
    pub fn open(setup: Setup) -> Result<Self> {
        let configs = Configs::read(&setup.folder, &setup.files)?;
        let tokenizer = PromptTokenizer::open(&setup.folder.join("tokenizer"))?;
        Ok(Self {
            setup,
            configs,
            tokenizer,
            text_encoder: None,
            transformer: None,
            autoencoder: None,
            read: Vec::new(),
        })
    }

    /// Before anything is loaded: the number format, and whether the text encoder stays.
    #[must_use]
    pub fn with_dtype(mut self, dtype: DType, keep_text_encoder: bool) -> Self {
        self.setup.dtype = dtype;
        self.setup.keep_text_encoder = keep_text_encoder;
        self
    }

    /// Other changes of the transformer, which is loaded anew when it is next needed.
    pub fn set_loras(&mut self, loras: &[LoraChoice]) {
        if self.setup.loras != loras {
            self.setup.loras = loras.to_vec();
            self.transformer = None;
        }
    }

    /// Changes between runs what does not ask for loading anew.
    pub fn keep_text_encoder(&mut self, keep: bool) {
        self.setup.keep_text_encoder = keep;
    }

    pub(crate) fn loaded(&self) -> Loaded {
        Loaded {
            text_encoder: self.text_encoder.is_some(),
            transformer: self.transformer.is_some(),
            autoencoder: self.autoencoder.is_some(),
        }
    }

    /// Number format of weights and activations.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.setup.dtype
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.setup.device
    }

    pub(super) fn scheduler(&self) -> &scheduler::Config {
        &self.configs.scheduler
    }

    pub(super) fn is_distilled(&self) -> bool {
        self.setup.distilled
    }

    pub(super) fn keeps_references(&self) -> bool {
        self.setup.kv_references
    }

    pub(super) fn latent_channels(&self) -> usize {
        self.configs.autoencoder.latent_channels
    }

    /// The transformer, which [`Self::load_picture_parts`] has loaded.
    pub(super) fn transformer(&self) -> TensorResult<&Transformer> {
        self.transformer
            .as_ref()
            .ok_or_else(|| candle_core::Error::msg("the transformer is not loaded"))
    }

    fn autoencoder(&self) -> TensorResult<&Autoencoder> {
        self.autoencoder
            .as_ref()
            .ok_or_else(|| candle_core::Error::msg("the autoencoder is not loaded"))
    }

    /// Loads the text encoder if it is not there.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_text_encoder(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        if self.text_encoder.is_none() {
            monitor.tell(JobEvent::Stage(Stage::Load));
            let params = self.source().params("text_encoder")?;
            let config = self.configs.text_encoder.clone();
            let encoder =
                Qwen3::load(config, DEPTHS[2], &params).map_err(Error::broken("text encoder"))?;
            self.text_encoder = Some(encoder);
        }
        Ok(())
    }

    pub(super) fn release_text_encoder(&mut self) {
        if !self.setup.keep_text_encoder {
            self.text_encoder = None;
        }
    }

    /// Loads transformer and autoencoder if they are not there.
    ///
    /// # Errors
    /// If their weights are missing or damaged.
    pub fn load_picture_parts(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        if self.transformer.is_none() {
            monitor.tell(JobEvent::Stage(Stage::Load));
            self.load_transformer()?;
        }
        monitor.check()?;
        if self.autoencoder.is_none() {
            let params = self.source().params("vae")?;
            let config = self.configs.autoencoder.clone();
            let autoencoder =
                Autoencoder::load(config, &params).map_err(Error::broken("autoencoder"))?;
            self.autoencoder = Some(autoencoder);
        }
        Ok(())
    }

    pub(super) fn load_transformer(&mut self) -> Result<()> {
        let config = self.configs.transformer.clone();
        let transformer = self
            .source()
            .load_transformer(&self.setup.loras, |params| Transformer::load(config, params))?;
        self.transformer = Some(transformer);
        Ok(())
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
    pub(super) fn recall(&self, prompts: &[&str], length: usize) -> Option<&Tensor> {
        let read = self.read.iter().find(|read| read.length == length && read.prompts == prompts);
        read.map(|read| &read.conditioning)
    }

    /// Keeps the conditioning of prompts, so that the text encoder does not read them again.
    pub(super) fn remember(&mut self, prompts: &[&str], length: usize, conditioning: &Tensor) {
        if self.recall(prompts, length).is_some() {
            return;
        }
        if self.read.len() == MAX_READ {
            self.read.remove(0);
        }
        self.read.push(ReadPrompts {
            prompts: prompts.iter().copied().map(Into::into).collect(),
            length,
            conditioning: conditioning.clone(),
        });
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
        let autoencoder = self.autoencoder()?;
        let pixels = preprocess::to_tensor(image, autoencoder.device())?;
        autoencoder.normalize(&latents::patchify(&autoencoder.encode(&pixels)?)?)
    }

    /// Pixels `[b, 3, 16 h, 16 w]` of packed tokens.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decode(&self, tokens: &Tensor, (h, w): (usize, usize)) -> TensorResult<Tensor> {
        let autoencoder = self.autoencoder()?;
        let patches = autoencoder.denormalize(&latents::unpack(tokens, h, w)?)?;
        autoencoder.decode(&latents::unpatchify(&patches)?)
    }

    /// What a run on this model works on, for the memory plan.
    pub(crate) fn load(&self, image_tokens: u64, text_tokens: u64, pixels: u64) -> Load {
        let channels = &self.configs.autoencoder.block_out_channels;
        Load {
            image_tokens,
            text_tokens,
            pixels,
            width: self.configs.transformer.width() as u64,
            mlp_width: self.configs.transformer.mlp_width() as u64,
            channels: channels.iter().take(2).copied().max().unwrap_or(1) as u64,
        }
    }

    fn source(&self) -> Source<'_> {
        let Setup { folder, files, dtype, device, .. } = &self.setup;
        Source { family: Family::Flux2Klein, folder, files, dtype: *dtype, device }
    }
}
