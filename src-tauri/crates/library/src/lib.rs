//! The models of a user: what is asked for, under which licence, whether it is there and whole.
//!
//! One answer for the window and the command line: joins the catalogue with downloads. Knows no
//! window and no environment.

mod add;
mod download;
mod error;
mod licences;
mod plan;
mod verify;

pub use add::{Added, add};
pub use download::{Step, download, forget_partial};
pub use error::{Error, Result};
pub use licences::{accept, is_accepted};
pub use plan::{Plan, Planned};
pub use verify::{Verdict, verify};
