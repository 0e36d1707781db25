//! Runs: what is asked for and what is told.

use engine::{ImageInfo, Margins, PlacedImage, Stage};
use serde::{Deserialize, Deserializer, Serialize};

use super::document::seed_text;
use crate::error::AppError;

/// A picture that is asked for; absent means the model's default.
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
    pub(crate) references: Vec<ReferenceRequest>,
    pub(crate) loras: Vec<LoraRequest>,
    pub(crate) init: Option<u64>,
    pub(crate) mask: Option<u64>,
    pub(crate) extend: Option<MarginsRequest>,
    pub(crate) strength: Option<f64>,
    pub(crate) seam: Option<u32>,
    #[serde(rename = "stepCache")]
    pub(crate) step_cache: Option<f64>,
}

/// A LoRA of a linked folder, and how strongly it changes the model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LoraRequest {
    /// As the library lists it.
    pub(crate) path: String,
    pub(crate) strength: f64,
}

/// Pixels by which a picture grows on each side.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MarginsRequest {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl From<MarginsRequest> for Margins {
    fn from(margins: MarginsRequest) -> Self {
        let MarginsRequest { left, top, right, bottom } = margins;
        Self { left, top, right, bottom }
    }
}

/// A picture to take from: its id alone, or with how much is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ReferenceRequest {
    pub(crate) image: u64,
    pub(crate) influence: f64,
}

impl<'de> Deserialize<'de> for ReferenceRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a reference is a picture's number, or `{ image, influence }` with numbers"
        )]
        enum Either {
            Image(u64),
            Weighed { image: u64, influence: Option<f64> },
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Image(image) => Self { image, influence: 1.0 },
            Either::Weighed { image, influence } => {
                Self { image, influence: influence.unwrap_or(1.0) }
            }
        })
    }
}

/// Layers that are asked for; absent means the model's default.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DecomposeRequest {
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// What is to be separated.
    pub(crate) image: u64,
    pub(crate) layers: u32,
    /// What is in the picture; empty means that the model looks.
    #[serde(default)]
    pub(crate) prompt: String,
    #[serde(default)]
    pub(crate) negative: Option<String>,
    #[serde(default, deserialize_with = "seed")]
    pub(crate) seed: u64,
    #[serde(default)]
    pub(crate) steps: Option<usize>,
    #[serde(default)]
    pub(crate) guidance: Option<f64>,
}

/// A run is queued.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobReply {
    pub(crate) job_id: u64,
}

/// Progress of a run; exactly one of the last three ends it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum JobMessage {
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
    /// What the model saw in the picture.
    Caption {
        /// In its words.
        text: String,
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
        /// One for each layer, from the bottom.
        previews: Vec<PreviewReply>,
    },
    /// What the run took in all; what ends it follows.
    Took {
        /// From its start to its end.
        seconds: f64,
        /// The most that the engine held, in bytes, where the system says.
        peak: Option<u64>,
    },
    /// The layers were not good, so it begins anew with another seed.
    Retrying {
        /// Why, in plain sentences.
        reason: Vec<String>,
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
    /// Layers are ready.
    Layers {
        /// From the bottom; those without pixels are left out.
        layers: Vec<PartReply>,
        /// The seed that gives them again; digits, since JavaScript's numbers do not hold 64 bits.
        seed: String,
        /// What was asked for, or what the model saw.
        prompt: String,
        /// The model's id.
        model: String,
        /// Steps that were made.
        steps: usize,
        /// Guidance scale.
        guidance: f64,
        /// How good they are.
        report: ReportReply,
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

/// A layer that a picture was separated into, measured from the picture's corner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PartReply {
    id: u64,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
    name: String,
}

impl From<&PlacedImage> for PartReply {
    fn from(part: &PlacedImage) -> Self {
        let PlacedImage { image, x, y, index } = *part;
        // Named by its place in the model's answer, from which empty layers are left out.
        let name = if index == 0 { "Background".into() } else { format!("Layer {index}") };
        Self { id: image.id.0, x, y, width: image.width, height: image.height, name }
    }
}

/// Whether layers are good, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ReportReply {
    pub(crate) passes: bool,
    pub(crate) sentences: Vec<String>,
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

/// A seed as digits or as a number; null is 0.
fn seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    struct Seed(#[serde(deserialize_with = "seed_text")] String);
    let digits = Option::<Seed>::deserialize(deserializer)?;
    // Digits that do not fit were refused above.
    Ok(digits.and_then(|Seed(digits)| digits.parse().ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_comes_as_a_number_or_with_its_influence() {
        let parse = |reference: serde_json::Value| {
            serde_json::from_value::<ReferenceRequest>(reference).map_err(|error| error.to_string())
        };
        assert_eq!(parse(json!(3)), Ok(ReferenceRequest { image: 3, influence: 1.0 }));
        let weighed = json!({ "image": 3, "influence": 0.25 });
        assert_eq!(parse(weighed), Ok(ReferenceRequest { image: 3, influence: 0.25 }));
        let plain = json!({ "image": 3 });
        assert_eq!(parse(plain), Ok(ReferenceRequest { image: 3, influence: 1.0 }));
        for wrong in [json!("3"), json!(-1), json!({ "influence": 1 }), json!({ "image": "a" })] {
            let message = parse(wrong.clone()).unwrap_err();
            assert!(message.starts_with("a reference is"), "{wrong}: {message}");
        }
    }

    #[test]
    fn a_seed_comes_as_digits_or_as_a_number() {
        let seed = |seed: serde_json::Value| {
            let request = json!({ "image": 1, "layers": 4, "seed": seed });
            serde_json::from_value::<DecomposeRequest>(request).map(|request| request.seed).ok()
        };
        assert_eq!(seed(json!("18446744073709551615")), Some(u64::MAX));
        assert_eq!(seed(json!(7)), Some(7));
        assert_eq!(seed(json!(null)), Some(0));
        for wrong in [json!("-1"), json!("7.5"), json!(1.5), json!("18446744073709551616")] {
            assert_eq!(seed(wrong.clone()), None, "{wrong}");
        }
    }
}
