//! Edits of pixels as the page asks for them, and what it gets back.

use editing::{Affine, Area, Change, Combine, Filter, Shape};
use serde::{Deserialize, Serialize};

use super::document::MaskWire;

/// A rectangle, of a mask or selection together with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SelectionWire {
    pub(crate) id: u64,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Where bytes that come as a body belong.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct PatchWire {
    /// What is patched; absent makes a new mask of this size.
    pub(crate) id: Option<u64>,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What a mask has where it grows.
    #[serde(default)]
    pub(crate) fill: u8,
}

impl PatchWire {
    pub(crate) fn area(self) -> Area {
        Area { x: self.x, y: self.y, width: self.width, height: self.height }
    }
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct AreaWire {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl From<AreaWire> for Area {
    fn from(AreaWire { x, y, width, height }: AreaWire) -> Self {
        Self { x, y, width, height }
    }
}

/// A picture that was made. `bytes` is the memory it takes beyond what it shares with the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct MadeReply {
    pub(crate) id: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: usize,
}

/// A picture that was made and where it lies; no pixels at all have the id 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlacedReply {
    pub(crate) image_id: u64,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mask: Option<SelectionWire>,
}

/// A mask that was made and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct MaskReply {
    #[serde(flatten)]
    pub(crate) mask: SelectionWire,
    pub(crate) bytes: usize,
}

/// The line around a selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OutlineReply {
    /// Closed; x and y in turn.
    pub(crate) lines: Vec<Vec<u32>>,
}

/// A layer to be turned, scaled or moved.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TransformWire {
    pub(crate) image: u64,
    pub(crate) mask: Option<MaskWire>,
    pub(crate) x: i32,
    pub(crate) y: i32,
    matrix: [f64; 6],
    filter: FilterWire,
}

impl TransformWire {
    pub(crate) fn matrix(&self) -> Affine {
        Affine(self.matrix)
    }

    pub(crate) fn filter(&self) -> Filter {
        match self.filter {
            FilterWire::Nearest => Filter::Nearest,
            FilterWire::Smooth => Filter::Smooth,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FilterWire {
    Nearest,
    Smooth,
}

/// What is to be selected.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SelectWire {
    pub(crate) base: Option<SelectionWire>,
    op: OpWire,
    pub(crate) shape: ShapeWire,
    #[serde(default)]
    pub(crate) feather: f64,
    #[serde(default)]
    pub(crate) antialias: bool,
}

impl SelectWire {
    pub(crate) fn op(&self) -> Combine {
        match self.op {
            OpWire::Replace => Combine::Replace,
            OpWire::Add => Combine::Add,
            OpWire::Subtract => Combine::Subtract,
            OpWire::Intersect => Combine::Intersect,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OpWire {
    Replace,
    Add,
    Subtract,
    Intersect,
}

/// The shape of a selection.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ShapeWire {
    Rect { x: f64, y: f64, width: f64, height: f64 },
    Ellipse { x: f64, y: f64, width: f64, height: f64 },
    Polygon { points: PointsWire },
    All { width: f64, height: f64 },
    Alpha { image: u64, x: i32, y: i32 },
    Mask { mask: MaskWire },
}

/// Points one by one, or x and y in turn.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum PointsWire {
    Pairs(Vec<[f64; 2]>),
    Flat(Vec<f64>),
}

impl ShapeWire {
    /// The shape where it is one of lines.
    pub(crate) fn drawn(&self) -> Option<Shape> {
        Some(match self {
            Self::Rect { x, y, width, height } => Shape::Rect([*x, *y, *width, *height]),
            Self::Ellipse { x, y, width, height } => Shape::Ellipse([*x, *y, *width, *height]),
            Self::All { width, height } => Shape::Rect([0.0, 0.0, *width, *height]),
            Self::Polygon { points: PointsWire::Pairs(points) } => Shape::Polygon(points.clone()),
            Self::Polygon { points: PointsWire::Flat(numbers) } => {
                Shape::Polygon(numbers.as_chunks::<2>().0.to_vec())
            }
            Self::Alpha { .. } | Self::Mask { .. } => return None,
        })
    }
}

/// How a selection is to be changed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ModifyWire {
    pub(crate) selection: SelectionWire,
    pub(crate) canvas: AreaWire,
    change: ChangeWire,
}

#[derive(Debug, Clone, Deserialize)]
struct ChangeWire {
    kind: ChangeKind,
    #[serde(default)]
    by: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChangeKind {
    Grow,
    Shrink,
    Feather,
    Border,
    Invert,
}

impl ModifyWire {
    pub(crate) fn change(&self) -> Change {
        let by = self.change.by;
        match self.change.kind {
            ChangeKind::Grow => Change::Grow(by),
            ChangeKind::Shrink => Change::Shrink(by),
            ChangeKind::Feather => Change::Feather(by),
            ChangeKind::Border => Change::Border(by),
            ChangeKind::Invert => Change::Invert,
        }
    }
}

/// An edit of a layer's pixels under a selection.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UnderWire {
    pub(crate) image: u64,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) selection: SelectionWire,
    #[serde(default)]
    pub(crate) colour: [u8; 3],
}

/// A layer and the mask that is to become part of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ApplyMaskWire {
    pub(crate) image: u64,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) mask: MaskWire,
}

/// A selection by itself.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct MaskOfWire {
    pub(crate) selection: SelectionWire,
}

/// Repainted pixels and the picture that they are put into.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LockPixelsWire {
    pub(crate) original: u64,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) made: u64,
    pub(crate) made_x: i32,
    pub(crate) made_y: i32,
    pub(crate) selection: SelectionWire,
    #[serde(default)]
    pub(crate) band: u32,
}
