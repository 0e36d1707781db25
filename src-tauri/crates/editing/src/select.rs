//! Selections: which pixels an edit reaches, and how much of each.
//!
//! Method: shapes are filled by tiny-skia; distances are exact Euclidean (Felzenszwalb and Huttenlocher,
//! "Distance Transforms of Sampled Functions", 2012); feathering is three box blurs, close to a Gaussian.

use rayon::prelude::*;
use tiny_skia::{FillRule, PathBuilder, Transform};

use crate::{Area, Error, Grid, Result, distance::distances};

/// One byte a pixel, placed in the document; nothing is selected outside of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// The left edge.
    pub x: i32,
    /// The upper edge.
    pub y: i32,
    /// 0 is not selected, 255 is wholly.
    pub grid: Grid,
}

/// What is selected anew; numbers are document pixels.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A rectangle: x, y, width, height.
    Rect([f64; 4]),
    /// The ellipse inside of a rectangle.
    Ellipse([f64; 4]),
    /// A closed line; where it crosses itself, every other part is inside.
    Polygon(Vec<[f64; 2]>),
}

/// How a new selection meets the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// The new one alone.
    Replace,
    /// Both.
    Add,
    /// The old one without the new one.
    Subtract,
    /// What both have.
    Intersect,
}

/// A change of a selection; numbers are pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Reaches further.
    Grow(f64),
    /// Reaches less far.
    Shrink(f64),
    /// Softer at its edge.
    Feather(f64),
    /// A band along its edge, half inside and half outside.
    Border(f64),
    /// What was not selected of the canvas.
    Invert,
}

/// The longest side that tiny-skia fills.
const MAX_FILL: u32 = 32_000;
/// The most pixels by which a selection is grown or feathered.
const MAX_BY: f64 = 2000.0;
/// More corners than any hand draws.
const MAX_POINTS: usize = 1 << 18;

impl Mask {
    /// Its rectangle in the document.
    #[must_use]
    pub fn area(&self) -> Area {
        Area { x: self.x, y: self.y, width: self.grid.width(), height: self.grid.height() }
    }

    /// Without the empty rows and columns around; `None` if nothing is selected.
    #[must_use]
    pub fn trimmed(self) -> Option<Self> {
        let content = self.grid.content();
        if content.is_empty() {
            return None;
        }
        if content == self.grid.area() {
            return Some(self);
        }
        let grid = self.grid.part(content, 0).ok()?;
        Some(Self { x: self.x + content.x, y: self.y + content.y, grid })
    }

    /// How much of a pixel is selected.
    #[must_use]
    pub fn at(&self, x: i64, y: i64) -> u8 {
        let (x, y) = (x - i64::from(self.x), y - i64::from(self.y));
        let inside = x >= 0
            && y >= 0
            && x < i64::from(self.grid.width())
            && y < i64::from(self.grid.height());
        if inside { self.grid.row(x as u32, y as u32, 1)[0] } else { 0 }
    }

    /// What it selects of an area.
    ///
    /// # Errors
    /// If the area is too large.
    pub fn over(&self, area: Area) -> Result<Self> {
        let own = Area { x: area.x - self.x, y: area.y - self.y, ..area };
        Ok(Self { x: area.x, y: area.y, grid: self.grid.part(own, 0)? })
    }
}

/// Fills a shape; `None` if it holds no pixel.
///
/// # Errors
/// If a number makes no sense or it is too large.
pub fn shape(shape: &Shape, antialias: bool) -> Result<Option<Mask>> {
    let [left, top, right, bottom] = extent(shape)?;
    let area = Area::between(
        left.floor() as i64,
        top.floor() as i64,
        right.ceil() as i64,
        bottom.ceil() as i64,
    );
    if area.is_empty() {
        return Ok(None);
    }
    area.check()?;
    let whole = [left, top, right, bottom].iter().all(|edge| edge.fract() == 0.0);
    if whole && matches!(shape, Shape::Rect(_)) {
        let grid = Grid::filled(area.width, area.height, &[255])?;
        return Ok(Some(Mask { x: area.x, y: area.y, grid }));
    }
    if area.width.max(area.height) > MAX_FILL {
        return Err(Error::Invalid(format!(
            "a selection like this is at most {MAX_FILL} pixels long"
        )));
    }
    let Some(path) = path(shape, area) else { return Ok(None) };
    let mut filled = tiny_skia::Mask::new(area.width, area.height)
        .ok_or_else(|| Error::Invalid("the selection is too large".into()))?;
    filled.fill_path(&path, FillRule::EvenOdd, antialias, Transform::identity());
    let grid = Grid::new(area.width, area.height, 1, filled.take())?;
    Ok(Mask { x: area.x, y: area.y, grid }.trimmed())
}

fn extent(shape: &Shape) -> Result<[f64; 4]> {
    let extent = match shape {
        Shape::Rect([x, y, width, height]) | Shape::Ellipse([x, y, width, height]) => {
            let far = |side: f64| if side.is_nan() { side } else { side.max(0.0) };
            [*x, *y, x + far(*width), y + far(*height)]
        }
        Shape::Polygon(points) => {
            if points.len() > MAX_POINTS {
                return Err(Error::Invalid("the line has too many corners".into()));
            }
            let empty = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
            let around = |[x0, y0, x1, y1]: [f64; 4], [x, y]: &[f64; 2]| {
                [x0.min(*x), y0.min(*y), x1.max(*x), y1.max(*y)]
            };
            if points.iter().flatten().any(|value| !value.is_finite()) {
                return Err(Error::Invalid("a corner of the selection is no number".into()));
            }
            if points.len() < 3 { [0.0; 4] } else { points.iter().fold(empty, around) }
        }
    };
    if extent.iter().any(|edge| !edge.is_finite() || edge.abs() > 2.4e6) {
        return Err(Error::Invalid("the selection lies where no picture reaches".into()));
    }
    Ok(extent)
}

fn path(shape: &Shape, area: Area) -> Option<tiny_skia::Path> {
    let (x, y) = (f64::from(area.x), f64::from(area.y));
    let rect = |[left, top, width, height]: [f64; 4]| {
        tiny_skia::Rect::from_xywh((left - x) as f32, (top - y) as f32, width as f32, height as f32)
    };
    match shape {
        Shape::Rect(numbers) => Some(PathBuilder::from_rect(rect(*numbers)?)),
        Shape::Ellipse(numbers) => PathBuilder::from_oval(rect(*numbers)?),
        Shape::Polygon(points) => {
            let mut builder = PathBuilder::new();
            for (index, [px, py]) in points.iter().enumerate() {
                let (px, py) = ((px - x) as f32, (py - y) as f32);
                if index == 0 { builder.move_to(px, py) } else { builder.line_to(px, py) }
            }
            builder.close();
            builder.finish()
        }
    }
}

/// Joins a new selection with the old one; `None` if nothing is left.
///
/// # Errors
/// If both together are too large.
pub fn combine(old: Option<&Mask>, op: Combine, new: Option<Mask>) -> Result<Option<Mask>> {
    let (Some(old), Some(new)) = (old, new.as_ref()) else {
        return Ok(match op {
            Combine::Replace => new,
            Combine::Add => new.or_else(|| old.cloned()),
            Combine::Subtract => old.cloned(),
            Combine::Intersect => None,
        });
    };
    let (area, join): (Area, fn(u8, u8) -> u8) = match op {
        Combine::Replace => return Ok(Some(new.clone())),
        Combine::Add => (old.area().join(new.area()), u8::max),
        Combine::Subtract => (old.area(), |old, new| old.min(255 - new)),
        Combine::Intersect => (old.area().meet(new.area()), u8::min),
    };
    let mut result = old.over(area)?;
    let other = new.over(area)?;
    for (value, other) in result.grid.bytes_mut().iter_mut().zip(other.grid.bytes()) {
        *value = join(*value, *other);
    }
    Ok(result.trimmed())
}

/// Changes a selection; `None` if nothing is left. `canvas` is what an inverted one may reach.
///
/// # Errors
/// If a number makes no sense or the result is too large.
pub fn modify(mask: &Mask, canvas: Area, change: Change) -> Result<Option<Mask>> {
    canvas.check()?;
    let checked = |by: f64| match by {
        0.0..=MAX_BY => Ok(by),
        _ => {
            Err(Error::Invalid(format!("a selection is changed by 0 to {MAX_BY} pixels, not {by}")))
        }
    };
    let changed = match change {
        Change::Grow(by) => spread(mask, checked(by)?, u8::max)?,
        Change::Shrink(by) => spread(mask, -checked(by)?, u8::min)?,
        Change::Feather(by) => feather(mask, checked(by)?)?,
        Change::Border(by) => {
            let half = checked(by)? / 2.0;
            let outer = spread(mask, half, u8::max)?;
            let inner = spread(mask, -half, u8::min)?;
            return combine(Some(&outer), Combine::Subtract, inner.trimmed());
        }
        Change::Invert => {
            let mut inverted = mask.over(canvas)?;
            inverted.grid.bytes_mut().iter_mut().for_each(|value| *value = 255 - *value);
            inverted
        }
    };
    Ok(changed.trimmed())
}

/// Moves the edge outwards by `by`, inwards where that is negative.
fn spread(mask: &Mask, by: f64, keep: fn(u8, u8) -> u8) -> Result<Mask> {
    let reach = by.abs().ceil() as u32 + 1;
    let area = if by > 0.0 { mask.area().grown(reach) } else { mask.area().grown(1) };
    let mut result = mask.over(area)?;
    // Signed distance from the edge, positive outside.
    let outside =
        distances(result.grid.bytes(), result.grid.width() as usize, |value| value >= 128);
    let inside = distances(result.grid.bytes(), result.grid.width() as usize, |value| value < 128);
    let values = result.grid.bytes_mut().par_iter_mut().zip(outside).zip(inside);
    values.for_each(|((value, outside), inside)| {
        let distance = if outside > 0.0 { outside - 0.5 } else { 0.5 - inside };
        let moved = ((by as f32 - distance + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8;
        *value = keep(*value, moved);
    });
    Ok(result)
}

fn feather(mask: &Mask, by: f64) -> Result<Mask> {
    if by < 0.1 {
        return Ok(mask.clone());
    }
    // Three boxes of this width have the variance of a Gaussian whose deviation is half of `by`.
    let sigma = by / 2.0;
    let radius = (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0).round().max(1.0) as usize;
    let mut result = mask.over(mask.area().grown(3 * radius as u32))?;
    let (width, height) = (result.grid.width() as usize, result.grid.height() as usize);
    let mut values: Vec<f32> = result.grid.bytes().iter().map(|value| f32::from(*value)).collect();
    let mut turned = vec![0.0; values.len()];
    for _ in 0..3 {
        values.par_chunks_mut(width).for_each(|row| blur(row, radius));
    }
    turned.par_chunks_mut(height).enumerate().for_each(|(x, column)| {
        for (y, value) in column.iter_mut().enumerate() {
            *value = values[y * width + x];
        }
        for _ in 0..3 {
            blur(column, radius);
        }
    });
    for (index, value) in result.grid.bytes_mut().iter_mut().enumerate() {
        // Conversion from f32 stays within a byte.
        *value = (turned[index % width * height + index / width] + 0.5) as u8;
    }
    Ok(result)
}

/// A moving mean over `2 * radius + 1` values; nothing lies beyond the ends.
fn blur(line: &mut [f32], radius: usize) {
    let old = line.to_vec();
    let share = 1.0 / (2 * radius + 1) as f64;
    let mut sum: f64 = old.iter().take(radius).map(|value| f64::from(*value)).sum();
    for (at, target) in line.iter_mut().enumerate() {
        sum += old.get(at + radius).map_or(0.0, |value| f64::from(*value));
        *target = (sum * share) as f32;
        sum -= at.checked_sub(radius).map_or(0.0, |first| f64::from(old[first]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f64, y: f64, width: f64, height: f64) -> Mask {
        shape(&Shape::Rect([x, y, width, height]), true).unwrap().expect("a rectangle")
    }

    fn sum(mask: &Mask) -> f64 {
        mask.grid.bytes().iter().map(|value| f64::from(*value) / 255.0).sum()
    }

    #[test]
    fn shapes_have_their_areas() {
        assert_eq!(sum(&rect(3.0, 4.0, 5.0, 6.0)), 30.0);
        assert!((sum(&rect(3.25, 4.5, 5.0, 6.5)) - 32.5).abs() < 0.3);
        let disc = shape(&Shape::Ellipse([10.0, 10.0, 80.0, 60.0]), true).unwrap().unwrap();
        // tiny-skia's own coverage is right to less than one per cent.
        assert!((sum(&disc) - std::f64::consts::PI * 40.0 * 30.0).abs() < 30.0, "{}", sum(&disc));
        let triangle = Shape::Polygon(vec![[0.0, 0.0], [40.0, 0.0], [0.0, 30.0]]);
        assert!((sum(&shape(&triangle, true).unwrap().unwrap()) - 600.0).abs() < 3.0);
        let hard = shape(&triangle, false).unwrap().unwrap();
        assert!(hard.grid.bytes().iter().all(|value| [0, 255].contains(value)));
    }

    #[test]
    fn what_is_no_shape_selects_nothing_or_is_refused() {
        for nothing in [
            Shape::Rect([1.0, 1.0, 0.0, 5.0]),
            Shape::Rect([1.0, 1.0, -3.0, 5.0]),
            Shape::Polygon(vec![[0.0, 0.0], [9.0, 9.0]]),
            Shape::Polygon(vec![[1.0, 1.0], [9.0, 9.0], [1.0, 1.0]]),
        ] {
            assert_eq!(shape(&nothing, true), Ok(None), "{nothing:?}");
        }
        for bad in [
            Shape::Rect([f64::NAN, 0.0, 1.0, 1.0]),
            Shape::Rect([0.0, 0.0, f64::NAN, 1.0]),
            Shape::Rect([0.0, 0.0, 1e9, 1.0]),
            Shape::Ellipse([0.0, 0.0, 200_000.0, 200_000.0]),
            Shape::Polygon(vec![[0.0, 0.0], [f64::INFINITY, 0.0], [1.0, 1.0]]),
        ] {
            assert!(shape(&bad, true).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn selections_combine_as_sets() {
        let (a, b) = (rect(0.0, 0.0, 10.0, 10.0), rect(5.0, 5.0, 10.0, 10.0));
        let area =
            |op| combine(Some(&a), op, Some(b.clone())).unwrap().map_or(0.0, |mask| sum(&mask));
        assert_eq!(area(Combine::Replace), 100.0);
        assert_eq!(area(Combine::Add), 175.0);
        assert_eq!(area(Combine::Subtract), 75.0);
        assert_eq!(area(Combine::Intersect), 25.0);
        assert_eq!(combine(Some(&a), Combine::Subtract, Some(a.clone())), Ok(None));
        assert_eq!(combine(None, Combine::Intersect, Some(a.clone())), Ok(None));
        assert_eq!(combine(None, Combine::Add, Some(a.clone())), Ok(Some(a.clone())));
        assert_eq!(combine(Some(&a), Combine::Subtract, None), Ok(Some(a)));
    }

    #[test]
    fn growing_and_shrinking_move_the_edge() {
        let mask = rect(20.0, 20.0, 40.0, 40.0);
        let canvas = Area { x: 0, y: 0, width: 100, height: 100 };
        let change = |change| modify(&mask, canvas, change).unwrap().expect("something is left");
        let grown = change(Change::Grow(5.0));
        // Straight sides move, corners become round.
        let wanted = 40.0 * 40.0 + 4.0 * 40.0 * 5.0 + std::f64::consts::PI * 25.0;
        assert!((sum(&grown) - wanted).abs() < 12.0, "{} {wanted}", sum(&grown));
        assert_eq!(grown.at(16, 40), 255);
        assert_eq!(grown.at(14, 40), 0);
        let shrunk = change(Change::Shrink(5.0));
        assert!((sum(&shrunk) - 900.0).abs() < 1.0, "{}", sum(&shrunk));
        let border = change(Change::Border(4.0));
        assert_eq!((border.at(40, 19), border.at(40, 21), border.at(40, 40)), (255, 255, 0));
        assert_eq!(modify(&mask, canvas, Change::Shrink(30.0)), Ok(None));
        let inverted = change(Change::Invert);
        assert_eq!(sum(&inverted), 10_000.0 - 1600.0);
        assert!(modify(&mask, canvas, Change::Grow(f64::NAN)).is_err());
        assert!(modify(&mask, canvas, Change::Feather(-1.0)).is_err());
    }

    #[test]
    fn feathering_keeps_the_whole_and_softens_the_edge() {
        let mask = rect(0.0, 0.0, 50.0, 50.0);
        let canvas = Area { x: 0, y: 0, width: 50, height: 50 };
        let soft = modify(&mask, canvas, Change::Feather(8.0)).unwrap().unwrap();
        assert!((sum(&soft) - 2500.0).abs() < 30.0, "{}", sum(&soft));
        assert_eq!(soft.at(25, 25), 255);
        assert!((100..156).contains(&soft.at(25, 0)), "{}", soft.at(25, 0));
    }
}
