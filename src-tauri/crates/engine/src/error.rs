//! What can go wrong between a request and its picture.

use std::path::PathBuf;

/// Variants by what the caller does next; every message is one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself cannot be carried out; the user changes it.
    #[error("{0}")]
    InvalidRequest(String),
    /// No such model, or files of it are not there.
    #[error("{0}")]
    ModelMissing(String),
    /// The model's files are there but damaged, inconsistent, or of another architecture.
    #[error("{0}")]
    ModelBroken(String),
    /// The run would need more memory than it may have.
    #[error("not enough memory: this run needs about {:.1} GB and may have {:.1} GB; {}", gigabytes(*.needed), gigabytes(*.available), what_fits(*.would_fit))]
    OutOfMemory {
        /// Predicted peak, in bytes.
        needed: u64,
        /// What it may have, in bytes.
        available: u64,
        /// The largest picture of the same shape that would fit, in pixels.
        would_fit: Option<(u32, u32)>,
    },
    /// A picture or tensor file could not be read.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in plain words.
        reason: String,
    },
    /// A file could not be written; whatever was at `path` before is still there.
    #[error("cannot write `{}`: {reason}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why, in plain words.
        reason: String,
    },
    /// The user stopped the run: an outcome, not a failure.
    #[error("cancelled")]
    Cancelled,
    /// The computation itself failed.
    #[error("{stage} failed: {}", one_line(.source))]
    Compute {
        /// `encode`, `denoise` or `decode`.
        stage: &'static str,
        /// What the tensor library says.
        source: candle_core::Error,
    },
    /// A bug: the job's thread panicked. The engine goes on.
    #[error("the engine stopped unexpectedly: {0}")]
    Panicked(String),
}

/// The engine's result.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// For `map_err` on tensor work that belongs to `stage`.
    pub(crate) fn compute(stage: &'static str) -> impl Fn(candle_core::Error) -> Self {
        move |source| Self::Compute { stage, source }
    }

    /// For `map_err` while a component of a model is built from its files.
    pub(crate) fn broken(component: &'static str) -> impl Fn(candle_core::Error) -> Self {
        move |source| {
            Self::ModelBroken(format!("the {component} cannot be loaded: {}", one_line(&source)))
        }
    }
}

impl From<weights::Error> for Error {
    fn from(error: weights::Error) -> Self {
        match error {
            weights::Error::Missing { .. } => Self::ModelMissing(error.to_string()),
            _ => Self::ModelBroken(error.to_string()),
        }
    }
}

fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

fn what_fits(size: Option<(u32, u32)>) -> String {
    match size {
        Some((width, height)) => format!("a picture of {width} × {height} would fit"),
        None => "a smaller model or more memory would help".to_owned(),
    }
}

/// candle appends a backtrace after the first line.
fn one_line(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim().to_owned()
}
