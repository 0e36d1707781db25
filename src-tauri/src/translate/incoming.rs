//! What the page sends becomes a document, with all that it does not see put back.

use std::{collections::BTreeMap, sync::Arc};

use document::{Blend, Content, Depth, Document, Group, Layer, Lock, Mask, Raster};
use engine::ImageId;

use super::{check_count, check_depth, check_size, invalid};
use crate::{
    error::{AppError, Code, Result},
    keeps::KeptLayer,
    memory,
    shell::Shell,
    wire::document::{DocumentWire, Kind, LayerWire, MaskWire},
};

/// A document from the page.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) document: Document,
    /// Plain sentences about what is no longer known.
    pub(crate) notes: Vec<String>,
}

/// The whole document, as a file is to hold it.
///
/// # Errors
/// If a number is wrong, a picture is gone, or memory cannot hold it.
pub(crate) fn to_document(shell: &Shell, wire: &DocumentWire) -> Result<Incoming> {
    Assembly::new(shell, Purpose::File, wire)?.document(wire)
}

/// As much of the document as can be seen: layers that are not shown have no pixels.
///
/// # Errors
/// As [`to_document`].
pub(crate) fn to_shown(shell: &Shell, wire: &DocumentWire) -> Result<Document> {
    // What is not shown is checked all the same: the same mistake gives the same error.
    Ok(Assembly::new(shell, Purpose::View, wire)?.document(wire)?.document)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    File,
    View,
}

struct Assembly<'a> {
    shell: &'a Shell,
    purpose: Purpose,
    depth: Depth,
    /// What the flattened document takes.
    canvas_bytes: u64,
    rasters: BTreeMap<ImageId, Arc<Raster>>,
    layers: usize,
    /// Whether a token stands for nothing any more.
    lost: bool,
}

impl<'a> Assembly<'a> {
    fn new(shell: &'a Shell, purpose: Purpose, wire: &DocumentWire) -> Result<Self> {
        check_size(wire.width, wire.height)?;
        let depth = match wire.depth {
            8 => Depth::Eight,
            16 => Depth::Sixteen,
            other => return Err(invalid(format!("a document has 8 or 16 bits, not {other}"))),
        };
        let pixels = u64::from(wire.width) * u64::from(wire.height);
        // Once as it is made, once as it is written or sent.
        let canvas_bytes = pixels * depth.bytes() as u64 * 4 * 2;
        memory::check(canvas_bytes)?;
        Ok(Self {
            shell,
            purpose,
            depth,
            canvas_bytes,
            rasters: BTreeMap::new(),
            layers: 0,
            lost: false,
        })
    }

    fn document(mut self, wire: &DocumentWire) -> Result<Incoming> {
        let mut document = Document::new(wire.width, wire.height);
        document.depth = self.depth;
        if let Some(token) = &wire.keep {
            match self.shell.keeps.document(token) {
                Some(kept) => {
                    document.resolution = kept.resolution;
                    document.icc = kept.icc.clone();
                    if self.purpose == Purpose::File {
                        document.extra = kept.extra.clone();
                    }
                }
                None => self.lost = true,
            }
        }
        document.layers = self.children(&wire.layers, 0, true)?;
        // The page numbers them; a mistake of its own must not keep work from being saved.
        document.number_layers();
        let note = "Some of what the file held beyond its layers is no longer known.";
        let notes = if self.lost { vec![note.to_owned()] } else { Vec::new() };
        Ok(Incoming { document, notes })
    }

    fn children(&mut self, layers: &[LayerWire], depth: usize, shown: bool) -> Result<Vec<Layer>> {
        check_depth(depth)?;
        self.layers += layers.len();
        check_count(self.layers)?;
        layers.iter().map(|layer| self.layer(layer, depth, shown)).collect()
    }

    fn layer(&mut self, wire: &LayerWire, depth: usize, shown: bool) -> Result<Layer> {
        let shown = shown && wire.visible;
        let kept = self.kept(wire);
        let mut layer = match wire.kind {
            Kind::Pixels => {
                if wire.children.is_some() {
                    return Err(invalid(format!("`{}` has layers and is no group", wire.name)));
                }
                let (x, y) = (wire.x.unwrap_or(0), wire.y.unwrap_or(0));
                Layer::pixels(&wire.name, x, y, self.raster(wire, &kept, shown)?)
            }
            Kind::Group => {
                if wire.image.is_some() {
                    return Err(invalid(format!("the group `{}` has a picture", wire.name)));
                }
                let children = wire.children.as_deref().unwrap_or_default();
                let children = self.children(children, depth + 1, shown)?;
                let mut layer = Layer::group(&wire.name, Vec::new());
                let expanded = wire.expanded.unwrap_or(true);
                layer.content = Content::Group(Group { expanded, children });
                layer
            }
        };
        layer.id = wire.id;
        layer.visible = wire.visible;
        layer.opacity = level("opacity", wire.opacity)?;
        layer.fill = level("fill", wire.fill)?;
        layer.blend = blend(wire, layer.blend)?;
        layer.clipping = wire.clipping;
        layer.lock = Lock {
            transparency: wire.lock.transparency,
            pixels: wire.lock.pixels,
            position: wire.lock.position,
        };
        layer.mask = wire.mask.map(|mask| self.mask(wire, mask, &kept)).transpose()?;
        if self.purpose == Purpose::File {
            layer.recipe = wire.recipe.as_ref().map(Into::into);
            // A layer that was separated has become a group with the same token, for its mask.
            if kept.is_group == (wire.kind == Kind::Group) {
                layer.extra = kept.extra.to_vec();
            }
        }
        Ok(layer)
    }

    fn kept(&mut self, wire: &LayerWire) -> KeptLayer {
        let Some(token) = &wire.keep else { return KeptLayer::default() };
        self.shell.keeps.layer(token).unwrap_or_else(|| {
            self.lost = true;
            KeptLayer::default()
        })
    }

    fn raster(&mut self, wire: &LayerWire, kept: &KeptLayer, shown: bool) -> Result<Arc<Raster>> {
        let nothing = || Arc::new(Raster::empty(Depth::Eight));
        let Some(id) = wire.image.filter(|id| *id != 0) else { return Ok(nothing()) };
        let image = self.shell.image(id)?;
        if self.purpose == Purpose::View && !shown {
            return Ok(nothing());
        }
        let id = ImageId(id);
        if let Some((fine, raster)) = &kept.fine
            && *fine == id
        {
            return Ok(Arc::clone(raster));
        }
        if let Some(raster) = self.rasters.get(&id) {
            return Ok(Arc::clone(raster));
        }
        memory::check(self.canvas_bytes + image.rgba().len() as u64)?;
        let raster = Raster::from_rgba8(image.width(), image.height(), image.rgba().to_vec())
            .map_err(AppError::internal)?;
        let raster = Arc::new(raster);
        self.rasters.insert(id, Arc::clone(&raster));
        Ok(raster)
    }

    fn mask(&self, layer: &LayerWire, wire: MaskWire, kept: &KeptLayer) -> Result<Mask> {
        let MaskWire { id, x, y, outside, enabled, linked, .. } = wire;
        let own = kept.mask.as_ref().filter(|(mask, _)| *mask == id);
        let plane = own.map(|(_, plane)| Arc::clone(plane));
        let plane = plane.or_else(|| self.shell.keeps.mask(id)).ok_or_else(|| {
            let message = format!("the mask of `{}` is no longer there", layer.name);
            AppError::new(Code::ImageUnknown, message)
        })?;
        Ok(Mask { x, y, plane, outside, enabled, linked })
    }
}

fn blend(wire: &LayerWire, usual: Blend) -> Result<Blend> {
    let Some(name) = &wire.blend else { return Ok(usual) };
    let blend = Blend::named(name).ok_or_else(|| invalid(format!("no blend mode is `{name}`")))?;
    if blend == Blend::PassThrough && wire.kind == Kind::Pixels {
        return Err(invalid(format!("`{}` is no group and cannot pass through", wire.name)));
    }
    Ok(blend)
}

fn level(name: &str, part: f64) -> Result<u8> {
    if !(0.0..=1.0).contains(&part) {
        return Err(invalid(format!("{name} {part} is out of range: 0 to 1")));
    }
    Ok((part * 255.0).round() as u8)
}
