//! What a running job tells.

use crate::{Error, ImageId};

/// A job of this engine, numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobId(pub u64);

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Weights come from files.
    Load,
    /// The model looks at the picture and says what is there.
    Caption,
    /// The prompt becomes conditioning, references become latents.
    Encode,
    /// The sampling loop.
    Denoise,
    /// Latents become pixels.
    Decode,
    /// Small layers become layers of the source's own pixels.
    Rebuild,
}

/// Progress of a job. A stream ends with exactly one of `Finished`, `Cancelled`, `Failed`.
#[derive(Debug)]
pub enum JobEvent {
    /// The worker took the job.
    Started {
        /// Steps that the sampling loop will make.
        steps: usize,
    },
    /// A phase begins.
    Stage(Stage),
    /// A step is done.
    Step {
        /// Steps done, from 1.
        done: usize,
        /// Steps in all.
        total: usize,
        /// Whether most of it was taken from the step before.
        reused: bool,
        /// Small pictures of where the latents are heading: of layers from the bottom, or one.
        previews: Vec<ImageInfo>,
    },
    /// A result is in the image store.
    Image {
        /// The picture.
        image: ImageInfo,
        /// The seed that gives it again.
        seed: u64,
    },
    /// What the model sees in the picture, which becomes the prompt.
    Caption(String),
    /// The layers were not good enough; another seed is tried.
    Retrying {
        /// Why, in plain sentences.
        reasons: Vec<String>,
    },
    /// The layers of a picture are in the image store.
    Layers(Layers),
    /// What the run took; the last before `Finished`.
    Took(Took),
    /// All done.
    Finished,
    /// Stopped on request.
    Cancelled,
    /// Stopped by an error.
    Failed(Error),
}

/// What a run took.
#[derive(Debug, Clone, PartialEq)]
pub struct Took {
    /// The most that this process held at once, in bytes, where the system says.
    pub peak: Option<u64>,
    /// From its start to its end.
    pub seconds: f64,
    /// Steps that were mostly taken from those before them.
    pub reused_steps: usize,
    /// Each phase, in order.
    pub phases: Vec<TookPhase>,
}

/// What a phase of a run took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TookPhase {
    /// Which.
    pub stage: Stage,
    /// How long it was.
    pub seconds: f64,
    /// The most that this process held in it, in bytes, where the system says.
    pub peak: Option<u64>,
}

/// The layers of a picture and how they were made.
#[derive(Debug, Clone, PartialEq)]
pub struct Layers {
    /// From the bottom; empty ones are left out.
    pub layers: Vec<PlacedImage>,
    /// How many were asked for.
    pub asked: u32,
    /// The seed that gives them again.
    pub seed: u64,
    /// What was asked for, or the model's own caption.
    pub prompt: String,
    /// Steps of the sampling loop.
    pub steps: usize,
    /// Guidance scale.
    pub guidance: f64,
    /// Whether they are good enough to go on with.
    pub passes: bool,
    /// What is to be said about them, in plain sentences.
    pub sentences: Vec<String>,
}

/// A stored picture at a place of the picture that it was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedImage {
    /// The pixels.
    pub image: ImageInfo,
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Which of the model's layers it is, from 0 at the bottom.
    pub index: u32,
}

/// A stored picture's id and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// Where it is in the [`crate::ImageStore`].
    pub id: ImageId,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}
