//! A document that was opened becomes what the page gets: a tree, pictures by id, tokens.

use std::sync::Arc;

use document::{Content, Depth, Document, Layer, Mask, Pixels, Raster, Samples};
use engine::{Image, ImageId};

use super::{check_count, check_depth, check_size};
use crate::{
    error::Result,
    keeps::{KeptFile, KeptLayer},
    shell::Shell,
    wire::document::{DocumentWire, Kind, LayerWire, LockWire, MaskWire},
};

/// Keeps the document's pictures and what the page does not see, and gives the rest.
///
/// # Errors
/// If the document is larger than the page can have it; then nothing is kept.
pub(crate) fn to_wire(shell: &Shell, mut document: Document) -> Result<DocumentWire> {
    check_size(document.width, document.height)?;
    check_count(document.walk().count())?;
    check_nesting(&document.layers)?;
    document.number_layers();
    let mut file = shell.keeps.file();
    let layers = layers_to_wire(shell, std::mem::take(&mut document.layers), &mut file)?;
    let wire = DocumentWire {
        width: document.width,
        height: document.height,
        depth: document.depth.bits(),
        keep: file.keep_document(&mut document),
        layers,
    };
    shell.keeps.insert(file);
    Ok(wire)
}

fn layers_to_wire(
    shell: &Shell,
    layers: Vec<Layer>,
    file: &mut KeptFile,
) -> Result<Vec<LayerWire>> {
    layers.into_iter().map(|layer| layer_to_wire(shell, layer, file)).collect()
}

fn layer_to_wire(shell: &Shell, layer: Layer, file: &mut KeptFile) -> Result<LayerWire> {
    let mut kept = KeptLayer { extra: layer.extra.into(), ..KeptLayer::default() };
    let mut wire = LayerWire {
        id: layer.id,
        name: layer.name,
        visible: layer.visible,
        opacity: f64::from(layer.opacity) / 255.0,
        fill: f64::from(layer.fill) / 255.0,
        blend: Some(layer.blend.name().to_owned()),
        clipping: layer.clipping,
        lock: LockWire {
            transparency: layer.lock.transparency,
            pixels: layer.lock.pixels,
            position: layer.lock.position,
        },
        recipe: layer.recipe.as_ref().map(Into::into),
        ..LayerWire::default()
    };
    if let Some(Mask { x, y, plane, outside, enabled, linked }) = layer.mask {
        let id = shell.keeps.mask_id();
        let (width, height) = (plane.width(), plane.height());
        wire.mask = Some(MaskWire { id, x, y, width, height, outside, enabled, linked });
        kept.mask = Some((id, plane));
    }
    match layer.content {
        Content::Pixels(Pixels { x, y, raster }) => {
            (wire.width, wire.height) = (Some(raster.width()), Some(raster.height()));
            (wire.x, wire.y) = (Some(x), Some(y));
            let image = keep_pixels(shell, raster, &mut kept)?;
            wire.image = Some(image.map_or(0, |id| id.0));
            image.into_iter().for_each(|id| file.has_picture(id));
        }
        Content::Group(group) => {
            wire.kind = Kind::Group;
            kept.is_group = true;
            wire.expanded = Some(group.expanded);
            wire.children = Some(layers_to_wire(shell, group.children, file)?);
        }
    }
    wire.keep = file.keep_layer(kept);
    Ok(wire)
}

/// A picture for the page; `None` if there are no pixels.
fn keep_pixels(
    shell: &Shell,
    raster: Arc<Raster>,
    kept: &mut KeptLayer,
) -> Result<Option<ImageId>> {
    let (width, height) = (raster.width(), raster.height());
    if width == 0 || height == 0 {
        return Ok(None);
    }
    let (rgba, fine) = match raster.depth() {
        Depth::Eight => (into_eight(raster), None),
        Depth::Sixteen => (into_eight(Arc::new(raster.to_depth(Depth::Eight))), Some(raster)),
    };
    let image = Image::new(width, height, rgba)?;
    let id = shell.images()?.insert(image).id;
    kept.fine = fine.map(|raster| (id, raster));
    Ok(Some(id))
}

/// Without a copy where nobody else has the pixels.
fn into_eight(raster: Arc<Raster>) -> Vec<u8> {
    let samples = Arc::try_unwrap(raster)
        .map_or_else(|shared| shared.samples().clone(), Raster::into_samples);
    match samples {
        Samples::Eight(rgba) => rgba,
        Samples::Sixteen(_) => match samples.to_depth(Depth::Eight) {
            Samples::Eight(rgba) => rgba,
            Samples::Sixteen(_) => Vec::new(),
        },
    }
}

/// Without recursion, since it guards against what is nested too deep for it.
fn check_nesting(layers: &[Layer]) -> Result<()> {
    let mut open: Vec<(&Layer, usize)> = layers.iter().map(|layer| (layer, 0)).collect();
    while let Some((layer, depth)) = open.pop() {
        check_depth(depth)?;
        open.extend(layer.children().iter().map(|child| (child, depth + 1)));
    }
    Ok(())
}
