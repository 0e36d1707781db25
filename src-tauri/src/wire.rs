//! The types that cross to the page and back; only this edge knows their JSON.

use engine::{ImageInfo, Model, Stage};
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Code};

/// Whether pictures can be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct EngineStatus {
    state: &'static str,
    device: String,
    message: Option<String>,
}

impl EngineStatus {
    pub(crate) fn starting() -> Self {
        Self { state: "starting", device: String::new(), message: None }
    }

    pub(crate) fn ready(device: String) -> Self {
        Self { state: "ready", device, message: None }
    }

    pub(crate) fn failed(message: String) -> Self {
        Self { state: "failed", device: String::new(), message: Some(message) }
    }
}

/// A model as the page lists it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelReply {
    id: String,
    name: String,
    note: String,
    source: &'static str,
    is_starter: bool,
    distilled: bool,
    ready: bool,
    missing: Vec<String>,
    defaults: DefaultsReply,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct DefaultsReply {
    width: u32,
    height: u32,
    steps: usize,
    guidance: f64,
}

impl From<&Model> for ModelReply {
    fn from(model: &Model) -> Self {
        let defaults = &model.defaults;
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            note: model.note.clone(),
            source: if model.is_starter { "starter" } else { "folder" },
            is_starter: model.is_starter,
            distilled: model.distilled,
            ready: model.is_ready(),
            missing: model.missing.clone(),
            defaults: DefaultsReply {
                width: defaults.width,
                height: defaults.height,
                steps: defaults.steps,
                guidance: defaults.guidance,
            },
        }
    }
}

/// What the page asks for; absent means the model's default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct GenerateRequest {
    pub(crate) model: Option<String>,
    pub(crate) prompt: String,
    pub(crate) negative: Option<String>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) steps: Option<usize>,
    pub(crate) seed: Option<u64>,
    pub(crate) guidance: Option<f64>,
    pub(crate) references: Vec<u64>,
    pub(crate) init: Option<u64>,
    pub(crate) mask: Option<u64>,
    pub(crate) strength: Option<f64>,
}

/// A run is queued.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerateReply {
    pub(crate) job_id: u64,
}

/// Progress of a run; exactly one of the last three ends it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum GenerateEvent {
    /// The run began.
    Started {
        /// What `cancel` takes.
        job_id: u64,
        /// Steps in all.
        steps: usize,
    },
    /// A phase began.
    Stage {
        /// Its name.
        stage: &'static str,
    },
    /// A step is done.
    Step {
        /// Steps done.
        done: usize,
        /// Steps in all.
        total: usize,
        /// What is left of the sampling loop.
        seconds_left: Option<f64>,
        /// A small picture of where this is heading.
        preview: Option<PreviewReply>,
    },
    /// A picture is ready.
    Image {
        /// What `load_image` takes.
        id: u64,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The seed that gives it again.
        seed: u64,
        /// What was asked for.
        prompt: String,
        /// The model's id.
        model: String,
    },
    /// All done.
    Finished {
        /// How long it took.
        seconds: f64,
    },
    /// Stopped on request.
    Cancelled {},
    /// Stopped by an error.
    Failed(AppError),
}

/// A preview's id and size.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PreviewReply {
    id: u64,
    width: u32,
    height: u32,
}

impl From<ImageInfo> for PreviewReply {
    fn from(info: ImageInfo) -> Self {
        Self { id: info.id.0, width: info.width, height: info.height }
    }
}

pub(crate) fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Load => "load",
        Stage::Caption => "caption",
        Stage::Encode => "encode",
        Stage::Denoise => "denoise",
        Stage::Decode => "decode",
        Stage::Rebuild => "rebuild",
    }
}

/// A picture that came from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ImageReply {
    pub(crate) id: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) name: String,
}

/// A file was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SavedReply {
    pub(crate) path: String,
}

/// What is to be flattened; layers from the bottom.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Document {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layers: Vec<LayerRequest>,
}

/// A layer of a document. Places are rounded to whole pixels.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct LayerRequest {
    pub(crate) image: u64,
    #[serde(default)]
    pub(crate) x: f64,
    #[serde(default)]
    pub(crate) y: f64,
    #[serde(default = "opaque")]
    pub(crate) opacity: f64,
    #[serde(default = "visible")]
    pub(crate) visible: bool,
}

fn opaque() -> f64 {
    1.0
}

fn visible() -> bool {
    true
}

/// Reads an argument, so that a wrong one is refused in the app's own words.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(
    value: serde_json::Value,
) -> Result<T, AppError> {
    serde_json::from_value(value).map_err(|error| {
        AppError::new(Code::InvalidRequest, format!("a setting is not valid: {error}"))
    })
}
