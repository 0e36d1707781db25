//! Pixels: RGBA for layers, one channel for masks; 8 or 16 bits a channel.

/// Bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Depth {
    /// 0 to 255.
    #[default]
    Eight,
    /// 0 to 65535.
    Sixteen,
}

impl Depth {
    /// 8 or 16.
    #[must_use]
    pub fn bits(self) -> u16 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }

    /// Bytes a channel takes.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::from(self.bits() / 8)
    }
}

/// Values of pixels, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Samples {
    /// 8 bits.
    Eight(Vec<u8>),
    /// 16 bits, the full range.
    Sixteen(Vec<u16>),
}

impl Samples {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Eight(samples) => samples.len(),
            Self::Sixteen(samples) => samples.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their depth.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match self {
            Self::Eight(_) => Depth::Eight,
            Self::Sixteen(_) => Depth::Sixteen,
        }
    }

    /// In another depth: 16 bits become 8 by rounding, 8 become 16 by × 257, so that a round trip
    /// from 8 loses nothing.
    #[must_use]
    pub fn to_depth(&self, depth: Depth) -> Self {
        match (self, depth) {
            (Self::Eight(samples), Depth::Sixteen) => {
                Self::Sixteen(samples.iter().map(|&level| u16::from(level) * 257).collect())
            }
            (Self::Sixteen(samples), Depth::Eight) => {
                let narrow = |&level: &u16| ((u32::from(level) + 128) / 257) as u8;
                Self::Eight(samples.iter().map(narrow).collect())
            }
            _ => self.clone(),
        }
    }
}

/// The number of samples is not what the size asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{given} values are not a picture of {width} × {height}")]
pub struct ShapeError {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Values that were given.
    pub given: usize,
}

fn check(width: u32, height: u32, channels: usize, samples: &Samples) -> Result<(), ShapeError> {
    let wanted = (width as usize)
        .checked_mul(height as usize)
        .and_then(|pixels| pixels.checked_mul(channels));
    if wanted == Some(samples.len()) {
        Ok(())
    } else {
        Err(ShapeError { width, height, given: samples.len() })
    }
}

/// RGBA with straight alpha, interleaved. Either side may be 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    width: u32,
    height: u32,
    samples: Samples,
}

impl Raster {
    /// `samples` holds `width * height * 4` values.
    ///
    /// # Errors
    /// If it does not.
    pub fn new(width: u32, height: u32, samples: Samples) -> Result<Self, ShapeError> {
        check(width, height, 4, &samples)?;
        Ok(Self { width, height, samples })
    }

    /// From 8-bit RGBA.
    ///
    /// # Errors
    /// If the length is not `width * height * 4`.
    pub fn from_rgba8(width: u32, height: u32, rgba: Vec<u8>) -> Result<Self, ShapeError> {
        Self::new(width, height, Samples::Eight(rgba))
    }

    /// No pixels at all.
    #[must_use]
    pub fn empty(depth: Depth) -> Self {
        let samples = match depth {
            Depth::Eight => Samples::Eight(Vec::new()),
            Depth::Sixteen => Samples::Sixteen(Vec::new()),
        };
        Self { width: 0, height: 0, samples }
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

    /// The values, four a pixel.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Bits a channel.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.samples.depth()
    }

    /// In another depth.
    #[must_use]
    pub fn to_depth(&self, depth: Depth) -> Self {
        Self { samples: self.samples.to_depth(depth), ..*self }
    }

    /// The values, without the raster around them.
    #[must_use]
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// The smallest part that holds every pixel with any alpha, and the pixels left and above of it;
    /// an empty raster if there are none.
    #[must_use]
    pub fn crop_to_content(&self) -> (u32, u32, Self) {
        match &self.samples {
            Samples::Eight(samples) => self.crop(samples, Samples::Eight),
            Samples::Sixteen(samples) => self.crop(samples, Samples::Sixteen),
        }
    }

    fn crop<T: Copy + Default + PartialEq>(
        &self,
        samples: &[T],
        wrap: fn(Vec<T>) -> Samples,
    ) -> (u32, u32, Self) {
        let clear = T::default();
        let (mut left, mut right) = (self.width as usize, 0);
        let (mut top, mut bottom) = (self.height as usize, 0);
        let rows = samples.chunks_exact((self.width as usize * 4).max(1));
        for (y, row) in rows.clone().enumerate() {
            let mut alphas = row.iter().skip(3).step_by(4);
            let Some(first) = alphas.clone().position(|alpha| *alpha != clear) else { continue };
            let last = alphas.rposition(|alpha| *alpha != clear).unwrap_or(first);
            left = left.min(first);
            right = right.max(last + 1);
            top = top.min(y);
            bottom = y + 1;
        }
        if bottom == 0 {
            return (0, 0, Self::empty(self.depth()));
        }
        let mut cropped = Vec::with_capacity((right - left) * (bottom - top) * 4);
        for row in rows.skip(top).take(bottom - top) {
            cropped.extend_from_slice(&row[left * 4..right * 4]);
        }
        let (width, height) = ((right - left) as u32, (bottom - top) as u32);
        (left as u32, top as u32, Self { width, height, samples: wrap(cropped) })
    }
}

/// One channel, as masks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    width: u32,
    height: u32,
    samples: Samples,
}

impl Plane {
    /// `samples` holds `width * height` values.
    ///
    /// # Errors
    /// If it does not.
    pub fn new(width: u32, height: u32, samples: Samples) -> Result<Self, ShapeError> {
        check(width, height, 1, &samples)?;
        Ok(Self { width, height, samples })
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

    /// The values, one a pixel.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Bits a value.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.samples.depth()
    }

    /// In another depth.
    #[must_use]
    pub fn to_depth(&self, depth: Depth) -> Self {
        Self { samples: self.samples.to_depth(depth), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cropping_keeps_every_pixel_with_any_alpha() {
        let mut rgba = vec![7; 5 * 4 * 4];
        for pixel in rgba.as_chunks_mut::<4>().0 {
            pixel[3] = 0;
        }
        for (x, y) in [(1, 2), (3, 1)] {
            rgba[(y * 5 + x) * 4 + 3] = 1;
        }
        let raster = Raster::from_rgba8(5, 4, rgba).unwrap();
        let (left, top, cropped) = raster.crop_to_content();
        assert_eq!((left, top, cropped.width(), cropped.height()), (1, 1, 3, 2));
        let alphas: Vec<u8> = match cropped.samples() {
            Samples::Eight(samples) => samples.iter().skip(3).step_by(4).copied().collect(),
            Samples::Sixteen(_) => panic!("8 bits"),
        };
        assert_eq!(alphas, [0, 0, 1, 1, 0, 0]);
        assert_eq!(cropped.crop_to_content(), (0, 0, cropped.clone()));
    }

    #[test]
    fn cropping_nothing_gives_an_empty_raster() {
        for raster in [
            Raster::from_rgba8(2, 1, vec![9, 9, 9, 0, 9, 9, 9, 0]).unwrap(),
            Raster::empty(Depth::Eight),
        ] {
            assert_eq!(raster.crop_to_content(), (0, 0, Raster::empty(Depth::Eight)));
        }
    }
}
