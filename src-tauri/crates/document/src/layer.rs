//! The tree.

use std::sync::Arc;

use crate::{Blend, Depth, Plane, Raster, Recipe};

/// A layered picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bits a channel of the file that it is; layers may be of either depth and are converted on writing.
    pub depth: Depth,
    /// Pixels per inch.
    pub resolution: f64,
    /// An embedded ICC profile; none means sRGB.
    pub icc: Option<Arc<[u8]>>,
    /// From the bottom.
    pub layers: Vec<Layer>,
    /// What a reader did not understand and a writer of the same format gives back.
    pub extra: Vec<Extra>,
}

impl Document {
    /// An empty document of 8 bits and 72 pixels per inch.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            depth: Depth::Eight,
            resolution: 72.0,
            icc: None,
            layers: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Every layer and group, depth first from the bottom, a group before its children.
    pub fn walk(&self) -> impl Iterator<Item = &Layer> {
        let mut open: Vec<&Layer> = self.layers.iter().rev().collect();
        std::iter::from_fn(move || {
            let next = open.pop()?;
            if let Content::Group(group) = &next.content {
                open.extend(group.children.iter().rev());
            }
            Some(next)
        })
    }
}

/// A pixel layer or a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Unique in its document where it is not 0; writers number layers that have none.
    pub id: u32,
    /// What people call it; not unique.
    pub name: String,
    /// Whether it is shown.
    pub visible: bool,
    /// 0 to 255.
    pub opacity: u8,
    /// Opacity of the pixels without effects, 0 to 255.
    pub fill: u8,
    /// How it meets what lies below.
    pub blend: Blend,
    /// Whether it shows only where the next layer below that does not clip is opaque.
    pub clipping: bool,
    /// What may not be changed.
    pub lock: Lock,
    /// Where it shows.
    pub mask: Option<Mask>,
    /// How it was made.
    pub recipe: Option<Recipe>,
    /// What it holds.
    pub content: Content,
    /// What a reader did not understand and a writer of the same format gives back.
    pub extra: Vec<Extra>,
}

impl Layer {
    /// A visible, opaque layer of pixels.
    #[must_use]
    pub fn pixels(name: impl Into<String>, x: i32, y: i32, raster: Arc<Raster>) -> Self {
        Self::new(name.into(), Blend::Normal, Content::Pixels(Pixels { x, y, raster }))
    }

    /// A visible group that passes its children through; children from the bottom.
    #[must_use]
    pub fn group(name: impl Into<String>, children: Vec<Self>) -> Self {
        let group = Group { expanded: true, children };
        Self::new(name.into(), Blend::PassThrough, Content::Group(group))
    }

    fn new(name: String, blend: Blend, content: Content) -> Self {
        Self {
            id: 0,
            name,
            visible: true,
            opacity: 255,
            fill: 255,
            blend,
            clipping: false,
            lock: Lock::default(),
            mask: None,
            recipe: None,
            content,
            extra: Vec::new(),
        }
    }

    /// Its children from the bottom; none for pixels.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.content {
            Content::Group(group) => &group.children,
            Content::Pixels(_) => &[],
        }
    }
}

/// What a layer holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Pixels at a place.
    Pixels(Pixels),
    /// Other layers.
    Group(Group),
}

/// Pixels at a place of the document; they may reach beyond it or lie outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// The pixels.
    pub raster: Arc<Raster>,
}

/// Layers that are shown, moved and blended together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Whether a list shows the children.
    pub expanded: bool,
    /// From the bottom.
    pub children: Vec<Layer>,
}

/// What may not be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lock {
    /// Transparent pixels stay transparent.
    pub transparency: bool,
    /// Pixels stay.
    pub pixels: bool,
    /// The place stays.
    pub position: bool,
}

/// Where a layer shows: white does, black does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// Left edge, in document pixels.
    pub x: i32,
    /// Top edge, in document pixels.
    pub y: i32,
    /// The values.
    pub plane: Arc<Plane>,
    /// The value outside of the plane, 0 to 255.
    pub outside: u8,
    /// Whether it acts.
    pub enabled: bool,
    /// Whether it moves with the layer.
    pub linked: bool,
}

/// Bytes that belong to one file format, such as `psd:layer:lfx2` or `psd:resource:1028`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Format, place and name, with colons between them.
    pub key: String,
    /// As they stood in the file.
    pub bytes: Vec<u8>,
}

/// What a reader gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The document.
    pub document: Document,
    /// Plain sentences about what could not be kept as it was.
    pub notes: Vec<String>,
}
