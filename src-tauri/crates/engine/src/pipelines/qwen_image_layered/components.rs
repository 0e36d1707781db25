//! The parts of a Qwen-Image-Layered model: loading, releasing, and what each does alone.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result as TensorResult, Tensor};
use models::{
    autoencoders::kl_qwen_image::{self, Autoencoder},
    qwen_image_layered::{self, Transformer},
    text_encoders::{
        Tokens,
        qwen2_5_vl::{self, Caption, GenerationConfig, PatchGrid, Qwen25Vl},
    },
};
use nn::{Probe, Unwatched};

use super::{
    CaptionLanguage, Monitor,
    caption::{self, ProcessorConfig},
};
use crate::{
    Error, Family, Image, JobEvent, LoraChoice, PartFiles, Result, Stage, denoise,
    memory_plan::Load,
    pipelines::folder::{Loaded, Source, config, read_config},
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

/// How a model is to be run.
#[derive(Debug, Clone)]
pub struct LayeredSetup {
    /// In diffusers layout.
    pub folder: PathBuf,
    /// Files that stand in for parts of it.
    pub files: PartFiles,
    /// Changes of the transformer.
    pub loras: Vec<LoraChoice>,
    /// Number format of weights and activations.
    pub dtype: DType,
    /// Where it computes.
    pub device: Device,
    /// Whether the text encoder stays loaded after encoding.
    pub keep_text_encoder: bool,
}

/// Conditioning of the prompt and of its negative, `[1, n, hidden]`.
pub(super) struct Conditioning {
    pub(super) positive: Tensor,
    pub(super) negative: Option<Tensor>,
}

/// A Qwen-Image-Layered model. Its parts are loaded when they are first needed.
pub struct Layered {
    setup: LayeredSetup,
    configs: Configs,
    tokenizer: PromptTokenizer,
    text_encoder: Option<TextEncoder>,
    transformer: Option<Transformer>,
    autoencoder: Option<Autoencoder>,
}

struct TextEncoder {
    model: Qwen25Vl,
    can_see: bool,
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
    /// Reads configuration and tokenizer; weights come later.
    ///
    /// # Errors
    /// If a file is missing or damaged, or parts do not belong together.
    pub fn open(setup: LayeredSetup) -> Result<Self> {
        let configs = Configs::read(&setup.folder, &setup.files)?;
        let tokenizer = PromptTokenizer::open(&setup.folder.join("tokenizer"))?;
        Ok(Self {
            setup,
            configs,
            tokenizer,
            text_encoder: None,
            transformer: None,
            autoencoder: None,
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

    pub(super) fn latent_channels(&self) -> usize {
        self.configs.autoencoder.z_dim
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

    fn text_encoder(&self) -> TensorResult<&Qwen25Vl> {
        self.text_encoder
            .as_ref()
            .map(|encoder| &encoder.model)
            .ok_or_else(|| candle_core::Error::msg("the text encoder is not loaded"))
    }

    /// Loads the text encoder if it is not there, with its vision tower if it has to see.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_text_encoder(&mut self, to_see: bool, monitor: &mut Monitor<'_>) -> Result<()> {
        if self.text_encoder.as_ref().is_some_and(|encoder| encoder.can_see || !to_see) {
            return Ok(());
        }
        monitor.tell(JobEvent::Stage(Stage::Load));
        self.text_encoder = None;
        let params = self.source().params("text_encoder")?;
        let config = self.configs.text_encoder.clone();
        let model =
            Qwen25Vl::load(config, to_see, &params).map_err(Error::broken("text encoder"))?;
        self.text_encoder = Some(TextEncoder { model, can_see: to_see });
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
            let config = self.configs.transformer.clone();
            let transformer = self
                .source()
                .load_transformer(&self.setup.loras, |params| Transformer::load(config, params))?;
            self.transformer = Some(transformer);
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
        let autoencoder = self.autoencoder()?;
        let pixels = preprocess::rgba_to_tensor(image, autoencoder.device())?;
        autoencoder.normalize(&autoencoder.encode(&pixels)?)
    }

    /// RGBA pixels `[b, 4, 8 h, 8 w]` from −1 to 1 of latents `[b, channels, h, w]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decode(&self, latents: &Tensor) -> TensorResult<Tensor> {
        let autoencoder = self.autoencoder()?;
        autoencoder.decode(&autoencoder.denormalize(latents)?)
    }

    /// What a run on this model works on, for the memory plan.
    pub(crate) fn load(&self, image_tokens: u64, text_tokens: u64, pixels: u64) -> Load {
        let width = self.configs.transformer.width() as u64;
        let autoencoder = &self.configs.autoencoder;
        Load {
            image_tokens,
            text_tokens,
            pixels,
            width,
            mlp_width: 4 * width,
            channels: autoencoder.base_dim as u64 * 2,
        }
    }

    fn source(&self) -> Source<'_> {
        let LayeredSetup { folder, files, dtype, device, .. } = &self.setup;
        Source { family: Family::QwenImageLayered, folder, files, dtype: *dtype, device }
    }
}
