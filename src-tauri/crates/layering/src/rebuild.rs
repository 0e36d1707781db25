//! Layers at the size of the source, made of its pixels.

use std::{borrow::Cow, ops::Range};

use document::{Depth, Raster, Samples};
use rayon::prelude::*;

use crate::{
    brush::Brush,
    guide::Guide,
    resize::{Small, Tap, shrink, tap},
    sketch::{self, Sketch},
};

/// Rows of the source that one task works on.
const BAND_ROWS: usize = 16;

/// A layer and its place on the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Left edge, in pixels of the source.
    pub x: i32,
    /// Top edge, in pixels of the source.
    pub y: i32,
    /// 8 bits, cropped to what it shows; 0 × 0 if that is nothing.
    pub raster: Raster,
}

/// Why layers cannot be rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is not even a background.
    #[error("no layers were given")]
    NoLayers,
    /// Layers differ in size.
    #[error(
        "layer {layer} is {width} × {height}, but the others are {wanted_width} × {wanted_height}"
    )]
    Sizes {
        /// Which one, from 1 at the bottom.
        layer: usize,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Pixels across of the others.
        wanted_width: u32,
        /// Pixels down of the others.
        wanted_height: u32,
    },
}

/// Makes the model's layers, of any one size and from the bottom, layers of the source: as many and in
/// the same order, cropped. Their composite is the source within 2 levels of 255, alpha included, whatever the
/// model gave. Layers of 0 × 0 are empty ones; the source is taken as 8 bits.
///
/// What is seen in the source comes from its pixels. What is hidden behind something comes from the
/// model, enlarged, and moved in colour to what is seen beside it. Alphas are the model's, with their
/// edges where the source has them. The background is opaque if the source is.
///
/// Peak memory beside the source: 4 bytes for each pixel of the boxes that layers lie in, twice while they are
/// cropped, and about 200 bytes for each pixel and layer of the model's size.
///
/// # Errors
/// If there are no layers, or of more than one size.
pub fn rebuild(source: &Raster, layers: &[Raster]) -> Result<Vec<Placed>, Error> {
    let size = common_size(layers)?;
    let source = match source.depth() {
        Depth::Eight => Cow::Borrowed(source),
        Depth::Sixteen => Cow::Owned(source.to_depth(Depth::Eight)),
    };
    let Samples::Eight(samples) = source.samples() else { return Ok(empty(layers.len())) };
    let (width, height) = (source.width() as usize, source.height() as usize);
    if width == 0 || height == 0 {
        return Ok(empty(layers.len()));
    }
    let (small_width, small_height) = small_size(&source, size);
    let mut smalls: Vec<Small> = layers
        .par_iter()
        .map(|layer| match layer.samples().is_empty() {
            true => Small::empty(small_width, small_height),
            false => shrink(layer, small_width, small_height),
        })
        .collect();
    let small_source = shrink(&source, small_width, small_height);
    let sketches = {
        let guide = Guide::new(&small_source);
        sketch::sketch(&small_source, &mut smalls, &guide)
    };
    drop(smalls);
    let scene = Scene {
        width,
        height,
        pixels: samples.as_chunks::<4>().0,
        is_opaque: samples.par_iter().skip(3).step_by(4).all(|alpha| *alpha == 255),
        is_enlarged: (width, height) != (small_width, small_height),
        columns: (0..width).map(|x| tap(x, width, small_width)).collect(),
        small: small_source,
        sketches,
    };
    Ok(scene.paint())
}

/// The size of the layers that are not empty.
fn common_size(layers: &[Raster]) -> Result<Option<(u32, u32)>, Error> {
    if layers.is_empty() {
        return Err(Error::NoLayers);
    }
    let mut common = None;
    for (index, layer) in layers.iter().enumerate().filter(|(_, layer)| !layer.samples().is_empty())
    {
        let (width, height) = (layer.width(), layer.height());
        let (wanted_width, wanted_height) = *common.get_or_insert((width, height));
        if (width, height) != (wanted_width, wanted_height) {
            return Err(Error::Sizes {
                layer: index + 1,
                width,
                height,
                wanted_width,
                wanted_height,
            });
        }
    }
    Ok(common)
}

/// The size to work at: the model's, but what it has beyond the source's pixels adds nothing.
pub(crate) fn small_size(source: &Raster, model: Option<(u32, u32)>) -> (usize, usize) {
    let (width, height) = model.unwrap_or((1, 1));
    (source.width().min(width) as usize, source.height().min(height) as usize)
}

fn empty(count: usize) -> Vec<Placed> {
    vec![Placed { x: 0, y: 0, raster: Raster::empty(Depth::Eight) }; count]
}

/// All that painting needs.
pub(crate) struct Scene<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: &'a [[u8; 4]],
    pub(crate) is_opaque: bool,
    /// Whether the source has details that the model has not.
    pub(crate) is_enlarged: bool,
    pub(crate) columns: Vec<Tap>,
    pub(crate) small: Small,
    pub(crate) sketches: Vec<Sketch>,
}

/// Where a layer can show anything.
#[derive(Debug, Clone)]
pub(crate) struct Area {
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
}

/// Some rows of all layers.
pub(crate) struct Band<'a> {
    pub(crate) rows: Range<usize>,
    /// For each layer those of the rows that lie in its area.
    pub(crate) targets: Vec<&'a mut [[u8; 4]]>,
}

impl Area {
    pub(crate) fn contains(&self, x: usize, y: usize) -> bool {
        self.columns.contains(&x) && self.rows.contains(&y)
    }
}

impl Scene<'_> {
    fn paint(&self) -> Vec<Placed> {
        let areas: Vec<Area> = (0..self.sketches.len()).map(|index| self.area(index)).collect();
        let mut layers: Vec<Vec<u8>> =
            areas.iter().map(|area| vec![0; area.columns.len() * area.rows.len() * 4]).collect();
        let mut bands: Vec<Band> = (0..self.height)
            .step_by(BAND_ROWS)
            .map(|top| Band {
                rows: top..(top + BAND_ROWS).min(self.height),
                targets: Vec::with_capacity(areas.len()),
            })
            .collect();
        for (layer, area) in layers.iter_mut().zip(&areas) {
            let mut rest = layer.as_chunks_mut::<4>().0;
            for band in &mut bands {
                let rows = meet(&band.rows, &area.rows);
                let (target, below) = rest.split_at_mut(rows.len() * area.columns.len());
                band.targets.push(target);
                rest = below;
            }
        }
        bands.into_par_iter().for_each_init(
            || Brush::new(&self.sketches),
            |brush, band| brush.paint(self, &areas, band),
        );
        layers.into_par_iter().zip(areas).map(|(rgba, area)| place(rgba, &area)).collect()
    }

    fn area(&self, layer: usize) -> Area {
        let sketch = &self.sketches[layer];
        if layer == 0 {
            return Area { columns: 0..self.width, rows: 0..self.height };
        }
        let Some([columns, rows]) = sketch.bounds() else {
            return Area { columns: 0..0, rows: 0..0 };
        };
        // A small pixel reaches to the centers of its neighbours.
        let grow = |(first, last): (usize, usize), small: usize, large: usize| {
            let start = (2 * first).saturating_sub(1) * large / (2 * small);
            let end = ((2 * last + 3) * large).div_ceil(2 * small);
            start..end.min(large)
        };
        Area {
            columns: grow(columns, sketch.width, self.width),
            rows: grow(rows, sketch.height, self.height),
        }
    }
}

fn meet(one: &Range<usize>, other: &Range<usize>) -> Range<usize> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}

fn place(rgba: Vec<u8>, area: &Area) -> Placed {
    let raster = Raster::from_rgba8(area.columns.len() as u32, area.rows.len() as u32, rgba)
        .unwrap_or_else(|_| Raster::empty(Depth::Eight));
    let (left, top, cropped) = raster.crop_to_content();
    if cropped.samples().is_empty() {
        return Placed { x: 0, y: 0, raster: cropped };
    }
    let x = (area.columns.start + left as usize) as i32;
    let y = (area.rows.start + top as usize) as i32;
    Placed { x, y, raster: cropped }
}
