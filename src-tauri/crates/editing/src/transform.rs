//! Affine transforms: turned, scaled, mirrored and moved pixels.
//!
//! Method: each new pixel looks up where it came from. Enlarging interpolates with the Catmull-Rom cubic
//! (Keys, 1981, a = -1/2); shrinking takes the mean of as many samples as old pixels fall on a new one.

use rayon::prelude::*;

use crate::{Area, Error, Grid, Result};

/// `x' = a x + c y + e`, `y' = b x + d y + f`: [a, b, c, d, e, f], as in CSS and SVG.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine(pub [f64; 6]);

/// How values between pixels are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The pixel that is there: hard edges stay hard.
    Nearest,
    /// Smooth.
    Smooth,
}

/// Pixels and where their corner is.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The left edge.
    pub x: i32,
    /// The upper edge.
    pub y: i32,
    /// The pixels.
    pub grid: Grid,
}

/// Samples along one direction of a new pixel, at most.
const MAX_SAMPLES: usize = 16;

impl Affine {
    fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    fn inverse(self) -> Option<Self> {
        let [a, b, c, d, e, f] = self.0;
        let area = a * d - b * c;
        if !self.0.iter().all(|value| value.is_finite()) || area.abs() < 1e-9 {
            return None;
        }
        let (ia, ib, ic, id) = (d / area, -b / area, -c / area, a / area);
        Some(Self([ia, ib, ic, id, -(ia * e + ic * f), -(ib * e + id * f)]))
    }

    /// Whether pixels fall on pixels whole: moves by whole pixels, quarter turns, mirrors.
    fn is_exact(self) -> bool {
        let [a, b, c, d, e, f] = self.0;
        let unit = |value: f64| value == 0.0 || value.abs() == 1.0;
        let straight = (b == 0.0 && c == 0.0) || (a == 0.0 && d == 0.0);
        straight && [a, b, c, d].into_iter().all(unit) && e.fract() == 0.0 && f.fract() == 0.0
    }
}

/// Transforms pixels that lie at `x`, `y`; both sides of the matrix are document pixels. `outside` is
/// what a mask has beyond its edges; pictures have nothing there.
///
/// # Errors
/// If the matrix flattens everything, or the result is too large.
pub fn transform(
    placed: (&Grid, i32, i32),
    matrix: Affine,
    filter: Filter,
    outside: u8,
) -> Result<Placed> {
    let (source, x, y) = placed;
    let inverse = matrix.inverse().ok_or_else(|| {
        Error::Invalid("this would leave nothing of the layer: make it larger".into())
    })?;
    let area = Area { x, y, width: source.width(), height: source.height() };
    let target = bounds(area, matrix)?;
    if target.is_empty() {
        let grid = Grid::filled(0, 0, &vec![0; source.channels()])?;
        return Ok(Placed { x: target.x, y: target.y, grid });
    }
    let sampler = Sampler::new(source, inverse, matrix, filter, outside);
    let mut grid = Grid::filled(target.width, target.height, &vec![0; source.channels()])?;
    let stride = grid.stride();
    grid.bytes_mut().par_chunks_mut(stride).enumerate().for_each(|(down, row)| {
        let down = down as i64;
        for (across, pixel) in (0i64..).zip(row.chunks_exact_mut(source.channels())) {
            let (px, py) = (i64::from(target.x) + across, i64::from(target.y) + down);
            sampler.write(px as f64, py as f64, (f64::from(x), f64::from(y)), pixel);
        }
    });
    Ok(Placed { x: target.x, y: target.y, grid })
}

/// The whole pixels that the transformed rectangle touches.
fn bounds(area: Area, matrix: Affine) -> Result<Area> {
    let (left, top) = (f64::from(area.x), f64::from(area.y));
    let (right, bottom) = (area.right() as f64, area.bottom() as f64);
    let corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
        .map(|(x, y)| matrix.apply(x, y));
    let range = |part: fn(&(f64, f64)) -> f64| {
        let values = corners.iter().map(part);
        let least = values.clone().fold(f64::INFINITY, f64::min);
        // What rounding left over is no pixel.
        ((least + 1e-6).floor(), (values.fold(f64::NEG_INFINITY, f64::max) - 1e-6).ceil())
    };
    let ((x0, x1), (y0, y1)) = (range(|corner| corner.0), range(|corner| corner.1));
    if [x0, x1, y0, y1].iter().any(|edge| edge.abs() > 4e6) {
        return Err(Error::Invalid(
            "this would move or enlarge the layer beyond what a picture can hold".into(),
        ));
    }
    Area::between(x0 as i64, y0 as i64, x1 as i64, y1 as i64).check()
}

struct Sampler<'a> {
    source: &'a Grid,
    inverse: Affine,
    exact: bool,
    filter: Filter,
    outside: f32,
    /// Samples of a new pixel, across and down.
    samples: (usize, usize),
    /// Whether edges lie askew, so that they are smoothed.
    askew: bool,
}

impl<'a> Sampler<'a> {
    fn new(source: &'a Grid, inverse: Affine, matrix: Affine, filter: Filter, outside: u8) -> Self {
        let [a, b, c, d, e, f] = inverse.0;
        // Old pixels that fall on a new one, along either of its sides.
        let count = |length: f64| (length - 1e-6).ceil().clamp(1.0, MAX_SAMPLES as f64) as usize;
        let samples = (count(a.hypot(b)), count(c.hypot(d)));
        let whole = |value: f64| (value - value.round()).abs() < 1e-6;
        let straight = (b == 0.0 && c == 0.0) || (a == 0.0 && d == 0.0);
        let on_grid = [matrix.0[4], matrix.0[5], e, f].into_iter().all(whole);
        Self {
            source,
            inverse,
            exact: matrix.is_exact(),
            filter,
            outside: f32::from(outside),
            samples,
            askew: !(straight && on_grid),
        }
    }

    fn write(&self, x: f64, y: f64, origin: (f64, f64), pixel: &mut [u8]) {
        if self.exact || self.filter == Filter::Nearest {
            let (sx, sy) = self.inverse.apply(x + 0.5, y + 0.5);
            let (sx, sy) = ((sx - origin.0).floor(), (sy - origin.1).floor());
            let inside = sx >= 0.0
                && sy >= 0.0
                && sx < f64::from(self.source.width())
                && sy < f64::from(self.source.height());
            if inside {
                pixel.copy_from_slice(self.source.row(sx as u32, sy as u32, 1));
            } else if self.source.channels() == 1 {
                pixel.fill(self.outside as u8);
            }
            return;
        }
        self.write_smooth(x, y, origin, pixel);
    }

    fn write_smooth(&self, x: f64, y: f64, origin: (f64, f64), pixel: &mut [u8]) {
        let (width, height) = (f64::from(self.source.width()), f64::from(self.source.height()));
        let cubic = self.samples == (1, 1);
        // Askew edges need several samples even where nothing shrinks, but only near an edge.
        let (mx, my) = self.inverse.apply(x + 0.5, y + 0.5);
        let (mx, my) = (mx - origin.0, my - origin.1);
        let near = mx < 2.0 || my < 2.0 || mx > width - 2.0 || my > height - 2.0;
        let (across, down) = match self.samples {
            (1, 1) if self.askew && near => (4, 4),
            samples => samples,
        };
        let mut sum = [0f32; 4];
        for j in 0..down {
            for i in 0..across {
                let (sx, sy) = self.inverse.apply(
                    x + (i as f64 + 0.5) / across as f64,
                    y + (j as f64 + 0.5) / down as f64,
                );
                let (sx, sy) = (sx - origin.0, sy - origin.1);
                let inside = sx >= 0.0 && sy >= 0.0 && sx < width && sy < height;
                let value = match (inside, cubic) {
                    (true, true) => self.cubic(sx, sy),
                    (true, false) => self.linear(sx, sy),
                    (false, _) if self.source.channels() == 1 => [self.outside, 0.0, 0.0, 0.0],
                    (false, _) => [0.0; 4],
                };
                for (sum, value) in sum.iter_mut().zip(value) {
                    *sum += value;
                }
            }
        }
        let count = (across * down) as f32;
        store(sum.map(|value| value / count), pixel);
    }

    /// Premultiplied, 0 to 255; what reaches over an edge takes the pixel at the edge.
    fn at(&self, x: i64, y: i64) -> [f32; 4] {
        let x = x.clamp(0, i64::from(self.source.width()) - 1) as u32;
        let y = y.clamp(0, i64::from(self.source.height()) - 1) as u32;
        match self.source.row(x, y, 1) {
            &[red, green, blue, alpha] => {
                let share = f32::from(alpha) / 255.0;
                [red, green, blue, 255].map(|level: u8| f32::from(level) * share)
            }
            other => [f32::from(other[0]), 0.0, 0.0, 0.0],
        }
    }

    fn linear(&self, x: f64, y: f64) -> [f32; 4] {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = ((x - left) as f32, (y - top) as f32);
        let mut sum = [0.0; 4];
        for (dy, wy) in [(0, 1.0 - fy), (1, fy)] {
            for (dx, wx) in [(0, 1.0 - fx), (1, fx)] {
                add(&mut sum, self.at(left as i64 + dx, top as i64 + dy), wx * wy);
            }
        }
        sum
    }

    fn cubic(&self, x: f64, y: f64) -> [f32; 4] {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (weights((x - left) as f32), weights((y - top) as f32));
        let mut sum = [0.0; 4];
        for (dy, wy) in (-1i64..).zip(down) {
            for (dx, wx) in (-1i64..).zip(across) {
                if wx * wy != 0.0 {
                    add(&mut sum, self.at(left as i64 + dx, top as i64 + dy), wx * wy);
                }
            }
        }
        sum
    }
}

fn add(sum: &mut [f32; 4], value: [f32; 4], weight: f32) {
    for (sum, value) in sum.iter_mut().zip(value) {
        *sum += value * weight;
    }
}

fn weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        -0.5 * t3 + t2 - 0.5 * t,
        1.5 * t3 - 2.5 * t2 + 1.0,
        -1.5 * t3 + 2.0 * t2 + 0.5 * t,
        0.5 * t3 - 0.5 * t2,
    ]
}

/// Premultiplied to bytes.
fn store(value: [f32; 4], pixel: &mut [u8]) {
    // Conversion from f32 stays within a byte.
    let level = |value: f32| (value + 0.5).floor() as u8;
    let [red, green, blue, alpha] = value;
    match pixel {
        [r, g, b, a] => {
            *a = level(alpha);
            let colour = if *a == 0 {
                [0.0; 3]
            } else {
                [red, green, blue].map(|value| value * 255.0 / alpha)
            };
            [*r, *g, *b] = colour.map(level);
        }
        other => other.fill(level(red)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(width: u32, height: u32) -> Grid {
        let bytes = (0..width * height).flat_map(|i| [i as u8, (i * 7) as u8, 3, 200]).collect();
        Grid::new(width, height, 4, bytes).unwrap()
    }

    #[test]
    fn four_quarter_turns_and_two_mirrors_are_nothing_at_all() {
        let source = grid(5, 3);
        let mut placed = Placed { x: 10, y: -4, grid: source.clone() };
        for filter in [Filter::Smooth, Filter::Nearest] {
            for _ in 0..4 {
                let turn = Affine([0.0, 1.0, -1.0, 0.0, 3.0, 1.0]);
                placed = transform((&placed.grid, placed.x, placed.y), turn, filter, 0).unwrap();
            }
            let mirror = Affine([-1.0, 0.0, 0.0, 1.0, 7.0, 0.0]);
            for _ in 0..2 {
                placed = transform((&placed.grid, placed.x, placed.y), mirror, filter, 0).unwrap();
            }
            assert_eq!(placed.grid, source, "{filter:?}");
            assert_eq!((placed.grid.width(), placed.grid.height()), (5, 3));
        }
    }

    #[test]
    fn doubling_by_nearest_repeats_pixels() {
        let source = grid(2, 2);
        let doubled = Affine([2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        let placed = transform((&source, 1, 1), doubled, Filter::Nearest, 0).unwrap();
        assert_eq!((placed.x, placed.y, placed.grid.width(), placed.grid.height()), (2, 2, 4, 4));
        for y in 0..4 {
            for x in 0..4 {
                assert_eq!(placed.grid.row(x, y, 1), source.row(x / 2, y / 2, 1));
            }
        }
    }

    #[test]
    fn one_colour_stays_that_colour_and_straight_edges_stay_hard() {
        let source = Grid::filled(40, 30, &[90, 180, 30, 255]).unwrap();
        for scale in [0.5, 0.37, 2.0, 3.7] {
            let matrix = Affine([scale, 0.0, 0.0, scale, 0.0, 0.0]);
            let placed = transform((&source, 0, 0), matrix, Filter::Smooth, 0).unwrap();
            let inner = placed.grid.part(Area { x: 1, y: 1, width: 5, height: 5 }, 0).unwrap();
            assert_eq!(inner, Grid::filled(5, 5, &[90, 180, 30, 255]).unwrap(), "{scale}");
        }
        let halved =
            transform((&source, 0, 0), Affine([0.5, 0.0, 0.0, 0.5, 0.0, 0.0]), Filter::Smooth, 0)
                .unwrap();
        assert_eq!(halved.grid, Grid::filled(20, 15, &[90, 180, 30, 255]).unwrap());
    }

    #[test]
    fn a_turned_square_keeps_its_area() {
        let source = Grid::filled(100, 100, &[255; 4]).unwrap();
        let (sin, cos) = 0.5f64.sin_cos();
        let placed =
            transform((&source, 0, 0), Affine([cos, sin, -sin, cos, 0.0, 0.0]), Filter::Smooth, 0)
                .unwrap();
        let alpha: f64 = placed
            .grid
            .bytes()
            .iter()
            .skip(3)
            .step_by(4)
            .map(|level| f64::from(*level) / 255.0)
            .sum();
        assert!((alpha - 10_000.0).abs() < 40.0, "{alpha}");
    }

    #[test]
    fn a_mask_has_its_outside_value_beyond_its_edges() {
        let mask = Grid::filled(4, 4, &[10]).unwrap();
        let (sin, cos) = 0.7f64.sin_cos();
        let placed =
            transform((&mask, 0, 0), Affine([cos, sin, -sin, cos, 0.0, 0.0]), Filter::Smooth, 255)
                .unwrap();
        assert_eq!(placed.grid.row(0, 0, 1), [255]);
    }

    #[test]
    fn matrices_that_make_no_sense_are_refused() {
        let source = grid(4, 4);
        for matrix in [
            [0.0; 6],
            [f64::NAN, 0.0, 0.0, 1.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 1.0, f64::INFINITY, 0.0],
            [1e9, 0.0, 0.0, 1e9, 0.0, 0.0],
            [1.0, 0.0, 0.0, 1.0, 1e12, 0.0],
        ] {
            assert!(
                transform((&source, 0, 0), Affine(matrix), Filter::Smooth, 0).is_err(),
                "{matrix:?}"
            );
        }
    }
}
