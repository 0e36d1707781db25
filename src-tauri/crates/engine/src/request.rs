//! What is asked of the engine, checked once.

use std::{path::PathBuf, sync::Arc};

use crate::{Error, Family, Image, Model, Result};

/// The side of the largest picture that can be asked for, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// Latents have one position for this many pixels each way.
pub const SIZE_STEP: u32 = 16;
/// More characters than any text encoder here reads.
const MAX_PROMPT_CHARS: usize = 5000;
/// More steps than any sampler here gains from.
const MAX_STEPS: usize = 1000;
/// The longest token sequence that is encoded.
const MAX_SEQUENCE_LENGTH: usize = 4096;
/// More changes of one model than make sense.
const MAX_LORAS: usize = 32;
/// More references than memory is for.
const MAX_REFERENCES: usize = 16;

/// The size of a picture. Invariant: both sides are multiples of [`SIZE_STEP`] within [`MAX_SIDE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// Rounds down to multiples of [`SIZE_STEP`], as the reference does.
    ///
    /// # Errors
    /// If a side is too small or too large.
    pub fn new(width: u32, height: u32) -> Result<Self> {
        let side = |name: &str, pixels: u32| match pixels {
            0..SIZE_STEP => Err(Error::InvalidRequest(format!(
                "{name} {pixels} is too small: the smallest is {SIZE_STEP} pixels"
            ))),
            SIZE_STEP..=MAX_SIDE => Ok(pixels / SIZE_STEP * SIZE_STEP),
            _ => Err(Error::InvalidRequest(format!(
                "{name} {pixels} is too large: the largest is {MAX_SIDE} pixels"
            ))),
        };
        Ok(Self { width: side("width", width)?, height: side("height", height)? })
    }

    /// Pixels across.
    #[must_use]
    pub fn width(self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(self) -> u32 {
        self.height
    }
}

/// Number format of weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits: what the reference outputs are in.
    F32,
    /// 16 bits with the range of 32.
    Bf16,
    /// 16 bits for graphics cards without bf16.
    F16,
}

/// Where a run is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The graphics card if this build and this machine have one.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The first CUDA device, or an error.
    Cuda,
}

/// A change of a model that a file brings.
#[derive(Debug, Clone, PartialEq)]
pub struct LoraChoice {
    /// A safetensors file.
    pub file: PathBuf,
    /// How strongly it acts: 1 as it was made, 0 not at all, less than 0 the other way.
    pub strength: f64,
}

/// What [`Inpaint::seam`] is when nobody says.
pub const DEFAULT_SEAM: u32 = 8;
/// A wider seam would be a mask.
const MAX_SEAM: u32 = 256;

/// The most that a reference's influence can be raised to.
pub const MAX_INFLUENCE: f64 = 2.0;

/// The largest [`Draft::step_cache`].
pub const MAX_STEP_CACHE: f64 = 1.0;

/// A picture to edit or to take from.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The picture.
    pub image: Arc<Image>,
    /// How much is taken from it: 0 as if it were not there, 1 as the model was trained, up to
    /// [`MAX_INFLUENCE`]. It weighs the picture's keys in the attention of everything outside it.
    pub influence: f64,
}

impl From<Arc<Image>> for Reference {
    fn from(image: Arc<Image>) -> Self {
        Self { image, influence: 1.0 }
    }
}

/// Repaint a part of a picture; where nothing is repainted, its pixels stay to the bit.
#[derive(Debug, Clone)]
pub struct Inpaint {
    /// The picture.
    pub init: Arc<Image>,
    /// Its size; white is repainted, black and transparent stays.
    pub mask: Arc<Image>,
    /// How far from the picture the repainted part may go: above 0, up to 1.
    pub strength: f64,
    /// Pixels inside the repainted part over which it blends into the rest.
    pub seam: u32,
}

/// A request before it is checked; `None` means the model's default.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// A model's id or folder; `None` is the first that is ready.
    pub model: Option<String>,
    /// What to paint.
    pub prompt: String,
    /// What to stay away from; only base models under guidance read it.
    pub negative: String,
    /// Pixels across. A repainted picture keeps its own size; this is what the model works at.
    pub width: Option<u32>,
    /// Pixels down, as `width`.
    pub height: Option<u32>,
    /// Steps of the sampling loop.
    pub steps: Option<usize>,
    /// Classifier-free guidance scale; base models only.
    pub guidance: Option<f64>,
    /// Seed of the noise.
    pub seed: u64,
    /// Tokens that the prompt is padded or cut to.
    pub max_sequence_length: Option<usize>,
    /// Pictures to edit or to take from, in order.
    pub references: Vec<Reference>,
    /// Repaint instead of painting anew.
    pub inpaint: Option<Inpaint>,
    /// A safetensors file with the tensor `latents` to start from instead of noise.
    pub initial_latents: Option<PathBuf>,
    /// Number format; `None` is chosen by device and memory.
    pub precision: Option<Precision>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Whether to show where the picture is heading after every step, which costs a little.
    pub previews: bool,
    /// Changes of the model, all at once.
    pub loras: Vec<LoraChoice>,
    /// How much of itself the first block's addition may change, as a share from 0 to
    /// [`MAX_STEP_CACHE`], for a step of FLUX.2 to take all other blocks' from the step before: faster,
    /// and another picture. At 0, or where there is none, every step is computed whole.
    pub step_cache: Option<f64>,
}

/// A request that can be carried out, as far as can be known without its model.
#[derive(Debug, Clone)]
pub struct Request {
    draft: Draft,
}

impl Request {
    /// Checks what does not depend on the model.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] with one sentence that says what to change.
    pub fn new(draft: Draft) -> Result<Self> {
        let invalid = |message: String| Err(Error::InvalidRequest(message));
        if draft.prompt.trim().is_empty() {
            return invalid("the prompt is empty: say what to paint".into());
        }
        check_text("prompt", &draft.prompt)?;
        check_text("negative prompt", &draft.negative)?;
        // A side that is not given is the model's, which is checked when it is known.
        Size::new(draft.width.unwrap_or(SIZE_STEP), draft.height.unwrap_or(SIZE_STEP))?;
        check_sampling(draft.steps, draft.guidance)?;
        check_loras(&draft.loras)?;
        if let Some(length) = draft.max_sequence_length
            && !(1..=MAX_SEQUENCE_LENGTH).contains(&length)
        {
            return invalid(format!(
                "a sequence length of {length} is out of range: 1 to {MAX_SEQUENCE_LENGTH}"
            ));
        }
        if draft.references.len() > MAX_REFERENCES {
            return invalid(format!(
                "{} reference pictures are too many: at most {MAX_REFERENCES}",
                draft.references.len()
            ));
        }
        // Not a number is in no range.
        for Reference { influence, .. } in &draft.references {
            if !(0.0..=MAX_INFLUENCE).contains(influence) {
                return invalid(format!(
                    "influence {influence} is out of range: 0 to {MAX_INFLUENCE}"
                ));
            }
        }
        if let Some(threshold) = draft.step_cache
            && !(0.0..=MAX_STEP_CACHE).contains(&threshold)
        {
            return invalid(format!(
                "a step cache of {threshold} is out of range: 0 to {MAX_STEP_CACHE}"
            ));
        }
        if let Some(Inpaint { init, mask, strength, seam }) = &draft.inpaint {
            if (init.width(), init.height()) != (mask.width(), mask.height()) {
                return invalid(format!(
                    "the mask is {} × {} and the picture {} × {}: they must be the same size",
                    mask.width(),
                    mask.height(),
                    init.width(),
                    init.height()
                ));
            }
            if !(*strength > 0.0 && *strength <= 1.0) {
                return invalid(format!("strength {strength} is out of range: above 0, up to 1"));
            }
            if *seam > MAX_SEAM {
                return invalid(format!("a seam of {seam} is out of range: 0 to {MAX_SEAM}"));
            }
        }
        Ok(Self { draft })
    }
}

impl std::ops::Deref for Request {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.draft
    }
}

/// Fewest and most layers that a picture is taken apart into.
const LAYERS: std::ops::RangeInclusive<u32> = 1..=10;

/// A picture to take apart, before it is checked; `None` means the model's default.
#[derive(Debug, Clone)]
pub struct DecomposeDraft {
    /// The picture.
    pub image: Arc<Image>,
    /// Layers to make, 1 to 10.
    pub layers: u32,
    /// What is in the picture; where that is empty, the model looks.
    pub prompt: String,
    /// What to stay away from, under guidance.
    pub negative: Option<String>,
    /// Seed of the noise.
    pub seed: u64,
    /// Steps of the sampling loop.
    pub steps: Option<usize>,
    /// Classifier-free guidance scale; 1 is none.
    pub guidance: Option<f64>,
    /// A safetensors file with the tensor `latents` to start from instead of noise.
    pub initial_latents: Option<PathBuf>,
    /// Whether another seed is tried where the layers are not good enough.
    pub tries_again: bool,
    /// Whether to give the model's own small layers instead of rebuilding them from the picture.
    pub raw: bool,
    /// Number format; `None` is chosen by device and memory.
    pub precision: Option<Precision>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Whether to show where the layers are heading after every step, which costs a little.
    pub previews: bool,
    /// Changes of the model, all at once.
    pub loras: Vec<LoraChoice>,
}

impl DecomposeDraft {
    /// A draft with everything left to the model.
    #[must_use]
    pub fn new(image: Arc<Image>, layers: u32) -> Self {
        Self {
            image,
            layers,
            prompt: String::new(),
            negative: None,
            seed: 0,
            steps: None,
            guidance: None,
            initial_latents: None,
            tries_again: true,
            raw: false,
            precision: None,
            device: DeviceChoice::default(),
            previews: false,
            loras: Vec::new(),
        }
    }
}

/// A picture to take apart, as far as it can be checked without its model.
#[derive(Debug, Clone)]
pub struct Decomposition {
    draft: DecomposeDraft,
}

impl Decomposition {
    /// Checks what does not depend on the model.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] with one sentence that says what to change.
    pub fn new(draft: DecomposeDraft) -> Result<Self> {
        if !LAYERS.contains(&draft.layers) {
            return Err(Error::InvalidRequest(format!(
                "{} layers are out of range: {} to {}",
                draft.layers,
                LAYERS.start(),
                LAYERS.end()
            )));
        }
        check_text("prompt", &draft.prompt)?;
        check_text("negative prompt", draft.negative.as_deref().unwrap_or_default())?;
        check_sampling(draft.steps, draft.guidance)?;
        check_loras(&draft.loras)?;
        if draft.image.rgba().chunks_exact(4).all(|pixel| pixel[3] == 0) {
            return Err(Error::InvalidRequest(
                "the picture is fully transparent: there is nothing to split".into(),
            ));
        }
        Ok(Self { draft })
    }
}

impl Decomposition {
    /// One whose picture does not count, only its size: for forecasts.
    #[must_use]
    pub fn unseen(draft: DecomposeDraft) -> Self {
        Self { draft }
    }
}

impl std::ops::Deref for Decomposition {
    type Target = DecomposeDraft;

    fn deref(&self) -> &DecomposeDraft {
        &self.draft
    }
}

/// What a job is to do.
#[derive(Debug, Clone)]
pub enum Task {
    /// Paint a picture.
    Generate(Request),
    /// Take a picture apart.
    Decompose(Decomposition),
}

impl From<Request> for Task {
    fn from(request: Request) -> Self {
        Self::Generate(request)
    }
}

impl From<Decomposition> for Task {
    fn from(decomposition: Decomposition) -> Self {
        Self::Decompose(decomposition)
    }
}

impl Task {
    /// What is mostly asked of a model, all else left to it: for plans before anybody asks.
    #[must_use]
    pub fn typical(model: &Model) -> Self {
        match model.family {
            Family::Flux1 | Family::Flux2Klein => {
                let draft = Draft { prompt: "picture".into(), ..Draft::default() };
                Self::Generate(Request { draft })
            }
            Family::QwenImageLayered => {
                let image = Image::blank(model.defaults.width, model.defaults.height);
                let draft = DecomposeDraft::new(image.into(), model.defaults.layers.max(1));
                Self::Decompose(Decomposition { draft })
            }
        }
    }

    /// Number format; `None` is chosen by device and memory.
    pub(crate) fn precision(&self) -> Option<Precision> {
        match self {
            Self::Generate(request) => request.precision,
            Self::Decompose(decomposition) => decomposition.precision,
        }
    }

    /// Changes of the model.
    pub(crate) fn loras(&self) -> &[LoraChoice] {
        match self {
            Self::Generate(request) => &request.loras,
            Self::Decompose(decomposition) => &decomposition.loras,
        }
    }

    /// Where to compute.
    pub(crate) fn device(&self) -> DeviceChoice {
        match self {
            Self::Generate(request) => request.device,
            Self::Decompose(decomposition) => decomposition.device,
        }
    }
}

fn check_text(name: &str, text: &str) -> Result<()> {
    let count = text.chars().count();
    if count > MAX_PROMPT_CHARS {
        return Err(Error::InvalidRequest(format!(
            "the {name} is {count} characters long; at most {MAX_PROMPT_CHARS} are read"
        )));
    }
    Ok(())
}

fn check_loras(loras: &[LoraChoice]) -> Result<()> {
    if loras.len() > MAX_LORAS {
        return Err(Error::InvalidRequest(format!(
            "{} LoRAs are too many: at most {MAX_LORAS}",
            loras.len()
        )));
    }
    match loras.iter().find(|lora| !(-10.0..=10.0).contains(&lora.strength)) {
        Some(lora) => Err(Error::InvalidRequest(format!(
            "strength {} of `{}` is out of range: -10 to 10",
            lora.strength,
            lora.file.display()
        ))),
        None => Ok(()),
    }
}

fn check_sampling(steps: Option<usize>, guidance: Option<f64>) -> Result<()> {
    if let Some(steps) = steps
        && !(1..=MAX_STEPS).contains(&steps)
    {
        return Err(Error::InvalidRequest(format!(
            "{steps} steps are out of range: 1 to {MAX_STEPS}"
        )));
    }
    if let Some(guidance) = guidance
        && !(0.0..=100.0).contains(&guidance)
    {
        return Err(Error::InvalidRequest(format!(
            "guidance {guidance} is out of range: 0 to 100"
        )));
    }
    Ok(())
}
