//! Bytes in rows, and rectangles of them.

/// Why pixels cannot be made, as one plain sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A number that makes no sense here.
    #[error("{0}")]
    Invalid(String),
}

/// The result of an edit.
pub type Result<T> = std::result::Result<T, Error>;

/// The longest side of anything that is edited.
const MAX_SIDE: u32 = 300_000;
/// The most pixels: a gigabyte of RGBA.
const MAX_PIXELS: u64 = 1 << 28;

/// A rectangle in pixels; `x` and `y` may be negative, a side may be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// The left edge.
    pub x: i32,
    /// The upper edge.
    pub y: i32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Area {
    /// From its edges; the right and lower ones are outside. Empty where they are the wrong way round.
    #[must_use]
    pub fn between(left: i64, top: i64, right: i64, bottom: i64) -> Self {
        if left >= right || top >= bottom {
            return Self::default();
        }
        Self {
            x: left as i32,
            y: top as i32,
            width: (right - left) as u32,
            height: (bottom - top) as u32,
        }
    }

    /// The edge right of it.
    #[must_use]
    pub fn right(self) -> i64 {
        i64::from(self.x) + i64::from(self.width)
    }

    /// The edge below it.
    #[must_use]
    pub fn bottom(self) -> i64 {
        i64::from(self.y) + i64::from(self.height)
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// What both hold.
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        Self::between(
            i64::from(self.x.max(other.x)),
            i64::from(self.y.max(other.y)),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        )
    }

    /// The smallest that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self::between(
            i64::from(self.x.min(other.x)),
            i64::from(self.y.min(other.y)),
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        )
    }

    /// Larger by `by` on every side.
    #[must_use]
    pub fn grown(self, by: u32) -> Self {
        if self.is_empty() {
            return self;
        }
        let by = i64::from(by);
        Self::between(
            i64::from(self.x) - by,
            i64::from(self.y) - by,
            self.right() + by,
            self.bottom() + by,
        )
    }

    /// Refuses what is larger than any picture may be or lies where no document reaches.
    ///
    /// # Errors
    /// One sentence with the numbers.
    pub fn check(self) -> Result<Self> {
        let far = |edge: i64| edge.abs() > 8 * i64::from(MAX_SIDE);
        let edges = [i64::from(self.x), i64::from(self.y), self.right(), self.bottom()];
        let pixels = u64::from(self.width) * u64::from(self.height);
        if self.width.max(self.height) > MAX_SIDE
            || pixels > MAX_PIXELS
            || edges.into_iter().any(far)
        {
            return Err(Error::Invalid(format!(
                "{} × {} pixels at {}, {} are more than a picture can hold",
                self.width, self.height, self.x, self.y
            )));
        }
        Ok(self)
    }
}

/// Bytes of pixels: four channels for pictures, one for masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    width: u32,
    height: u32,
    channels: usize,
    bytes: Vec<u8>,
}

impl Grid {
    /// `bytes` holds `width * height * channels` of them.
    ///
    /// # Errors
    /// If it does not.
    pub fn new(width: u32, height: u32, channels: usize, bytes: Vec<u8>) -> Result<Self> {
        let wanted = width as usize * height as usize * channels;
        if bytes.len() != wanted {
            let given = bytes.len();
            return Err(Error::Invalid(format!("{given} bytes are not {width} × {height} pixels")));
        }
        Ok(Self { width, height, channels, bytes })
    }

    /// A picture whose bytes were counted from its size.
    ///
    /// # Panics
    /// If they were not.
    #[must_use]
    pub fn rgba(width: u32, height: u32, bytes: Vec<u8>) -> Self {
        assert_eq!(bytes.len(), width as usize * height as usize * 4, "{width} × {height}");
        Self { width, height, channels: 4, bytes }
    }

    /// As [`Self::new`], where the bytes were counted from the size.
    pub(crate) fn of(width: u32, height: u32, channels: usize, bytes: Vec<u8>) -> Self {
        debug_assert_eq!(bytes.len(), width as usize * height as usize * channels);
        Self { width, height, channels, bytes }
    }

    /// The same value everywhere.
    ///
    /// # Errors
    /// If it is too large.
    pub fn filled(width: u32, height: u32, pixel: &[u8]) -> Result<Self> {
        Area { x: 0, y: 0, width, height }.check()?;
        let pixels = width as usize * height as usize;
        let bytes = match pixel {
            [value] => vec![*value; pixels],
            _ if pixel.iter().all(|value| *value == 0) => vec![0; pixels * pixel.len()],
            _ => pixel.repeat(pixels),
        };
        Ok(Self { width, height, channels: pixel.len(), bytes })
    }

    /// Pixels across.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bytes of a pixel.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All bytes, without the grid.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Its rectangle, with the corner at 0, 0.
    #[must_use]
    pub fn area(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// Bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.width as usize * self.channels
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The bytes of row `y` from `x` on, `count` pixels; all inside.
    pub(crate) fn row(&self, x: u32, y: u32, count: u32) -> &[u8] {
        let start = y as usize * self.stride() + x as usize * self.channels;
        &self.bytes[start..start + count as usize * self.channels]
    }

    /// Writes another grid at `x`, `y`; what reaches outside is left out.
    pub fn put(&mut self, x: u32, y: u32, other: &Self) {
        let place = Area { x: x as i32, y: y as i32, width: other.width, height: other.height };
        let both = place.meet(self.area());
        let stride = self.stride();
        for row in 0..both.height {
            let source = other.row(0, row, both.width);
            let start = (y + row) as usize * stride + x as usize * self.channels;
            self.bytes[start..start + source.len()].copy_from_slice(source);
        }
    }

    /// A part in its own coordinates; what lies outside of the grid is `outside`.
    ///
    /// # Errors
    /// If the part is too large.
    pub fn part(&self, area: Area, outside: u8) -> Result<Self> {
        area.check()?;
        let mut part = Self::filled(area.width, area.height, &vec![outside; self.channels])?;
        let both = area.meet(self.area());
        for row in 0..both.height {
            let source = self.row(both.x as u32, both.y as u32 + row, both.width);
            let x = (both.x - area.x) as usize * self.channels;
            let y = (both.y - area.y) as usize + row as usize;
            let start = y * part.stride() + x;
            part.bytes[start..start + source.len()].copy_from_slice(source);
        }
        Ok(part)
    }

    /// The smallest rectangle that holds every pixel whose last channel is not zero.
    #[must_use]
    pub fn content(&self) -> Area {
        let (mut left, mut top, mut right, mut bottom) = (i64::MAX, i64::MAX, 0, 0);
        if self.width == 0 {
            return Area::default();
        }
        for (y, row) in (0i64..).zip(self.bytes.chunks_exact(self.stride())) {
            let mut values = row.iter().skip(self.channels - 1).step_by(self.channels);
            let Some(first) = values.clone().position(|value| *value > 0) else { continue };
            let last = values.rposition(|value| *value > 0).unwrap_or(first);
            left = left.min(first as i64);
            right = right.max(last as i64 + 1);
            top = top.min(y);
            bottom = y + 1;
        }
        Area::between(left, top, right, bottom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_reaches_outside_is_padded() {
        let grid = Grid::new(2, 1, 1, vec![7, 8]).unwrap();
        let part = grid.part(Area { x: -1, y: 0, width: 4, height: 2 }, 9).unwrap();
        assert_eq!(part.bytes(), [9, 7, 8, 9, 9, 9, 9, 9]);
    }

    #[test]
    fn content_is_found_and_nothing_has_none() {
        let grid = Grid::new(3, 3, 1, vec![0, 0, 0, 0, 0, 5, 0, 6, 0]).unwrap();
        assert_eq!(grid.content(), Area { x: 1, y: 1, width: 2, height: 2 });
        assert!(Grid::filled(3, 3, &[0]).unwrap().content().is_empty());
        assert!(Grid::filled(0, 3, &[0]).unwrap().content().is_empty());
    }

    #[test]
    fn hostile_sizes_are_refused_before_memory_is_taken() {
        assert!(Grid::filled(u32::MAX, u32::MAX, &[0; 4]).is_err());
        assert!(Area { x: i32::MIN, y: 0, width: 1, height: 1 }.check().is_err());
        assert!(Grid::new(2, 2, 4, vec![0; 15]).is_err());
    }
}
