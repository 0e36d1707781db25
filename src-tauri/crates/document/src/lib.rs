//! The layered document: a tree of groups and pixel layers, and what it looks like flattened.
//!
//! Knows no file format, no model and no window. Readers make a [`Document`], writers take one.

mod blend;
mod compositor;
mod layer;
mod numbering;
mod raster;
pub mod recipe;

pub use blend::Blend;
pub use compositor::{flatten, flatten_area, flatten_rows};
pub use layer::{Content, Document, Extra, Group, Layer, Lock, Mask, Opened, Pixels};
pub use raster::{Depth, Plane, Raster, Samples, ShapeError};
pub use recipe::Recipe;
