//! A model's small layers become layers of the source's own pixels, and a report on how good they are.
//!
//! Layers are given from the bottom; the first is the background. Knows no model, no file and no window.

mod assess;
mod brush;
mod fill;
mod guide;
mod rebuild;
mod resize;
mod sketch;
mod solve;
#[cfg(test)]
mod tests;

pub use assess::{Problem, Report, assess};
pub use rebuild::{Error, Placed, rebuild};
