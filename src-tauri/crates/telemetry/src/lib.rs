//! What the machine does while pictures are made: one [`Sampler`] that gives a [`Sample`].
//!
//! Only looks: it knows no job, no window and no clock, and nothing that it reads leaves the machine.

mod machine;
mod nvidia;
mod processes;
mod rate;
mod sample;
mod sampler;

pub use sample::{Card, CardMemory, Memory, Ours, Power, Sample};
pub use sampler::{Driver, Lost, Sampler};
