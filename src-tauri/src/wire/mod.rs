//! The types that cross to the page and back; only this edge knows their JSON.

pub(crate) mod document;
pub(crate) mod forecast;
pub(crate) mod jobs;
pub(crate) mod library;
pub(crate) mod pixels;
pub(crate) mod preferences;
pub(crate) mod telemetry;

use engine::{Family, Model};
use serde::Serialize;

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
    /// Whether its steps can take from those before: distilled models have too few.
    reuses: bool,
    ready: bool,
    missing: Vec<String>,
    /// What it does: `generate` or `decompose`.
    tasks: Vec<&'static str>,
    defaults: DefaultsReply,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct DefaultsReply {
    width: u32,
    height: u32,
    steps: usize,
    guidance: f64,
    /// 0 for models that paint.
    layers: u32,
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
            reuses: model.family == Family::Flux2Klein && !model.distilled,
            ready: model.is_ready(),
            missing: model.missing.clone(),
            tasks: vec![if model.family.paints() { "generate" } else { "decompose" }],
            defaults: DefaultsReply {
                width: defaults.width,
                height: defaults.height,
                steps: defaults.steps,
                guidance: defaults.guidance,
                layers: defaults.layers,
            },
        }
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

/// Reads an argument, so that a wrong one is refused in the app's own words.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(
    value: serde_json::Value,
) -> Result<T, AppError> {
    serde_json::from_value(value).map_err(|error| {
        AppError::new(Code::InvalidRequest, format!("a setting is not valid: {error}"))
    })
}
