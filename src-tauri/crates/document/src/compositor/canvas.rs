//! A piece of the picture while it is made.

use crate::{Layer, Mask, Raster, Samples, layer::Content};

/// Red, green, blue and alpha, 0 to 1.
pub(super) type Pixel = [f32; 4];

/// An area in document pixels; the right and bottom edges are outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl Rect {
    pub(super) const EMPTY: Self = Self { left: 0, top: 0, right: 0, bottom: 0 };

    pub(super) fn at(x: i32, y: i32, width: u32, height: u32) -> Self {
        let (left, top) = (i64::from(x), i64::from(y));
        Self { left, top, right: left + i64::from(width), bottom: top + i64::from(height) }
    }

    pub(super) fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub(super) fn width(self) -> usize {
        (self.right - self.left).max(0) as usize
    }

    fn height(self) -> usize {
        (self.bottom - self.top).max(0) as usize
    }

    pub(super) fn meet(self, other: Self) -> Self {
        let both = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        if both.is_empty() { Self::EMPTY } else { both }
    }

    fn join(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// Where a layer can change anything: its pixels, or those of its children that are shown.
pub(super) fn reach(layer: &Layer) -> Rect {
    match &layer.content {
        Content::Pixels(pixels) => {
            Rect::at(pixels.x, pixels.y, pixels.raster.width(), pixels.raster.height())
        }
        Content::Group(group) => group
            .children
            .iter()
            .filter(|child| child.visible)
            .fold(Rect::EMPTY, |all, child| all.join(reach(child))),
    }
}

/// Premultiplied pixels of an area.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    area: Rect,
    pixels: Vec<Pixel>,
}

impl Canvas {
    /// Nothing at all.
    pub(super) fn clear(area: Rect) -> Self {
        Self { area, pixels: vec![[0.0; 4]; area.width() * area.height()] }
    }

    /// What it shows of a smaller area inside it.
    pub(super) fn cut(&self, area: Rect) -> Self {
        let mut pixels = Vec::with_capacity(area.width() * area.height());
        for y in area.top..area.bottom {
            pixels.extend_from_slice(self.row(area, y));
        }
        Self { area, pixels }
    }

    pub(super) fn area(&self) -> Rect {
        self.area
    }

    pub(super) fn pixels(&self) -> &[Pixel] {
        &self.pixels
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [Pixel] {
        &mut self.pixels
    }

    /// Its row `y`, from the left to the right edge of `area`, which lies inside it.
    pub(super) fn row(&self, area: Rect, y: i64) -> &[Pixel] {
        let start = self.start(area, y);
        &self.pixels[start..start + area.width()]
    }

    /// As [`Self::row`].
    pub(super) fn row_mut(&mut self, area: Rect, y: i64) -> &mut [Pixel] {
        let start = self.start(area, y);
        &mut self.pixels[start..start + area.width()]
    }

    fn start(&self, area: Rect, y: i64) -> usize {
        (y - self.area.top) as usize * self.area.width() + (area.left - self.area.left) as usize
    }
}

/// The straight pixels of a raster that lies at `place`: row `y` of `area`, both in document pixels.
pub(super) fn load_row(raster: &Raster, place: Rect, area: Rect, y: i64, row: &mut [Pixel]) {
    let first = (y - place.top) as usize * place.width() + (area.left - place.left) as usize;
    let values = first * 4..(first + area.width()) * 4;
    match raster.samples() {
        Samples::Eight(samples) => {
            for (pixel, levels) in row.iter_mut().zip(samples[values].as_chunks::<4>().0) {
                *pixel = levels.map(|level| f32::from(level) / 255.0);
            }
        }
        Samples::Sixteen(samples) => {
            for (pixel, levels) in row.iter_mut().zip(samples[values].as_chunks::<4>().0) {
                *pixel = levels.map(|level| f32::from(level) / 65535.0);
            }
        }
    }
}

/// How much of a layer shows in row `y` of `area`: `full`, less where its mask hides it.
pub(super) fn coverage_row(mask: Option<&Mask>, full: f32, area: Rect, y: i64, row: &mut [f32]) {
    let Some(mask) = mask else {
        row.fill(full);
        return;
    };
    row.fill(f32::from(mask.outside) / 255.0 * full);
    let place = Rect::at(mask.x, mask.y, mask.plane.width(), mask.plane.height());
    let both = place.meet(area);
    if both.is_empty() || !(both.top..both.bottom).contains(&y) {
        return;
    }
    let first = (y - place.top) as usize * place.width() + (both.left - place.left) as usize;
    let values = first..first + both.width();
    let inside = (both.left - area.left) as usize..(both.right - area.left) as usize;
    match mask.plane.samples() {
        Samples::Eight(samples) => {
            for (value, level) in row[inside].iter_mut().zip(&samples[values]) {
                *value = f32::from(*level) / 255.0 * full;
            }
        }
        Samples::Sixteen(samples) => {
            for (value, level) in row[inside].iter_mut().zip(&samples[values]) {
                *value = f32::from(*level) / 65535.0 * full;
            }
        }
    }
}
