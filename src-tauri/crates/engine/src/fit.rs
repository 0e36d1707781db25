//! Pictures brought to the size that a model works at, and back.

use crate::{Image, Result, resample::lanczos};

/// The picture in another size; the same one where it has that size already.
///
/// # Errors
/// If a side is zero.
pub fn scaled(image: &Image, width: u32, height: u32) -> Result<Image> {
    lanczos(image, width, height)
}

/// The picture without transparency: what is not there goes on smoothly from what is around it, since
/// a model that is shown a picture reads colours and no alpha. White where there is nothing at all.
///
/// # Errors
/// None that the sizes of a picture allow.
pub fn filled(image: &Image) -> Result<Image> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if image.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255) {
        return Ok(image.clone());
    }
    let mut levels = vec![Weighed::of(image)];
    while let Some(last) = levels.last().filter(|level| level.width > 1 || level.height > 1) {
        levels.push(last.half());
    }
    // From the coarsest, which is one colour, to the finest: each takes from the one before what it lacks.
    let mut under = Weighed { width: 1, height: 1, pixels: vec![[1.0; 4]] };
    for level in levels.into_iter().rev() {
        under = level.over(&under);
    }
    let rgba = under.pixels.iter().flat_map(|&[red, green, blue, _]| {
        let byte = |value: f32| (value * 255.0).round().clamp(0.0, 255.0) as u8;
        [byte(red), byte(green), byte(blue), 255]
    });
    Image::new(width as u32, height as u32, rgba.collect())
}

/// Colours from 0 to 1, each times its weight, and the weight.
struct Weighed {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Weighed {
    fn of(image: &Image) -> Self {
        let pixels = image.rgba().chunks_exact(4).map(|pixel| {
            let alpha = f32::from(pixel[3]) / 255.0;
            let colour = |channel: usize| f32::from(pixel[channel]) / 255.0 * alpha;
            [colour(0), colour(1), colour(2), alpha]
        });
        Self {
            width: image.width() as usize,
            height: image.height() as usize,
            pixels: pixels.collect(),
        }
    }

    fn half(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = vec![[0.0; 4]; width * height];
        for (index, pixel) in self.pixels.iter().enumerate() {
            let into = &mut pixels[index / self.width / 2 * width + index % self.width / 2];
            for (sum, value) in into.iter_mut().zip(pixel) {
                *sum += value;
            }
        }
        for pixel in &mut pixels {
            let weight = pixel[3].max(1.0);
            for value in pixel {
                *value /= weight;
            }
        }
        Self { width, height, pixels }
    }

    fn over(&self, under: &Self) -> Self {
        let mut pixels = self.pixels.clone();
        for (index, pixel) in pixels.iter_mut().enumerate().filter(|(_, pixel)| pixel[3] < 1.0) {
            let share = 1.0 - pixel[3];
            let below = under.between(self, index % self.width, index / self.width);
            for (value, below) in pixel.iter_mut().zip(below) {
                *value += share * below;
            }
        }
        Self { width: self.width, height: self.height, pixels }
    }

    /// The colour where a finer level has a pixel, between the centres of four.
    fn between(&self, finer: &Self, x: usize, y: usize) -> [f32; 4] {
        let axis = |index: usize, from: usize, to: usize| {
            let centre = ((index as f32 + 0.5) * (to as f32 / from as f32) - 0.5).max(0.0);
            let low = (centre as usize).min(to - 1);
            (low, (low + 1).min(to - 1), centre - low as f32)
        };
        let (left, right, across) = axis(x, finer.width, self.width);
        let (top, bottom, down) = axis(y, finer.height, self.height);
        let at = |x: usize, y: usize| self.pixels[y * self.width + x];
        let mix = |a: [f32; 4], b: [f32; 4], share: f32| {
            std::array::from_fn(|channel| a[channel] * (1.0 - share) + b[channel] * share)
        };
        mix(
            mix(at(left, top), at(right, top), across),
            mix(at(left, bottom), at(right, bottom), across),
            down,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_and_what_is_not_there_goes_on_from_it() {
        let (width, height) = (21, 13);
        let pixel = |index: u32| match index % width {
            x @ 0..8 => [200, 10 + x as u8, 30, 255],
            _ => [0, 0, 0, 0],
        };
        let rgba: Vec<u8> = (0..width * height).flat_map(pixel).collect();
        let image = Image::new(width, height, rgba).expect("a picture");
        let whole = filled(&image).expect("filled");
        for (index, (was, is)) in
            image.rgba().chunks_exact(4).zip(whole.rgba().chunks_exact(4)).enumerate()
        {
            if was[3] == 255 {
                assert_eq!(was, is, "pixel {index} was there");
            }
            assert!(is[0].abs_diff(200) <= 1 && is[2].abs_diff(30) <= 1 && is[3] == 255, "{is:?}");
        }
    }

    #[test]
    fn nothing_becomes_white_and_the_whole_stays_as_it_is() {
        let nothing = Image::new(3, 2, vec![0; 24]).expect("a picture");
        assert!(filled(&nothing).expect("filled").rgba().iter().all(|&byte| byte == 255));
        let whole = Image::new(2, 1, vec![1, 2, 3, 255, 4, 5, 6, 255]).expect("a picture");
        assert_eq!(filled(&whole).expect("filled").rgba(), whole.rgba());
    }
}
