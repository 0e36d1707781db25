//! Changes of pixels: tiles that share what did not change, patches, transforms, selections, the lock.
//!
//! Pure functions of bytes: 8 bits a channel, rows from the top, straight alpha. Never reads a file,
//! knows no window, no document and no model.

mod distance;
mod grid;
mod outline;
mod pixel_lock;
mod select;
mod tiles;
mod transform;
mod under;

pub use grid::{Area, Error, Grid, Result};
pub use outline::outline;
pub use pixel_lock::lock_pixels;
pub use select::{Change, Combine, Mask, Shape, combine, modify, shape};
pub use tiles::{SIDE, Tiled, level_size, level_tile};
pub use transform::{Affine, Filter, Placed, transform};
pub use under::{apply_mask, clear, copy, fill};
