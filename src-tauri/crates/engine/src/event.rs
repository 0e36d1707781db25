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
    /// The prompt becomes conditioning, references become latents.
    Encode,
    /// The sampling loop.
    Denoise,
    /// Latents become pixels.
    Decode,
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
        /// A small picture of where the latents are heading.
        preview: Option<ImageInfo>,
    },
    /// A result is in the image store.
    Image {
        /// The picture.
        image: ImageInfo,
        /// The seed that gives it again.
        seed: u64,
    },
    /// All done.
    Finished,
    /// Stopped on request.
    Cancelled,
    /// Stopped by an error.
    Failed(Error),
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
