//! Files from the network: resumed after a kill, checked before they take their place.
//!
//! Knows HTTP, files and hashes; never what a file is for, and nothing of the environment. What the
//! server says never becomes a name on the disk.

mod client;
mod digest;
mod error;
mod fetch;
mod lock;
mod meter;
mod partial;
mod space;
mod token;

pub use client::{Client, Stated};
pub use digest::Sha256;
pub use error::Error;
pub use fetch::{Checked, Event, Item, discard, fetch, kept_bytes};
pub use meter::Progress;
pub use space::{RESERVE, check as check_space, free as free_space};
pub use token::{Token, forget_token, keep_token, kept_token};
