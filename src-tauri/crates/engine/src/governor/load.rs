//! What a run works on, and what that takes in memory and operations.

use std::path::Path;

use weights::{Stamp, stamp};

use super::plan::{Sizes, Work};
use crate::{
    Decomposition, Family, MAX_SIDE, Model, PartFiles, Precision, Request, Size, Task, preprocess,
};

/// References are scaled to at most this many pixels.
const MEGAPIXEL: u64 = 1 << 20;
/// Pixels under a token of the transformer.
const TOKEN_PIXELS: u64 = 256;
/// Attention scores that are held at once.
const SCORES: u64 = nn::attention::MAX_SCORES as u64;

/// Bytes of a band of a convolution, and how many are held at once.
const BAND: u64 = 32 << 20;
const BANDS: u64 = 5;

/// Bytes of a transformer that takes long on a processor.
const LARGE: u64 = 1 << 30;

/// A model's sizes, by its files' headers.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    pub(crate) sizes: Sizes,
    /// Of no run yet.
    pub(crate) load: Load,
    /// Whether the transformer is large, and stored in 16 bits or less: nobody misses more of it.
    pub(crate) is_coarse: bool,
    pub(crate) stamps: Vec<Option<Stamp>>,
}

impl Outline {
    pub(crate) fn new(
        (sizes, parameters): (Sizes, u64),
        load: Load,
        folder: &Path,
        files: &PartFiles,
    ) -> Self {
        let is_coarse = sizes.transformer > LARGE && sizes.transformer < parameters * 3;
        Self { sizes, load, is_coarse, stamps: stamps(folder, files) }
    }

    /// Whether the files are still those that were read.
    pub(crate) fn is_current(&self, folder: &Path, files: &PartFiles) -> bool {
        self.stamps == stamps(folder, files)
    }
}

fn stamps(folder: &Path, files: &PartFiles) -> Vec<Option<Stamp>> {
    ["text_encoder", "text_encoder_2", "transformer", "vae"]
        .map(|component| stamp(&files.path(folder, component)).ok())
        .into()
}

/// What a run works on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Image tokens, references included.
    pub(crate) image_tokens: u64,
    pub(crate) text_tokens: u64,
    /// Pixels of the largest picture that the autoencoder sees or paints.
    pub(crate) pixels: u64,
    /// Maps of image tokens that a step keeps for the next.
    pub(crate) kept_maps: u64,
    /// The size of the picture, where a request may have another.
    pub(crate) size: Option<(u32, u32)>,
    /// Width of the text encoder, of its feed-forward part, its heads and blocks.
    pub(crate) text_width: u64,
    pub(crate) text_inner: u64,
    pub(crate) text_heads: u64,
    pub(crate) text_blocks: u64,
    /// Of the transformer; a block is one stream's.
    pub(crate) width: u64,
    pub(crate) mlp_width: u64,
    pub(crate) heads: u64,
    pub(crate) blocks: u64,
    /// Channels of the autoencoder at full resolution.
    pub(crate) channels: u64,
}

/// How often a run goes through the transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passes {
    pub(crate) steps: usize,
    /// Two under guidance.
    pub(crate) in_a_step: u32,
}

impl Passes {
    pub(crate) fn of(model: &Model, task: &Task) -> Self {
        let (steps, guidance, may_guide) = match task {
            Task::Generate(request) => {
                // FLUX.1 reads the scale as an input; its only pass is guided.
                let may_guide = !model.distilled && model.family != Family::Flux1;
                (request.steps, request.guidance, may_guide)
            }
            Task::Decompose(task) => (task.steps, task.guidance, true),
        };
        let guides = may_guide && guidance.unwrap_or(model.defaults.guidance) > 1.0;
        Self { steps: steps.unwrap_or(model.defaults.steps), in_a_step: if guides { 2 } else { 1 } }
    }
}

/// Multiplications and additions, two to each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operations {
    pub(crate) encode: f64,
    /// One pass through the transformer.
    pub(crate) step: f64,
    pub(crate) decode: f64,
}

impl Load {
    /// What a task works on, as large as it can be known before pictures are scaled.
    pub(crate) fn of(outline: &Outline, model: &Model, task: &Task) -> Self {
        match task {
            Task::Generate(request) => outline.load.painting(model, request),
            Task::Decompose(task) => outline.load.layers(model, task),
        }
    }

    fn painting(self, model: &Model, request: &Request) -> Self {
        let references: u64 = request
            .references
            .iter()
            .map(|reference| &reference.image)
            .chain(request.inpaint.iter().map(|inpaint| &inpaint.init))
            .map(|image| pixels(image.width(), image.height()).min(MEGAPIXEL))
            .sum();
        let given = match (&request.inpaint, request.references.first()) {
            (Some(inpaint), _) => Some(&inpaint.init),
            (None, first) => first.map(|reference| &reference.image),
        };
        let default = given.map_or((model.defaults.width, model.defaults.height), |image| {
            (image.width(), image.height())
        });
        let (width, height) =
            (request.width.unwrap_or(default.0), request.height.unwrap_or(default.1));
        let own = pixels(width, height);
        let text = request.max_sequence_length.unwrap_or(model.defaults.max_sequence_length);
        Self {
            image_tokens: (own + references) / TOKEN_PIXELS,
            text_tokens: text as u64,
            pixels: own.max(references.min(MEGAPIXEL)),
            // Two of each pass, and one while a step is computed.
            kept_maps: if request.step_cache.is_some() { 5 } else { 0 },
            size: request.inpaint.is_none().then_some((width, height)),
            ..self
        }
    }

    /// The layers, the whole picture and the picture they are made from.
    fn layers(self, model: &Model, task: &Decomposition) -> Self {
        let (width, height) =
            preprocess::bucket_size(task.image.width(), task.image.height(), model.defaults.width);
        let own = pixels(width, height);
        Self {
            image_tokens: own / TOKEN_PIXELS * (u64::from(task.layers) + 2),
            text_tokens: model.defaults.max_sequence_length as u64,
            pixels: own,
            ..self
        }
    }

    /// The same run at another size.
    pub(crate) fn resized(self, size: Size) -> Self {
        let Some((width, height)) = self.size else { return self };
        let (old, new) = (pixels(width, height), pixels(size.width(), size.height()));
        Self {
            image_tokens: (self.image_tokens + new / TOKEN_PIXELS)
                .saturating_sub(old / TOKEN_PIXELS),
            pixels: if self.pixels == old { new } else { self.pixels.max(new) },
            size: Some((size.width(), size.height())),
            ..self
        }
    }

    /// What it computes with beside weights, in bytes.
    pub(crate) fn work(&self, precision: Precision, on_card: bool) -> Work {
        let number = match precision {
            Precision::F32 => 4,
            // Only products are rounded there.
            Precision::Bf16 if !on_card && nn::tiles::is_available() => 4,
            Precision::Bf16 | Precision::F16 => 2,
        };
        let scores = |heads: u64, tokens: u64| SCORES.min(heads * tokens * tokens) * 4 * 3;
        let text = self.text_tokens;
        // A block holds its input, queries, keys and values, and three maps of the inner width.
        let encode = text * (10 * self.text_width + 3 * self.text_inner) * number
            + scores(self.text_heads, text);
        let tokens = self.image_tokens + text;
        // A block holds its input, the projection (q, k, v, two halves of the feed-forward part),
        // rotated copies in f32, and the output.
        let denoise = tokens
            * ((6 * self.width + 4 * self.mlp_width) * number + 3 * self.width * 4)
            + scores(self.heads, tokens)
            + self.kept_maps * self.image_tokens * self.width * number;
        // The last level of the decoder holds its input, two maps of half as many channels, and bands.
        let map = self.pixels * self.channels * 4;
        let decode = map * 2 + BANDS * BAND.min(map * 9);
        Work { encode, denoise, decode }
    }

    /// What it computes.
    pub(crate) fn operations(&self) -> Operations {
        let block = |width: u64, inner: u64| (4 * width * width + 3 * width * inner) as f64;
        let attention = |tokens: f64, width: u64| 4.0 * tokens * tokens * width as f64;
        let (text, tokens) =
            (self.text_tokens as f64, (self.image_tokens + self.text_tokens) as f64);
        let (text_blocks, blocks) = (self.text_blocks as f64, self.blocks as f64);
        Operations {
            encode: text_blocks
                * (2.0 * text * block(self.text_width, self.text_inner)
                    + attention(text, self.text_width)),
            step: blocks
                * (2.0 * tokens * block(self.width, self.mlp_width)
                    + attention(tokens, self.width)),
            decode: self.pixels as f64 * (self.channels * self.channels) as f64,
        }
    }
}

fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width.min(MAX_SIDE)) * u64::from(height.min(MAX_SIDE))
}
