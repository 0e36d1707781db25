//! The parts of a FLUX.1 model: loading, releasing, and what each does alone.

use std::{path::Path, sync::Arc};

use candle_core::{DType, Device, Result as TensorResult, Tensor};
use models::{
    autoencoders::kl_flux1::{self, Autoencoder},
    flux1::{self, Transformer, latents},
    text_encoders::{
        Tokens,
        clip::{self, Clip},
        t5::{self, T5},
    },
};
use nn::{Params, Probe};

use super::Monitor;
use crate::{
    Error, Family, LoraChoice, PartFiles, Plan, Result, denoise,
    governor::{Load, Outline, Sizes},
    parts::open,
    pipelines::{
        folder::{config, read_config},
        leases::{Component, Parts, Wanted},
        painter::{Painter, Setup},
        readings::Readings,
    },
    prompt::PromptTokenizer,
    scheduler,
};

/// What fills up a prompt for T5 and for CLIP.
const PADDING: [&str; 2] = ["<pad>", "<|endoftext|>"];

/// What the text encoders make of a batch of prompts.
#[derive(Debug, Clone)]
pub struct Conditioning {
    /// Of T5, `[b, n, joint_attention_dim]`.
    pub words: Tensor,
    /// Of CLIP, `[b, pooled_projection_dim]`.
    pub whole: Tensor,
}

/// A FLUX.1 model. Its parts come from a pool when they are needed.
pub struct Flux1 {
    painter: Painter<Transformer, Autoencoder>,
    configs: Configs,
    word_tokenizer: PromptTokenizer,
    whole_tokenizer: PromptTokenizer,
    t5: Option<Arc<T5>>,
    clip: Option<Arc<Clip>>,
    readings: Readings<Conditioning>,
}

struct Configs {
    t5: t5::Config,
    clip: clip::Config,
    transformer: flux1::Config,
    autoencoder: kl_flux1::Config,
    scheduler: scheduler::Config,
}

impl Configs {
    fn read(folder: &Path, files: &PartFiles) -> Result<Self> {
        let place = (Family::Flux1, folder, files);
        let mut configs = Self {
            t5: config(place, "text_encoder_2", t5::Config::parse, t5::Config::infer)?,
            clip: config(place, "text_encoder", clip::Config::parse, clip::Config::infer)?,
            transformer: config(place, "transformer", flux1::Config::parse, flux1::Config::infer)?,
            autoencoder: config(place, "vae", kl_flux1::Config::parse, kl_flux1::Config::infer)?,
            scheduler: read_config(
                &folder.join("scheduler/scheduler_config.json"),
                scheduler::Config::parse,
            )?,
        };
        let is_guided = configs.transformer.guidance_embeds;
        if files.transformer.is_some() && configs.scheduler.use_dynamic_shifting != is_guided {
            // Lent by a folder of the other kind: dev is shifted by the picture's size, schnell never.
            configs.scheduler.use_dynamic_shifting = is_guided;
            configs.scheduler.shift = 1.0;
        }
        let transformer = &configs.transformer;
        let pairs = [
            ("text of", transformer.joint_attention_dim, "T5 text encoder", configs.t5.d_model),
            (
                "a prompt as a whole of",
                transformer.pooled_projection_dim,
                "CLIP text encoder",
                configs.clip.hidden_size,
            ),
            (
                "latents of",
                transformer.in_channels,
                "autoencoder",
                configs.autoencoder.latent_channels * 4,
            ),
        ];
        match pairs.into_iter().find(|(_, wanted, _, given)| wanted != given) {
            None => Ok(configs),
            Some((what, wanted, part, given)) => Err(Error::ModelBroken(format!(
                "the parts in `{}` do not belong together: the transformer reads {what} {wanted} channels, the {part} gives {given}",
                folder.display()
            ))),
        }
    }
}

impl Flux1 {
    /// Reads configuration and tokenizers; weights come later, into a pool of its own.
    ///
    /// # Errors
    /// If a file is missing or damaged, or parts do not belong together.
    pub fn open(setup: Setup) -> Result<Self> {
        Self::open_in(setup, Arc::default())
    }

    /// As [`Self::open`], with weights that go through `parts`.
    pub(crate) fn open_in(setup: Setup, parts: Arc<Parts>) -> Result<Self> {
        let configs = Configs::read(&setup.folder, &setup.files)?;
        let tokenizer = |name: &str, padding: &str| {
            PromptTokenizer::open_padding_by(&setup.folder.join(name), padding)
        };
        Ok(Self {
            word_tokenizer: tokenizer("tokenizer_2", PADDING[0])?,
            whole_tokenizer: tokenizer("tokenizer", PADDING[1])?,
            painter: Painter::new(Family::Flux1, setup, parts),
            configs,
            t5: None,
            clip: None,
            readings: Readings::default(),
        })
    }

    /// How the next run is carried out, and with which changes of the transformer.
    pub(crate) fn prepare(&mut self, plan: Plan, loras: &[LoraChoice]) {
        self.painter.prepare(plan, loras);
    }

    /// Gives all parts back to the pool, which may let go of them.
    pub(crate) fn give_back(&mut self) {
        (self.t5, self.clip) = (None, None);
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

    pub(super) fn latent_channels(&self) -> usize {
        self.configs.autoencoder.latent_channels
    }

    /// The transformer, which [`Self::load_picture_parts`] has loaded.
    pub(super) fn transformer(&self) -> TensorResult<&Transformer> {
        self.painter.transformer()
    }

    /// Prompts that were read not long ago.
    pub(super) fn readings(&mut self) -> &mut Readings<Conditioning> {
        &mut self.readings
    }

    /// Loads what reads if it is not there.
    ///
    /// # Errors
    /// If weights are missing or damaged.
    pub fn load_text_encoders(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        if self.clip.is_none() || self.t5.is_none() {
            self.painter.make_room();
        }
        self.load_clip(monitor)?;
        monitor.check()?;
        self.load_t5(monitor)
    }

    /// Loads what reads a prompt as a whole if it is not there.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_clip(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        let load = |params: &Params| Clip::load(self.configs.clip.clone(), params);
        self.painter.leases.fill(&mut self.clip, &Wanted::whole(Component::Clip), monitor, load)
    }

    /// Loads what reads word by word if it is not there.
    ///
    /// # Errors
    /// If its weights are missing or damaged.
    pub fn load_t5(&mut self, monitor: &mut Monitor<'_>) -> Result<()> {
        let load = |params: &Params| T5::load(self.configs.t5.clone(), params);
        let wanted = Wanted { component: Component::T5, loras: &[], reads: &t5::is_read };
        self.painter.leases.fill(&mut self.t5, &wanted, monitor, load)
    }

    pub(super) fn release_text_encoders(&mut self) {
        if self.painter.leases.plan.is_some() {
            (self.t5, self.clip) = (None, None);
            self.painter.leases.drop_if_planned(Component::T5);
            self.painter.leases.drop_if_planned(Component::Clip);
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

    /// Padded tokens of prompts, for T5 and for CLIP.
    ///
    /// # Errors
    /// If a tokenizer refuses the text.
    pub fn tokenize(&self, prompts: &[&str], length: usize) -> Result<[Tokens; 2]> {
        let whole_length = self.configs.clip.max_position_embeddings;
        Ok([
            self.word_tokenizer.encode_marked(prompts, length)?,
            self.whole_tokenizer.encode_marked(prompts, whole_length)?,
        ])
    }

    /// Conditioning of prompts; the text encoders are loaded.
    ///
    /// # Errors
    /// If the computation fails or gives no numbers.
    pub fn encode(
        &self,
        prompts: &[&str],
        length: usize,
        probe: &mut dyn Probe,
    ) -> Result<Conditioning> {
        let failed = Error::compute("encode");
        let (Some(t5), Some(clip)) = (&self.t5, &self.clip) else {
            return Err(failed(candle_core::Error::msg("the text encoders are not loaded")));
        };
        let [words, whole] = self.tokenize(prompts, length)?;
        let whole = clip.pooled(&whole).map_err(&failed)?;
        denoise::check_numbers(&whole, "CLIP text encoder")?;
        let words = t5.hidden_states(&words, probe).map_err(&failed)?;
        denoise::check_numbers(&words, "T5 text encoder")?;
        Ok(Conditioning { words, whole })
    }

    /// Pixels `[b, 3, 16 h, 16 w]` of packed tokens.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decode(&self, tokens: &Tensor, (h, w): (usize, usize)) -> TensorResult<Tensor> {
        let autoencoder = self.painter.autoencoder()?;
        autoencoder.decode(&latents::unpatchify(&latents::unpack(tokens, h, w)?)?)
    }
}

/// What a model takes and works with, from configurations and the headers of its files.
///
/// # Errors
/// If a file is missing or damaged.
pub(crate) fn outline(folder: &Path, files: &PartFiles) -> Result<Outline> {
    let configs = Configs::read(folder, files)?;
    let open = |component: &str| open(Family::Flux1, folder, files, component);
    let painter = open("transformer")?;
    let sizes = Sizes {
        text_encoder: open("text_encoder_2")?.byte_count_of(t5::is_read),
        transformer: painter.byte_count(),
        autoencoder: open("vae")?.parameter_count(),
        pooled_text_encoder: open("text_encoder")?.parameter_count(),
    };
    let (words, transformer) = (&configs.t5, &configs.transformer);
    let channels = &configs.autoencoder.block_out_channels;
    let load = Load {
        text_width: words.d_model as u64,
        text_inner: words.d_ff as u64,
        text_heads: words.num_heads as u64,
        text_blocks: words.num_layers as u64,
        width: transformer.width() as u64,
        mlp_width: transformer.mlp_width() as u64,
        heads: transformer.num_attention_heads as u64,
        blocks: (transformer.num_layers * 2 + transformer.num_single_layers) as u64,
        channels: channels.iter().take(2).copied().max().unwrap_or(1) as u64,
        ..Load::default()
    };
    Ok(Outline::new((sizes, painter.parameter_count()), load, folder, files))
}
