//! A document as the page has it: the tree and its numbers, never pixels.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A document. What the page does not see is remembered under `keep`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DocumentWire {
    pub(crate) width: u32,
    pub(crate) height: u32,
    #[serde(default = "eight")]
    pub(crate) depth: u16,
    #[serde(default)]
    pub(crate) keep: Option<String>,
    /// From the bottom.
    #[serde(default)]
    pub(crate) layers: Vec<LayerWire>,
}

/// A layer or a group. The fields of the other kind are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LayerWire {
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) visible: bool,
    /// 0 to 1.
    pub(crate) opacity: f64,
    /// 0 to 1.
    pub(crate) fill: f64,
    /// Absent means the usual one of its kind.
    pub(crate) blend: Option<String>,
    pub(crate) clipping: bool,
    pub(crate) lock: LockWire,
    pub(crate) mask: Option<MaskWire>,
    pub(crate) keep: Option<String>,
    pub(crate) recipe: Option<RecipeWire>,
    /// 0 means no pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "rounded_or_none")]
    pub(crate) x: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "rounded_or_none")]
    pub(crate) y: Option<i32>,
    /// For the page; on the way back the picture itself says it.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub(crate) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub(crate) height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expanded: Option<bool>,
    /// From the bottom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) children: Option<Vec<Self>>,
}

impl Default for LayerWire {
    fn default() -> Self {
        Self {
            id: 0,
            kind: Kind::Pixels,
            name: String::new(),
            visible: true,
            opacity: 1.0,
            fill: 1.0,
            blend: None,
            clipping: false,
            lock: LockWire::default(),
            mask: None,
            keep: None,
            recipe: None,
            image: None,
            x: None,
            y: None,
            width: None,
            height: None,
            expanded: None,
            children: None,
        }
    }
}

/// What a layer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Pixels,
    Group,
}

/// What may not be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LockWire {
    pub(crate) transparency: bool,
    pub(crate) pixels: bool,
    pub(crate) position: bool,
}

/// A mask; its values stay in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MaskWire {
    pub(crate) id: u64,
    #[serde(default, deserialize_with = "rounded")]
    pub(crate) x: i32,
    #[serde(default, deserialize_with = "rounded")]
    pub(crate) y: i32,
    /// For the page; on the way back the mask itself says it.
    #[serde(skip_deserializing)]
    pub(crate) width: u32,
    #[serde(skip_deserializing)]
    pub(crate) height: u32,
    #[serde(default)]
    pub(crate) outside: u8,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    #[serde(default = "yes")]
    pub(crate) linked: bool,
}

/// How a layer was made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RecipeWire {
    pub(crate) task: String,
    pub(crate) model: String,
    pub(crate) prompt: String,
    pub(crate) negative: String,
    /// Digits: JavaScript's numbers do not hold 64 bits.
    #[serde(deserialize_with = "seed_text")]
    pub(crate) seed: String,
    pub(crate) steps: u32,
    pub(crate) guidance: f64,
    pub(crate) part: Option<(u32, u32)>,
    pub(crate) parent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) strength: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<(String, f64)>,
    #[serde(rename = "stepCache", skip_serializing_if = "Option::is_none")]
    pub(crate) step_cache: Option<f64>,
}

/// A file was opened; `path` is null where saving has to ask for one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OpenedReply {
    pub(crate) path: Option<String>,
    pub(crate) name: String,
    pub(crate) document: DocumentWire,
    pub(crate) notes: Vec<String>,
}

/// A file was written; the notes say what it could not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SavedReply {
    pub(crate) path: String,
    pub(crate) notes: Vec<String>,
}

/// Work that was not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveredReply {
    pub(crate) slot: String,
    pub(crate) title: String,
    pub(crate) seconds_ago: u64,
}

/// A seed of 64 bits, from digits or from a number that JavaScript can hold.
pub(crate) fn seed_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seed {
        Number(u64),
        Text(String),
    }
    match Seed::deserialize(deserializer) {
        Ok(Seed::Number(number)) => Ok(number.to_string()),
        Ok(Seed::Text(text)) if text.parse::<u64>().is_ok() => Ok(text),
        _ => Err(D::Error::custom("a seed is a whole number from 0")),
    }
}

fn rounded_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    Option::<f64>::deserialize(deserializer)?.map(to_place).transpose().map_err(D::Error::custom)
}

fn rounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    to_place(f64::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Places come from a mouse, so they may have fractions.
fn to_place(value: f64) -> Result<i32, String> {
    let value = value.round();
    if (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value) {
        Ok(value as i32)
    } else {
        Err(format!("{value} is no place in a document"))
    }
}

fn eight() -> u16 {
    8
}

fn yes() -> bool {
    true
}
