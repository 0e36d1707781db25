//! Layers at the size of the source, made of its pixels.

use std::{borrow::Cow, ops::Range};

use document::{Depth, Raster, Samples};
use rayon::prelude::*;

use crate::{
    guide::Guide,
    resize::{Small, Tap, between, shrink, tap},
    sketch::{self, Sketch, Stroke},
    solve::{Background, Solver, share_alpha, snap},
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
struct Scene<'a> {
    width: usize,
    height: usize,
    pixels: &'a [[u8; 4]],
    is_opaque: bool,
    columns: Vec<Tap>,
    small: Small,
    sketches: Vec<Sketch>,
}

/// Where a layer can show anything.
#[derive(Debug, Clone)]
struct Area {
    columns: Range<usize>,
    rows: Range<usize>,
}

/// Some rows of all layers.
struct Band<'a> {
    rows: Range<usize>,
    /// For each layer those of the rows that lie in its area.
    targets: Vec<&'a mut [[u8; 4]]>,
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

    fn background(&self, alpha: f32) -> Background {
        if self.is_opaque { Background::Opaque } else { Background::Level(to_level(alpha)) }
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

fn to_level(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

/// The memory of a thread that paints.
struct Brush {
    rows: Vec<Vec<Stroke>>,
    guide: Vec<[f32; 4]>,
    levels: Vec<u8>,
    colors: Vec<[f32; 3]>,
    solver: Solver,
}

impl Brush {
    fn new(sketches: &[Sketch]) -> Self {
        let width = sketches.first().map_or(0, |sketch| sketch.width);
        Self {
            rows: vec![vec![[0.0; 8]; width]; sketches.len()],
            guide: vec![[0.0; 4]; width],
            levels: vec![0; sketches.len()],
            colors: vec![[0.0; 3]; sketches.len()],
            solver: Solver::default(),
        }
    }

    fn paint(&mut self, scene: &Scene, areas: &[Area], band: Band) {
        let Band { rows, mut targets } = band;
        for y in rows.clone() {
            let row = tap(y, scene.height, scene.small.height);
            for ((sketch, area), strokes) in scene.sketches.iter().zip(areas).zip(&mut self.rows) {
                if area.rows.contains(&y) {
                    sketch.row(row, strokes);
                }
            }
            let small = |y: usize| &scene.small.pixels[y * scene.small.width..];
            for (pixel, (first, second)) in
                self.guide.iter_mut().zip(small(row.first).iter().zip(small(row.second)))
            {
                *pixel = between(*first, *second, row.share);
            }
            for x in 0..scene.width {
                let source = scene.pixels[y * scene.width + x];
                if source[3] == 0 {
                    continue;
                }
                self.estimate(scene, areas, (x, y), source);
                self.fit(scene, x, source);
                for ((target, area), index) in targets.iter_mut().zip(areas).zip(0..) {
                    if area.columns.contains(&x) && area.rows.contains(&y) {
                        let above = y - rows.start.max(area.rows.start);
                        let [red, green, blue] = self.colors[index].map(to_level);
                        target[above * area.columns.len() + x - area.columns.start] =
                            [red, green, blue, self.levels[index]];
                    }
                }
            }
        }
    }

    /// Alphas and colours as the model and the source's edges suggest them.
    fn estimate(&mut self, scene: &Scene, areas: &[Area], (x, y): (usize, usize), source: [u8; 4]) {
        let Tap { first, second, share } = scene.columns[x];
        let around = between(self.guide[first], self.guide[second], share);
        let [red, green, blue, alpha] = source.map(|level| f32::from(level) / 255.0);
        let detail = [red * alpha - around[0], green * alpha - around[1], blue * alpha - around[2]];
        // Behind something the edges that are seen belong to that.
        let mut seen = 1.0;
        for index in (1..areas.len()).rev() {
            self.levels[index] = 0;
            self.colors[index] = [0.0; 3];
            if !areas[index].columns.contains(&x) || !areas[index].rows.contains(&y) {
                continue;
            }
            let stroke = between(self.rows[index][first], self.rows[index][second], share);
            let mut alpha = sketch::alpha(stroke);
            if sketch::is_sure(stroke) {
                if alpha < 0.5 {
                    continue;
                }
            } else {
                let slope = sketch::slope(stroke);
                let moved: f32 = slope.iter().zip(detail).map(|(slope, by)| slope * by).sum();
                alpha = (alpha + seen * moved).clamp(0.0, 1.0);
            }
            self.levels[index] = snap(to_level(alpha));
            self.colors[index] = sketch::color(stroke).map(|value| value.clamp(0.0, 1.0));
            seen *= 1.0 - f32::from(self.levels[index]) / 255.0;
        }
    }

    /// Makes the estimates show the source.
    fn fit(&mut self, scene: &Scene, x: usize, source: [u8; 4]) {
        let [red, green, blue, alpha] = source;
        let color = [red, green, blue].map(|level| f32::from(level) / 255.0);
        if self.levels.iter().skip(1).all(|level| *level == 0) {
            self.levels[0] = alpha;
            self.colors[0] = color;
            return;
        }
        let Tap { first, second, share } = scene.columns[x];
        let stroke = between(self.rows[0][first], self.rows[0][second], share);
        self.colors[0] = sketch::color(stroke);
        share_alpha(&mut self.levels, alpha, scene.background(sketch::alpha(stroke)));
        self.solver.solve(color, &self.levels, &mut self.colors);
    }
}
