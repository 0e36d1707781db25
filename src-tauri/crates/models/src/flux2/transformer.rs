//! The network: one forward pass predicts the velocity of every image token.
//!
//! Method: Black Forest Labs' FLUX.2; tensor names and order of operations as in diffusers'
//! `Flux2Transformer2DModel` 0.42.

use candle_core::{D, DType, Device, Result, Tensor};
use nn::{LayerNorm, Linear, Params, Probe, Recordings, Unwatched, rotary::Table, silu};

use crate::{streams::Modulation, timestep::sinusoid};

use super::{
    Config,
    block::{DoubleBlock, KeyValue, Place, References, SingleBlock},
    influence::{Influence, Layout, ReferenceRun},
    latents::Position,
    step_cache::StepCache,
};

/// What one forward pass reads.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Image-side tokens, `[b, n, in_channels]`: the picture, then references (before it when extracting).
    pub hidden_states: &'a Tensor,
    /// The prompt's conditioning, `[b, l, joint_attention_dim]`.
    pub encoder_hidden_states: &'a Tensor,
    /// How noisy each row is, `[b]` in f32, from 0 to 1.
    pub timestep: &'a Tensor,
    /// Positions of text, then of image-side tokens.
    pub rope: &'a Table,
    /// The references in order and how much of each is taken; none where that is left as it is.
    pub references: &'a [ReferenceRun],
}

/// Keys and values of reference tokens in every block.
#[derive(Debug, Default)]
pub struct ReferenceCache {
    double: Vec<KeyValue>,
    single: Vec<KeyValue>,
}

/// The FLUX.2 transformer.
pub struct Transformer {
    config: Config,
    timestep_in: Linear,
    timestep_out: Linear,
    modulation_image: Linear,
    modulation_text: Linear,
    modulation_single: Linear,
    x_embedder: Linear,
    context_embedder: Linear,
    double_blocks: Vec<DoubleBlock>,
    single_blocks: Vec<SingleBlock>,
    norm_out: LayerNorm,
    norm_out_linear: Linear,
    proj_out: Linear,
    recordings: Recordings,
    dtype: DType,
    device: Device,
}

/// What all blocks of a pass read beside tokens.
struct Stack<'a> {
    rope: &'a Table,
    influence: Influence,
    image_modulation: Vec<Modulation>,
    text_modulation: Vec<Modulation>,
    single_modulation: Vec<Modulation>,
    text_length: usize,
    /// Tokens at the start of the image stream that nobody asks for.
    left_out: usize,
}

impl<'a> Stack<'a> {
    /// Modulations, `[b, 1 or n, parts · width]`, are those of image, text, and both in one stream.
    fn new(
        rope: &'a Table,
        influence: Influence,
        [image, text, both]: [&Tensor; 3],
        text_length: usize,
    ) -> Result<Self> {
        Ok(Self {
            rope,
            influence,
            image_modulation: Modulation::split(image, 2)?,
            text_modulation: Modulation::split(text, 2)?,
            single_modulation: Modulation::split(both, 1)?,
            text_length,
            left_out: 0,
        })
    }
}

impl Transformer {
    /// Loads all blocks.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: Config, params: &Params) -> Result<Self> {
        let width = config.width();
        let embedder = params.at("time_guidance_embed.timestep_embedder");
        let modulation = |name: &str, parts: usize| {
            Linear::load(&params.at(name).at("linear"), width, parts * width)
        };
        let blocks = params.at("transformer_blocks");
        let single_blocks = params.at("single_transformer_blocks");
        Ok(Self {
            timestep_in: Linear::load(
                &embedder.at("linear_1"),
                config.timestep_guidance_channels,
                width,
            )?,
            timestep_out: Linear::load(&embedder.at("linear_2"), width, width)?,
            modulation_image: modulation("double_stream_modulation_img", 6)?,
            modulation_text: modulation("double_stream_modulation_txt", 6)?,
            modulation_single: modulation("single_stream_modulation", 3)?,
            x_embedder: Linear::load(&params.at("x_embedder"), config.in_channels, width)?,
            context_embedder: Linear::load(
                &params.at("context_embedder"),
                config.joint_attention_dim,
                width,
            )?,
            double_blocks: (0..config.num_layers)
                .map(|index| DoubleBlock::load(&blocks.at(index), &config))
                .collect::<Result<_>>()?,
            single_blocks: (0..config.num_single_layers)
                .map(|index| SingleBlock::load(&single_blocks.at(index), &config))
                .collect::<Result<_>>()?,
            norm_out: LayerNorm::new(config.eps),
            norm_out_linear: Linear::load(&params.at("norm_out.linear"), width, 2 * width)?,
            proj_out: Linear::load(&params.at("proj_out"), width, config.out_channels())?,
            recordings: Recordings::default(),
            dtype: params.dtype(),
            device: params.device().clone(),
            config,
        })
    }

    /// The numbers it was built from.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The number format of weights and activations.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Rotary tables for tokens at `positions`.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn rope(&self, positions: &[Position]) -> Result<Table> {
        Table::new(positions, self.config.axes_dims_rope, self.config.rope_theta, &self.device)
    }

    /// Velocity of every image-side token, `[b, n, out_channels]`: everything sees everything.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward(&self, inputs: &Inputs<'_>, probe: &mut dyn Probe) -> Result<Tensor> {
        self.forward_reusing(inputs, None, probe)
    }

    /// As [`Self::forward`], with what an earlier step left.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_reusing(
        &self,
        inputs: &Inputs<'_>,
        reuse: Option<&mut StepCache>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let references = [References::Joint, References::Joint];
        self.run(inputs, references, (Layout::Joint, None), reuse, probe)
    }

    /// As [`Self::forward`] for `[references | image]`; references see only each other at time 0.
    /// Velocity of the image tokens alone, and what later steps need of the references. It is a run's
    /// first step: `reuse` gets what it adds.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_extract(
        &self,
        inputs: &Inputs<'_>,
        count: usize,
        reuse: Option<&mut StepCache>,
        probe: &mut dyn Probe,
    ) -> Result<(Tensor, ReferenceCache)> {
        let mut cache = ReferenceCache::default();
        let references = [
            References::Extract { count, cache: &mut cache.double },
            References::Extract { count, cache: &mut cache.single },
        ];
        let layout = (Layout::Extract, Some(count));
        let velocity = self.run(inputs, references, layout, reuse, probe)?;
        Ok((velocity, cache))
    }

    /// As [`Self::forward`] for image tokens alone; references come from `cache`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn forward_cached(
        &self,
        inputs: &Inputs<'_>,
        cache: &ReferenceCache,
        reuse: Option<&mut StepCache>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let references = [
            References::Cached { cache: &cache.double },
            References::Cached { cache: &cache.single },
        ];
        self.run(inputs, references, (Layout::Cached, None), reuse, probe)
    }

    fn run(
        &self,
        inputs: &Inputs<'_>,
        references: [References<'_>; 2],
        (layout, extracted): (Layout, Option<usize>),
        reuse: Option<&mut StepCache>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let temb = self.embed_time(inputs.timestep)?; // [b, width]
        probe.see("temb", &temb)?;
        let time = silu(&temb)?;
        let image_modulation = self.modulation_image.forward(&time)?;
        let text_modulation = self.modulation_text.forward(&time)?;
        let single_modulation = self.modulation_single.forward(&time)?;
        probe.see("mod_img", &image_modulation)?;
        probe.see("mod_txt", &text_modulation)?;
        probe.see("mod_single", &single_modulation)?;

        let image = self.x_embedder.forward(&inputs.hidden_states.to_dtype(self.dtype)?)?;
        let text =
            self.context_embedder.forward(&inputs.encoder_hidden_states.to_dtype(self.dtype)?)?;
        probe.see("x_embedder", &image)?;
        probe.see("context_embedder", &text)?;
        let (text_length, image_length) = (text.dim(1)?, image.dim(1)?);
        let own_length = match layout {
            Layout::Cached => image_length,
            Layout::Joint | Layout::Extract => {
                image_length.saturating_sub(inputs.references.iter().map(|run| run.count).sum())
            }
        };
        let influence =
            Influence::new(layout, inputs.references, (text_length, own_length), &self.device)?;

        let mut image_modulation = image_modulation.unsqueeze(1)?;
        let mut single_modulation = single_modulation.unsqueeze(1)?;
        if let Some(count) = extracted {
            let still = silu(&self.embed_time(&inputs.timestep.zeros_like()?)?)?;
            let rest = image_length - count;
            let clean = self.modulation_image.forward(&still)?.unsqueeze(1)?;
            image_modulation = spread(&[(&clean, count), (&image_modulation, rest)])?;
            let clean = self.modulation_single.forward(&still)?.unsqueeze(1)?;
            single_modulation = spread(&[
                (&single_modulation, text_length),
                (&clean, count),
                (&single_modulation, rest),
            ])?;
        }
        let modulations = [&image_modulation, &text_modulation.unsqueeze(1)?, &single_modulation];

        let is_repeatable = matches!(layout, Layout::Joint) && influence.is_none();
        let image = if is_repeatable && reuse.is_none() && !probe.is_watching() {
            self.repeated_blocks([&image, &text], modulations, inputs.rope)?
        } else {
            let stack = Stack {
                left_out: extracted.unwrap_or(0),
                ..Stack::new(inputs.rope, influence, modulations, text_length)?
            };
            self.blocks((image, text), &stack, references, reuse, probe)?
        };
        let modulation = self.norm_out_linear.forward(&time)?.unsqueeze(1)?.chunk(2, D::Minus1)?;
        // Scale stands before shift here, unlike in the blocks.
        let image = self.norm_out.modulate(&image, &modulation[1], &modulation[0])?;
        probe.see("norm_out", &image)?;
        let velocity = self.proj_out.forward(&image)?;
        probe.see("output", &velocity)?;
        Ok(velocity)
    }

    /// All blocks where everything sees everything, from a recording if the card has one.
    fn repeated_blocks(
        &self,
        [image, text]: [&Tensor; 2],
        [of_image, of_text, of_both]: [&Tensor; 3],
        rope: &Table,
    ) -> Result<Tensor> {
        let inputs = [image, text, of_image, of_text, of_both, &rope.cos, &rope.sin];
        self.recordings.run(&inputs, &|inputs| {
            let [image, text, of_image, of_text, of_both, cos, sin] = inputs else {
                candle_core::bail!("seven inputs, not {}", inputs.len());
            };
            let rope = Table { cos: cos.clone(), sin: sin.clone() };
            let modulations = [of_image, of_text, of_both];
            let stack = Stack::new(&rope, Influence::default(), modulations, text.dim(1)?)?;
            let references = [References::Joint, References::Joint];
            let tokens = (image.clone(), text.clone());
            self.blocks(tokens, &stack, references, None, &mut Unwatched)
        })
    }

    /// All blocks: the image's tokens behind them, but for those that are left out.
    fn blocks(
        &self,
        (mut image, mut text): (Tensor, Tensor),
        stack: &Stack<'_>,
        [mut double_references, mut single_references]: [References<'_>; 2],
        mut reuse: Option<&mut StepCache>,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let place = |index| Place {
            rope: stack.rope,
            text_length: stack.text_length,
            index,
            influence: &stack.influence,
        };
        let kept = |tokens: &Tensor, start: usize| -> Result<Tensor> {
            tokens.narrow(1, start, tokens.dim(1)? - start)?.contiguous()
        };
        let mut watched = None;
        let modulation = (stack.image_modulation.as_slice(), stack.text_modulation.as_slice());
        for (index, block) in self.double_blocks.iter().enumerate() {
            let references = &mut double_references;
            let out = block.forward(&image, &text, modulation, place(index), references)?;
            probe.see(&format!("double.{index}.attn_img"), &out.image_attention)?;
            probe.see(&format!("double.{index}.attn_txt"), &out.text_attention)?;
            probe.see(&format!("double.{index}.img"), &out.image)?;
            probe.see(&format!("double.{index}.txt"), &out.text)?;
            if let (0, Some(cache)) = (index, reuse.as_deref_mut()) {
                let [before, after] = [&image, &out.image].map(|all| kept(all, stack.left_out));
                match cache.recall(&before?, after?)? {
                    Ok(end) => return Ok(end),
                    Err(first) => watched = Some(first),
                }
            }
            (image, text) = (out.image, out.text);
        }
        let mut joint = Tensor::cat(&[&text, &image], 1)?;
        for (index, block) in self.single_blocks.iter().enumerate() {
            let modulation = &stack.single_modulation[0];
            joint = block.forward(&joint, modulation, place(index), &mut single_references)?;
            probe.see(&format!("single.{index}"), &joint)?;
        }
        let image = kept(&joint, stack.text_length + stack.left_out)?;
        if let (Some(cache), Some(watched)) = (reuse, watched) {
            cache.remember(watched, &image)?;
        }
        Ok(image)
    }

    /// `[b]` from 0 to 1 to `[b, width]`.
    fn embed_time(&self, timestep: &Tensor) -> Result<Tensor> {
        let channels = self.config.timestep_guidance_channels;
        let times = (timestep.to_dtype(DType::F32)? * 1000.0)?.to_vec1::<f32>()?;
        let sinusoid = sinusoid(&times, channels, |time, frequency| time * frequency);
        let sinusoid = Tensor::from_vec(sinusoid, (times.len(), channels), &self.device)?
            .to_dtype(self.dtype)?;
        self.timestep_out.forward(&silu(&self.timestep_in.forward(&sinusoid)?)?)
    }
}

/// One modulation for each token: runs of `count` tokens that share a `[b, 1, m]`.
fn spread(runs: &[(&Tensor, usize)]) -> Result<Tensor> {
    let parts = runs
        .iter()
        .map(|(modulation, count)| modulation.repeat((1, *count, 1)))
        .collect::<Result<Vec<_>>>()?;
    Tensor::cat(&parts, 1)
}
