//! Reads and writes layered Photoshop documents, PSD and PSB.
//!
//! The subset is small and exact: pixel layers, groups, masks, blend modes, opacity, fill, clipping, locks, names,
//! profiles, and a real merged picture. What lies beyond is carried through as bytes where that is safe.

mod blend;
mod blocks;
mod channels;
mod composite;
mod error;
mod header;
mod layers;
mod name;
mod packbits;
mod profile;
mod read;
mod resources;
mod sink;
mod thumbnail;
mod write;
mod xmp;

pub use error::Error;
pub use header::{Version, is_psd};
pub use read::read;
pub use write::{write, write_as};
