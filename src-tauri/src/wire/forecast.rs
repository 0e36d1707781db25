//! What a run will take, as the page shows it before Generate.

use engine::{Forecast, Model, Size, Suggestion};
use serde::{Deserialize, Serialize};

use super::jobs::GenerateRequest;

/// A picture that is thought about.
#[derive(Debug, Deserialize)]
pub(crate) struct ForecastRequest {
    #[serde(flatten)]
    pub(crate) request: GenerateRequest,
    /// Part of a picture is painted anew, at this width and height.
    #[serde(default)]
    pub(crate) region: bool,
}

/// Bytes are bytes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForecastReply {
    /// The most that the program will hold.
    needs: u64,
    /// The most that it may hold.
    available: u64,
    /// Null where nothing like it was made on this machine.
    seconds: Option<f64>,
    fits: bool,
    on_card: bool,
    /// The part that reads the prompt is put away once it has.
    drops_reader: bool,
    /// Weights come from the disk again and again.
    streams: bool,
    /// What would fit, where it does not.
    would_fit: WouldFitReply,
}

/// Changes that help, each on its own.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct WouldFitReply {
    size: Option<SizeReply>,
    budget: Option<u64>,
    model: Option<NamedModel>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct SizeReply {
    width: u32,
    height: u32,
}

#[derive(Debug, Clone, Serialize)]
struct NamedModel {
    id: String,
    name: String,
}

impl ForecastReply {
    /// `other` is a model that would fit.
    pub(crate) fn new(forecast: &Forecast, other: Option<&Model>) -> Self {
        let Forecast { plan, peak, available, seconds, fits, would_fit } = forecast;
        let mut helps = WouldFitReply {
            model: other.map(|model| NamedModel { id: model.id.clone(), name: model.name.clone() }),
            ..WouldFitReply::default()
        };
        for suggestion in would_fit {
            match *suggestion {
                Suggestion::Size(size) => helps.size = helps.size.or(Some(size.into())),
                Suggestion::Budget(bytes) => helps.budget = helps.budget.or(Some(bytes)),
            }
        }
        Self {
            needs: *peak,
            available: *available,
            seconds: *seconds,
            fits: *fits,
            on_card: plan.on_card,
            drops_reader: !plan.keeps_text_encoder,
            streams: plan.text_encoder.streams() || plan.transformer.streams(),
            would_fit: helps,
        }
    }
}

impl From<Size> for SizeReply {
    fn from(size: Size) -> Self {
        Self { width: size.width(), height: size.height() }
    }
}
