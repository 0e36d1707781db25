//! Opens and saves documents of any format, whole or not at all.
//!
//! What a file is follows from its bytes; what it becomes, from what the caller asks for. A save that
//! fails, at whatever instant, leaves the file that was there.

pub mod atomic;
mod error;
mod flat;
mod format;
mod layers_zip;
mod open;
pub mod recovery;
mod save;

pub use error::Error;
pub use format::{Format, detect};
pub use open::open;
pub use save::save;
