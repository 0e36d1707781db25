//! FLUX.2: a transformer over text and image tokens.

mod block;
mod config;
mod influence;
pub mod latents;
mod step_cache;
mod transformer;

pub use block::References;
pub use config::Config;
pub use influence::ReferenceRun;
pub use step_cache::StepCache;
pub use transformer::{Inputs, ReferenceCache, Transformer};
