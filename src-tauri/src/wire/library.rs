//! Models: what is there, what can be had, and how a download goes.

use downloads::Progress;
use engine::{Catalog, Contents, FoundLora, Licence, Model, Root, RootState};
use library::{Plan, Step};
use serde::Serialize;

use crate::{arrivals, error::AppError};

/// Everything that the dialog of models shows.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LibraryReply {
    pub(crate) models: Vec<EntryReply>,
    pub(crate) linked: Vec<LinkedReply>,
    pub(crate) loras: Vec<LoraReply>,
    /// Catalogues that could not be read.
    pub(crate) notices: Vec<String>,
    /// Bytes that the drive of downloads still takes.
    pub(crate) free: Option<u64>,
    /// Where downloads go.
    pub(crate) folder: String,
}

/// A model, there or not.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryReply {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) note: String,
    pub(crate) ready: bool,
    pub(crate) missing: Vec<String>,
    pub(crate) is_starter: bool,
    /// Where its weights lie.
    pub(crate) places: Vec<String>,
    /// Bytes of its weights on the disk.
    pub(crate) size: u64,
    /// GiB of memory with which it works well.
    pub(crate) memory: Option<u32>,
    pub(crate) licences: Vec<LicenceReply>,
    pub(crate) offer: Option<OfferReply>,
}

/// What is to come of a model.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferReply {
    /// Bytes, as far as they are known.
    pub(crate) size: u64,
    /// Whether there is more, of unknown size.
    pub(crate) at_least: bool,
    /// Bytes that have come already.
    pub(crate) kept: u64,
    /// Whether its publisher wants to know who asks.
    pub(crate) gated: bool,
    /// Where its publisher tells about it.
    pub(crate) page: String,
}

/// Terms of use.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LicenceReply {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) url: String,
    pub(crate) commercial: bool,
    pub(crate) accepted: bool,
}

/// A linked folder.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LinkedReply {
    pub(crate) folder: String,
    /// `gone`, `silent`, `refused`, or nothing.
    pub(crate) problem: Option<&'static str>,
    pub(crate) models: usize,
    pub(crate) parts: usize,
    pub(crate) loras: usize,
    pub(crate) unusable: Vec<UnusableReply>,
    /// Whether there is more than was looked at.
    pub(crate) cut: bool,
}

/// A file that cannot be used.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UnusableReply {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// A LoRA, and the models that it fits.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoraReply {
    /// What the page calls it.
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) fits: Vec<String>,
}

/// How a download goes; exactly one of the last three ends it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum DownloadMessage {
    /// Something takes time before bytes come: `comparing`, `asking` or `checking`.
    Preparing {
        /// Which.
        what: &'static str,
    },
    /// Bytes came.
    Progress {
        /// Bytes that are there.
        done: u64,
        /// Bytes in all, if they are known.
        total: Option<u64>,
        /// Bytes a second.
        speed: f64,
        /// Until all is there.
        seconds_left: Option<f64>,
    },
    /// The connection is lost, and tried again.
    Waiting {
        /// Until then.
        seconds: f64,
    },
    /// All is there.
    Finished {},
    /// It was paused; what has come is kept.
    Paused {},
    /// It did not work.
    Failed(AppError),
}

impl LibraryReply {
    pub(crate) fn new(catalog: &Catalog, models: Vec<EntryReply>, folder: String) -> Self {
        Self {
            models,
            linked: catalog.linked().iter().map(LinkedReply::from).collect(),
            loras: catalog.loras().iter().map(LoraReply::from).collect(),
            notices: catalog.notices().to_vec(),
            free: None,
            folder,
        }
    }
}

impl EntryReply {
    /// `is_accepted` tells which terms the user has agreed to.
    pub(crate) fn new(
        model: &Model,
        catalog: &Catalog,
        plan: Option<&Plan>,
        is_accepted: impl Fn(&Licence) -> bool,
    ) -> Self {
        let places = if model.is_ready() { model.places() } else { Vec::new() };
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            note: model.note.clone(),
            ready: model.is_ready(),
            missing: model.missing.clone(),
            is_starter: model.is_starter,
            size: model.size(),
            places: places.iter().map(|place| arrivals::shown(place)).collect(),
            memory: catalog.recommended_memory(&model.id),
            licences: catalog
                .licences_of(&model.id)
                .into_iter()
                .map(|licence| LicenceReply {
                    id: licence.id.clone(),
                    name: licence.name.clone(),
                    summary: licence.summary.clone(),
                    url: licence.url.clone(),
                    commercial: licence.commercial,
                    accepted: is_accepted(licence),
                })
                .collect(),
            offer: plan.map(OfferReply::from),
        }
    }
}

impl From<&Plan> for OfferReply {
    fn from(plan: &Plan) -> Self {
        let (size, is_known) = plan.bytes();
        let kept = plan.files.iter().map(|file| downloads::kept_bytes(&file.item.target)).sum();
        let page = plan.files.first().map(|file| file.item.page.clone()).unwrap_or_default();
        Self { size, at_least: !is_known, kept, gated: plan.gated, page }
    }
}

impl From<&Root> for LinkedReply {
    fn from(root: &Root) -> Self {
        let count = |is: &dyn Fn(&Contents) -> bool| {
            root.findings.iter().filter(|finding| is(&finding.contents)).count()
        };
        Self {
            folder: arrivals::shown(&root.path),
            problem: match root.state {
                RootState::There => None,
                RootState::Gone => Some("gone"),
                RootState::Silent => Some("silent"),
                RootState::Refused(_) => Some("refused"),
            },
            models: root.folders.len(),
            parts: count(&|contents| matches!(contents, Contents::Part { .. })),
            loras: count(&|contents| *contents == Contents::Lora),
            unusable: root
                .findings
                .iter()
                .filter_map(|finding| match &finding.contents {
                    Contents::Unusable(reason) => Some(UnusableReply {
                        path: arrivals::shown(&finding.path),
                        reason: reason.clone(),
                    }),
                    _ => None,
                })
                .collect(),
            cut: root.is_cut,
        }
    }
}

impl From<&FoundLora> for LoraReply {
    fn from(lora: &FoundLora) -> Self {
        Self { path: arrivals::shown(&lora.path), name: lora.name.clone(), fits: lora.fits.clone() }
    }
}

impl DownloadMessage {
    /// What the page is told about a step; not all is for it.
    pub(crate) fn of(step: Step) -> Option<Self> {
        match step {
            Step::Comparing { .. } => Some(Self::Preparing { what: "comparing" }),
            Step::Asking => Some(Self::Preparing { what: "asking" }),
            Step::Checking { .. } => Some(Self::Preparing { what: "checking" }),
            Step::Progress(Progress { done, total, bytes_per_second, seconds_left }) => {
                Some(Self::Progress { done, total, speed: bytes_per_second, seconds_left })
            }
            Step::Waiting { seconds, .. } => Some(Self::Waiting { seconds }),
            Step::File { .. } | Step::Done { .. } => None,
        }
    }
}
