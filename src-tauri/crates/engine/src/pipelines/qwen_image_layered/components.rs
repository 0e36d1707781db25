//! The parts of a Qwen-Image-Layered model: loading, releasing, and what each does alone.

use std::{path::Path, sync::Arc};

use candle_core::{DType, Device, Result as TensorResult, Tensor};
use models::{
    autoencoders::kl_qwen_image::{self, Autoencoder},
    qwen_image_layered::{self, Transformer},
    text_encoders::{
        Tokens,
        qwen2_5_vl::{self, Caption, GenerationConfig, PatchGrid, Qwen25Vl},
    },
};
use nn::{Params, Probe, Unwatched};

use super::{
    CaptionLanguage, Monitor,
    caption::{self, ProcessorConfig},
};
use crate::{
    Error, Family, Image, LoraChoice, PartFiles, Plan, Result, denoise,
    governor::{Load, Outline, Sizes},
    parts::open,
    pipelines::{
        folder::{config, read_config},
        leases::{Component, Parts, Wanted},
        painter::{Painter, Setup},
    },
    preprocess,
    prompt::PromptTokenizer,
    scheduler,
};

/// The chat template; `{}` is the prompt.
const TEMPLATE: &str = include_str!("template.txt");
/// Tokens of the template before the prompt, which the transformer does not see.
const TEMPLATE_TOKENS: usize = 34;
/// The longest caption, in tokens.
const MAX_CAPTION_TOKENS: usize = 512;

/// Conditioning of the prompt and of its negative, `[1, n, hidden]`.
pub(super) struct Conditioning {
    pub(super) positive: Tensor,
    pub(super) negative: Option<Tensor>,
}

/// A Qwen-Image-Layered model. Its parts come from a pool when they are needed.
pub struct Layered {
    painter: Painter<Transformer, Autoencoder>,
    configs: Configs,
    tokenizer: PromptTokenizer,
    text_encoder: Option<(Component, Arc<Qwen25Vl>)>,
}

struct Configs {
    text_encoder: qwen2_5_vl::Config,
    generation: GenerationConfig,
    processor: ProcessorConfig,
    transformer: qwen_image_layered::Config,
    autoencoder: kl_qwen_image::Config,
    scheduler: scheduler::Config,
}

impl Configs {
    fn read(folder: &Path, files: &PartFiles) -> Result<Self> {
        let place = (Family::QwenImageLayered, folder, files);
        let configs = Self {
            text_encoder: read_config(
                &folder.join("text_encoder/config.json"),
                qwen2_5_vl::Config::parse,
            )?,
            generation: read_config(
                &folder.join("text_encoder/generation_config.json"),
                GenerationConfig::parse,
            )?,
            processor: read_config(
                &folder.join("processor/preprocessor_config.json"),
                ProcessorConfig::parse,
            )?,
            transformer: config(
                place,
                "transformer",
                qwen_image_layered::Config::parse,
                qwen_image_layered::Config::infer,
            )?,
            autoencoder: read_config(
                &folder.join("vae/config.json"),
                kl_qwen_image::Config::parse,
            )?,
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
        let hidden = configs.text_encoder.text.hidden_size;
        if configs.transformer.joint_attention_dim != hidden {
            return disagree(format!(
                "the transformer reads text of {} channels, the text encoder gives {hidden}",
                configs.transformer.joint_attention_dim
            ));
        }
        let channels = configs.autoencoder.z_dim;
        if configs.transformer.out_channels != channels {
            return disagree(format!(
                "the transformer paints latents of {} channels, the autoencoder reads {channels}",
                configs.transformer.out_channels
            ));
        }
        if configs.processor.patch_values() != configs.text_encoder.vision.patch_values() {
            return disagree("the processor cuts other patches than the text encoder sees".into());
        }
        Ok(configs)
    }
}

impl Layered {
    /// Reads configuration and tokenizer; weights come later, into a pool of its own.
    ///
    /// # Errors
    /// If a file is missing or damaged, or parts do not belong together.
    pub fn open(setup: Setup) -> Result<Self> {
        Self::open_in(setup, Arc::default())
    }

    /// As [`Self::open`], with weights that go through `parts`.
    pub(crate) fn open_in(setup: Setup, parts: Arc<Parts>) -> Result<Self> {
        let configs = Configs::read(&setup.folder, &setup.files)?;
        let tokenizer = PromptTokenizer::open(&setup.folder.join("tokenizer"))?;
        Ok(Self {
            painter: Painter::new(Family::QwenImageLayered, setup, parts),
            configs,
            tokenizer,
            text_encoder: None,
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

    pub(in crate::pipelines) fn latent_channels(&self) -> usize {
        self.configs.autoencoder.z_dim
    }

    /// The transformer, which [`Self::load_picture_parts`] has loaded.
    pub(super) fn transformer(&self) -> TensorResult<&Transformer> {
        self.painter.transformer()
    }

    fn text_encoder(&self) -> TensorResult<&Qwen25Vl> {
        self.text_encoder
            .as_ref()
            .map(|(_, model)| model.as_ref())
            .ok_or_else(|| candle_core::Error::msg("the text encoder is not loaded"))
    }

    /// Loads the text encoder if it is not there, with its vision tower if it has to see.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_text_encoder(&mut self, to_see: bool, monitor: &mut Monitor<'_>) -> Result<()> {
        let seeing = Component::SeeingTextEncoder;
        let component = if to_see { seeing } else { Component::TextEncoder };
        match &self.text_encoder {
            Some((loaded, _)) if *loaded == component || *loaded == seeing => return Ok(()),
            _ => self.text_encoder = None,
        }
        self.painter.make_room();
        let reads = |name: &str| to_see || !qwen2_5_vl::is_of_vision(name);
        let wanted = Wanted { component, loras: &[], reads: &reads };
        let config = self.configs.text_encoder.clone();
        let load = |params: &Params| Qwen25Vl::load(config, to_see, params);
        self.text_encoder = Some((component, self.painter.leases.lease(&wanted, monitor, load)?));
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

    /// Tokens of prompts in the chat template, padded to the longest.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn tokenize(&self, prompts: &[&str]) -> Result<Tokens> {
        let texts: Vec<String> =
            prompts.iter().map(|prompt| TEMPLATE.replacen("{}", prompt, 1)).collect();
        self.tokenizer.encode_whole(&texts)
    }

    /// Conditioning of a prompt, `[1, n, hidden]` with at most `length` tokens; the text encoder is
    /// loaded.
    ///
    /// # Errors
    /// If the computation fails or gives no numbers.
    pub fn encode_prompt(&self, prompt: &str, length: usize) -> Result<Tensor> {
        let failed = Error::compute("encode");
        let states = self.encode_tokens(&self.tokenize(&[prompt])?, &mut Unwatched)?;
        let count = states.dim(1).map_err(&failed)?.saturating_sub(TEMPLATE_TOKENS);
        if count == 0 {
            return Err(Error::ModelBroken(
                "the tokenizer does not fit the model: its template is too short".into(),
            ));
        }
        states
            .narrow(1, TEMPLATE_TOKENS, count.min(length.max(1)))
            .and_then(|states| states.contiguous())
            .map_err(failed)
    }

    /// The last hidden states of all tokens, `[b, n, hidden]`.
    ///
    /// # Errors
    /// If the computation fails or gives no numbers.
    pub fn encode_tokens(&self, tokens: &Tokens, probe: &mut dyn Probe) -> Result<Tensor> {
        let failed = Error::compute("encode");
        let states = self
            .text_encoder()
            .and_then(|encoder| encoder.hidden_states(tokens, probe))
            .map_err(failed)?;
        denoise::check_numbers(&states, "text encoder")?;
        Ok(states)
    }

    /// The picture as the vision tower takes it: patches and their grid.
    ///
    /// # Errors
    /// If the picture is too long.
    pub fn patches(&self, image: &Image) -> Result<(Tensor, PatchGrid)> {
        self.configs.processor.patches(image, self.device())
    }

    /// The tokens of the question what is in a picture.
    ///
    /// # Errors
    /// If the tokenizer refuses it.
    pub fn question(&self, language: CaptionLanguage, grid: PatchGrid) -> Result<Vec<u32>> {
        self.tokenizer.ids(&caption::question(language, grid))
    }

    /// What the model sees; the text encoder is loaded with its vision tower.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when asked to; or if the computation fails.
    pub fn caption(
        &self,
        image: &Image,
        language: CaptionLanguage,
        monitor: &Monitor<'_>,
    ) -> Result<String> {
        let ids =
            self.caption_tokens(image, language, MAX_CAPTION_TOKENS, monitor, &mut Unwatched)?;
        Ok(self.tokenizer.text(&ids)?.trim().to_owned())
    }

    /// As [`Self::caption`], as at most `most` tokens.
    ///
    /// # Errors
    /// As [`Self::caption`].
    pub fn caption_tokens(
        &self,
        image: &Image,
        language: CaptionLanguage,
        most: usize,
        monitor: &Monitor<'_>,
        probe: &mut dyn Probe,
    ) -> Result<Vec<u32>> {
        let failed = Error::compute("encode");
        let (patches, grid) = self.patches(image)?;
        let ids = self.question(language, grid)?;
        let caption = Caption { ids: &ids, patches: &patches, grid, max_new_tokens: most };
        let goes_on = &mut || monitor.check().is_ok();
        let written = self
            .text_encoder()
            .and_then(|encoder| {
                encoder.write_caption(&caption, &self.configs.generation, goes_on, probe)
            })
            .map_err(failed)?;
        monitor.check()?;
        Ok(written)
    }

    /// The text of tokens, without special ones.
    ///
    /// # Errors
    /// If a token is unknown.
    pub fn text(&self, ids: &[u32]) -> Result<String> {
        self.tokenizer.text(ids)
    }

    /// A picture as the transformer sees it, `[1, channels, h / 8, w / 8]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn encode_image(&self, image: &Image) -> TensorResult<Tensor> {
        let autoencoder = self.painter.autoencoder()?;
        let pixels = preprocess::rgba_to_tensor(image, autoencoder.device())?;
        autoencoder.normalize(&autoencoder.encode(&pixels)?)
    }

    /// RGBA pixels `[b, 4, 8 h, 8 w]` from −1 to 1 of latents `[b, channels, h, w]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decode(&self, latents: &Tensor) -> TensorResult<Tensor> {
        let autoencoder = self.painter.autoencoder()?;
        autoencoder.decode(&autoencoder.denormalize(latents)?)
    }
}

/// What a model takes and works with, from configurations and the headers of its files.
///
/// # Errors
/// If a file is missing or damaged.
pub(crate) fn outline(folder: &Path, files: &PartFiles) -> Result<Outline> {
    let configs = Configs::read(folder, files)?;
    let open = |component: &str| open(Family::QwenImageLayered, folder, files, component);
    let (text, transformer) = (&configs.text_encoder.text, &configs.transformer);
    let width = transformer.width() as u64;
    let painter = open("transformer")?;
    let sizes = Sizes {
        text_encoder: open("text_encoder")?.byte_count(),
        transformer: painter.byte_count(),
        autoencoder: open("vae")?.parameter_count(),
        ..Sizes::default()
    };
    let load = Load {
        text_width: text.hidden_size as u64,
        text_inner: text.intermediate_size as u64,
        text_heads: text.num_attention_heads as u64,
        text_blocks: text.num_hidden_layers as u64,
        width,
        mlp_width: 4 * width,
        heads: transformer.num_attention_heads as u64,
        blocks: 2 * transformer.num_layers as u64,
        channels: configs.autoencoder.base_dim as u64 * 2,
        ..Load::default()
    };
    Ok(Outline::new((sizes, painter.parameter_count()), load, folder, files))
}
