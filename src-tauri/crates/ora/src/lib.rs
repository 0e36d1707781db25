//! Reads and writes OpenRaster 0.0.6: a zip of PNGs and a `stack.xml`.
//!
//! What OpenRaster has no word for lies beside it, in `asset-editor.json`, `recipes.json` and `data/`:
//! a document that goes through [`write`] and [`read`] comes back whole, and other programs still open
//! the file. Where `stack.xml` says something else than our own entries, another program was the last
//! to write it, and `stack.xml` holds.

mod error;
mod modes;
pub mod pixels;
mod preview;
mod profile;
mod read;
mod settings;
mod sink;
mod stack;
mod write;

use std::io::Cursor;

pub use error::Error;
pub use read::read;
pub use sink::Sink;
pub use write::{write, write_without_preview};

/// The longest side of a document, as in PSB.
const MAX_SIDE: u32 = 300_000;
/// The most pixels of a canvas.
const MAX_AREA: u64 = 1 << 30;
/// Groups within groups.
const MAX_DEPTH: usize = 100;
/// Layers and groups.
const MAX_LAYERS: usize = 20_000;

const MIMETYPE: &str = "image/openraster";
const STACK: &str = "stack.xml";
const SETTINGS: &str = "asset-editor.json";
const RECIPES: &str = "recipes.json";
const EXTRAS: &str = "data/extra.bin";
const PROFILE: &str = "data/profile.icc";

/// Whether these bytes are an OpenRaster file, whole or not.
#[must_use]
pub fn is_ora(bytes: &[u8]) -> bool {
    if !bytes.starts_with(b"PK\x03\x04") {
        return false;
    }
    match mimetype(bytes) {
        Some(mimetype) => mimetype.starts_with(MIMETYPE.as_bytes()),
        // Some writers pack the mimetype or leave it out.
        None => zip::ZipArchive::new(Cursor::new(bytes))
            .is_ok_and(|archive| archive.index_for_name(STACK).is_some()),
    }
}

/// What follows the name of a first entry called `mimetype`, if it is stored as it is.
fn mimetype(bytes: &[u8]) -> Option<&[u8]> {
    let short = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let name_length = usize::from(short(26)?);
    let start = 30 + name_length + usize::from(short(28)?);
    let is_stored = short(8)? == 0;
    (is_stored && bytes.get(30..30 + name_length)? == b"mimetype").then(|| bytes.get(start..))?
}

/// Refuses a canvas that nothing here could show.
fn check_canvas(width: u32, height: u32) -> Result<(), Error> {
    if width == 0 || height == 0 {
        return Err(Error::Damaged("its canvas has no pixels".into()));
    }
    let area = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || area > MAX_AREA {
        return Err(Error::TooLarge(format!("its canvas is {width} × {height}")));
    }
    Ok(())
}
