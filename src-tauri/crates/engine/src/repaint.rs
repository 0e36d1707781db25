//! Repainting and extending: what the model gets of a picture, and what its answer becomes.

use std::sync::Arc;

use crate::{
    DEFAULT_SEAM, Error, Image, Inpaint, MAX_SIDE, Result, SIZE_STEP, Size,
    preprocess::{MAX_PIXELS, luma},
    resample::lanczos,
};

/// Pixels by which a picture grows on each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Margins {
    /// On the left.
    pub left: u32,
    /// Above.
    pub top: u32,
    /// On the right.
    pub right: u32,
    /// Below.
    pub bottom: u32,
}

impl Inpaint {
    /// A larger picture of which `picture` is a part; what is new is painted.
    ///
    /// # Errors
    /// If it does not grow, or grows too far.
    pub fn extending(picture: &Image, margins: Margins) -> Result<Self> {
        let Margins { left, top, right, bottom } = margins;
        if margins == Margins::default() {
            return Err(Error::InvalidRequest(
                "extending by nothing: say by how many pixels on at least one side".into(),
            ));
        }
        let side = |own: u32, before: u32, after: u32| {
            let side = u64::from(own) + u64::from(before) + u64::from(after);
            u32::try_from(side).ok().filter(|side| *side <= MAX_SIDE).ok_or_else(|| {
                Error::InvalidRequest(format!(
                    "the extended picture would have a side of {side} pixels: at most {MAX_SIDE}"
                ))
            })
        };
        let width = side(picture.width(), left, right)?;
        let height = side(picture.height(), top, bottom)?;
        let mut init = Vec::with_capacity(width as usize * height as usize * 4);
        let mut mask = Vec::with_capacity(init.capacity());
        for y in 0..height {
            let row = y.saturating_sub(top).min(picture.height() - 1);
            for x in 0..width {
                let column = x.saturating_sub(left).min(picture.width() - 1);
                // The border goes on outward: the seam blends into that, not into black.
                let index = (row * picture.width() + column) as usize * 4;
                init.extend_from_slice(&picture.rgba()[index..index + 4]);
                let is_own = x >= left && column == x - left && y >= top && row == y - top;
                mask.extend_from_slice(if is_own { &[0, 0, 0, 255] } else { &[255; 4] });
            }
        }
        Ok(Self {
            init: Arc::new(Image::new(width, height, init)?),
            mask: Arc::new(Image::new(width, height, mask)?),
            strength: 1.0,
            seam: DEFAULT_SEAM,
        })
    }
}

/// A picture on its way to the model and back.
pub(crate) struct Repaint<'a> {
    inpaint: &'a Inpaint,
    /// 0 is kept.
    levels: Vec<u8>,
    for_model: Inpaint,
}

impl<'a> Repaint<'a> {
    /// `asked` is the size that the model is to work at; without it, it works at the picture's.
    ///
    /// # Errors
    /// If nothing is to be repainted.
    pub(crate) fn new(inpaint: &'a Inpaint, asked: (Option<u32>, Option<u32>)) -> Result<Self> {
        let levels = levels(&inpaint.mask);
        if levels.iter().all(|&level| level == 0) {
            return Err(Error::InvalidRequest(
                "the mask is black everywhere: there is nothing to repaint".into(),
            ));
        }
        let init = &inpaint.init;
        let size = working_size((init.width(), init.height()), asked)?;
        let mask = touched_cells(&levels, (init.width(), init.height()), size)?;
        let for_model = Inpaint {
            init: Arc::new(lanczos(&on_white(init)?, size.width(), size.height())?),
            mask: Arc::new(mask),
            ..inpaint.clone()
        };
        Ok(Self { inpaint, levels, for_model })
    }

    /// Opaque, a whole number of latent positions large, whole positions repainted.
    pub(crate) fn for_model(&self) -> &Inpaint {
        &self.for_model
    }

    /// The picture at its own size: what was made where it is repainted, its own pixels elsewhere.
    ///
    /// # Errors
    /// If the resampler fails.
    pub(crate) fn finish(&self, made: &Image) -> Result<Image> {
        let Inpaint { init, seam, .. } = self.inpaint;
        let made = lanczos(made, init.width(), init.height())?;
        let width = init.width() as usize;
        let pixels = editing::lock_pixels(init.rgba(), made.rgba(), &self.levels, width, *seam);
        Image::new(init.width(), init.height(), pixels)
    }
}

/// How much of each pixel is repainted; what is transparent in a mask stays.
fn levels(mask: &Image) -> Vec<u8> {
    mask.rgba()
        .chunks_exact(4)
        .map(|pixel| (u32::from(luma(pixel)) * u32::from(pixel[3])).div_ceil(255) as u8)
        .collect()
}

/// At most a megapixel in whole latent positions, of the picture's shape where nothing else is asked.
fn working_size(own: (u32, u32), asked: (Option<u32>, Option<u32>)) -> Result<Size> {
    let (own_width, own_height) = (f64::from(own.0), f64::from(own.1));
    let of_shape = |side: u32, factor: f64| ((f64::from(side) * factor).round() as u32).max(1);
    let (width, height) = match asked {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, of_shape(width, own_height / own_width)),
        (None, Some(height)) => (of_shape(height, own_width / own_height), height),
        (None, None) => own,
    };
    // Upward, so that nothing of the picture is lost.
    let [across, down] = [width, height].map(|side| side.next_multiple_of(SIZE_STEP));
    if u64::from(across) * u64::from(down) <= u64::from(MAX_PIXELS) {
        return Size::new(across, down);
    }
    let pixels = f64::from(width) * f64::from(height);
    let scale = (f64::from(MAX_PIXELS) / pixels).sqrt().min(1.0);
    let side = |side: u32| ((f64::from(side) * scale) as u32).max(SIZE_STEP);
    Size::new(side(width), side(height))
}

/// White where a latent position covers a pixel that is repainted at all. The reference looks only at
/// the middle of each, and would not see a thin stroke.
fn touched_cells(levels: &[u8], (width, height): (u32, u32), size: Size) -> Result<Image> {
    let (columns, rows) = (size.width() / SIZE_STEP, size.height() / SIZE_STEP);
    let mut cells = vec![false; (columns * rows) as usize];
    // The cells that a pixel lies in, from the first to the last.
    let spans = |pixels: u32, cells: u32| -> Vec<(u32, u32)> {
        let cell = |edge: u64| (edge * u64::from(cells) / u64::from(pixels)) as u32;
        (0..u64::from(pixels))
            .map(|pixel| {
                let last = ((pixel + 1) * u64::from(cells) - 1) / u64::from(pixels);
                (cell(pixel), last as u32)
            })
            .collect()
    };
    let across = spans(width, columns);
    for (row, (top, bottom)) in levels.chunks_exact(width as usize).zip(spans(height, rows)) {
        for (_, &(left, right)) in row.iter().zip(&across).filter(|(level, _)| **level > 0) {
            for y in top..=bottom {
                cells[(y * columns + left) as usize..=(y * columns + right) as usize].fill(true);
            }
        }
    }
    let mut mask = Vec::with_capacity(size.width() as usize * size.height() as usize * 4);
    for y in 0..size.height() {
        for x in 0..size.width() {
            let is_touched = cells[(y / SIZE_STEP * columns + x / SIZE_STEP) as usize];
            mask.extend_from_slice(if is_touched { &[255; 4] } else { &[0, 0, 0, 255] });
        }
    }
    Image::new(size.width(), size.height(), mask)
}

/// The model sees no alpha, and what lies under transparent pixels is anything.
fn on_white(image: &Image) -> Result<Image> {
    let rgba = image.rgba().chunks_exact(4).flat_map(|pixel| {
        let alpha = u32::from(pixel[3]);
        let over = |level: u8| ((u32::from(level) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        [over(pixel[0]), over(pixel[1]), over(pixel[2]), 255]
    });
    Image::new(image.width(), image.height(), rgba.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, height: u32, level: impl Fn(u32, u32) -> u8) -> Arc<Image> {
        let at = |index: u32| level(index % width, index / width);
        let rgba = (0..width * height).flat_map(|index| [at(index), at(index), at(index), 255]);
        Arc::new(Image::new(width, height, rgba.collect()).unwrap())
    }

    fn size(own: (u32, u32), asked: (Option<u32>, Option<u32>)) -> (u32, u32) {
        let size = working_size(own, asked).unwrap();
        (size.width(), size.height())
    }

    #[test]
    fn the_model_works_at_whole_positions_of_at_most_a_megapixel() {
        assert_eq!(size((128, 96), (None, None)), (128, 96));
        assert_eq!(size((121, 1), (None, None)), (128, 16));
        assert_eq!(size((1023, 1025), (None, None)), (1008, 1024));
        assert_eq!(size((4096, 2048), (None, None)), (1440, 720));
        assert_eq!(size((100, 50), (Some(512), None)), (512, 256));
        assert_eq!(size((100, 50), (None, Some(512))), (1024, 512));
        assert_eq!(size((100, 50), (Some(640), Some(480))), (640, 480));
        assert_eq!(size((8192, 1), (None, None)), (8192, 16));
    }

    #[test]
    fn a_thin_stroke_reaches_the_model_and_what_is_kept_is_kept() {
        let init = gray(100, 60, |x, y| (x * 3 + y) as u8);
        let mask = gray(100, 60, |x, _| if (40..42).contains(&x) { 255 } else { 0 });
        let inpaint = Inpaint { init: Arc::clone(&init), mask, strength: 1.0, seam: 8 };
        let repaint = Repaint::new(&inpaint, (None, None)).unwrap();
        let model = repaint.for_model();
        assert_eq!((model.init.width(), model.init.height()), (112, 64));
        // Of seven positions across, the third holds the stroke.
        let cells: Vec<u8> = (0..7).map(|cell| model.mask.rgba()[cell * 64]).collect();
        assert_eq!(cells, [0, 0, 255, 0, 0, 0, 0]);

        let made = gray(112, 64, |_, _| 7);
        let finished = repaint.finish(&made).unwrap();
        for (index, pixel) in finished.rgba().chunks_exact(4).enumerate() {
            if !(40..42).contains(&(index % 100)) {
                assert_eq!(pixel, &init.rgba()[index * 4..index * 4 + 4], "pixel {index}");
            }
        }
        assert_ne!(finished, *init, "nothing was repainted");
    }

    #[test]
    fn an_extended_picture_holds_the_picture_and_repaints_the_rest() {
        let picture = gray(5, 4, |x, y| (10 * x + y) as u8);
        let margins = Margins { left: 2, top: 1, right: 0, bottom: 3 };
        let Inpaint { init, mask, .. } = Inpaint::extending(&picture, margins).unwrap();
        assert_eq!((init.width(), init.height()), (7, 8));
        for y in 0..8 {
            for x in 0..7 {
                let is_own = x >= 2 && (1..5).contains(&y);
                let index = (y * 7 + x) as usize * 4;
                assert_eq!(mask.rgba()[index], if is_own { 0 } else { 255 }, "{x}, {y}");
                if is_own {
                    let own = ((y - 1) * 5 + x - 2) as usize * 4;
                    assert_eq!(init.rgba()[index], picture.rgba()[own], "{x}, {y}");
                }
            }
        }
        assert!(Inpaint::extending(&picture, Margins::default()).is_err());
        let huge = Margins { left: u32::MAX, right: u32::MAX, ..Margins::default() };
        assert!(Inpaint::extending(&picture, huge).is_err());
    }

    #[test]
    fn a_mask_that_keeps_everything_is_refused() {
        let init = gray(16, 16, |_, _| 9);
        let transparent = Arc::new(Image::new(16, 16, [255, 255, 255, 0].repeat(256)).unwrap());
        for mask in [gray(16, 16, |_, _| 0), transparent] {
            let inpaint = Inpaint { init: Arc::clone(&init), mask, strength: 1.0, seam: 0 };
            let error = Repaint::new(&inpaint, (None, None)).err().unwrap().to_string();
            assert!(error.contains("nothing to repaint"), "{error}");
        }
    }
}
