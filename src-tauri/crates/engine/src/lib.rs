//! Jobs in, pixels out: joins models with weights.
//!
//! Knows no window, no network, no environment and no clock.

mod catalog;
mod clip_tokenizer;
mod denoise;
mod error;
mod event;
mod fit;
mod governor;
mod image_store;
mod images;
pub mod noise;
mod parts;
pub mod pipelines;
pub mod preprocess;
mod prompt;
mod queue;
mod repaint;
mod request;
mod resample;
pub mod scheduler;

pub use catalog::{
    Catalog, Choice, Contents, Defaults, Family, Finding, FoundLora, Licence, LinkedFolders, Model,
    Part, PartComponent, PartFile, Root, RootState, Roots, has_weights,
};
pub use error::{Error, Result};
pub use event::{ImageInfo, JobEvent, JobId, Layers, PlacedImage, Stage, Took, TookPhase};
pub use fit::{filled, scaled};
pub use governor::{Budgets, Forecast, Measure, Plan, Resident, Share, Suggestion, Work};
pub use image_store::ImageStore;
pub use images::{Image, ImageId, check_writable};
pub use nn::{LargePages, profile, set_fp8_products, set_ordinary_kernels};
pub use parts::PartFiles;
pub use pipelines::Component;
pub use queue::Engine;
pub use repaint::Margins;
pub use request::{
    DEFAULT_SEAM, DecomposeDraft, Decomposition, DeviceChoice, Draft, Inpaint, LoraChoice,
    MAX_INFLUENCE, MAX_SIDE, MAX_STEP_CACHE, Precision, Reference, Request, SIZE_STEP, Size, Task,
};
pub use weights::Place;
