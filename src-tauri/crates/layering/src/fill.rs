//! Colours for places that have none.
//!
//! Method: Gortler et al., The Lumigraph, 1996, section 3.4.4 "pull-push".

/// Weighted colours become colours everywhere: known ones stay, the others follow their surroundings.
/// Each pixel is red, green and blue times its weight, and the weight, 0 to 1; without any weight all
/// are 0.
pub(crate) fn spread(width: usize, height: usize, pixels: &[[f32; 4]]) -> Vec<[f32; 3]> {
    let mut levels = vec![Level { width, height, pixels: pixels.to_vec() }];
    while let Some(level) = levels.last().filter(|level| level.width > 1 || level.height > 1) {
        let coarser = level.pull();
        levels.push(coarser);
    }
    let mut colors = vec![[0.0; 3]];
    let mut coarser: Option<&Level> = None;
    for level in levels.iter().rev() {
        colors = level.push(coarser, &colors);
        coarser = Some(level);
    }
    colors
}

struct Level {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Level {
    fn pull(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = vec![[0.0f32; 4]; width * height];
        for (row, y) in self.pixels.chunks_exact(self.width).zip(0..) {
            for (pixel, x) in row.iter().zip(0..) {
                let sum: &mut [f32; 4] = &mut pixels[y / 2 * width + x / 2];
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
        }
        for pixel in &mut pixels {
            // More than one known pixel is no better known than one.
            if pixel[3] > 1.0 {
                *pixel = pixel.map(|value| value / pixel[3]);
            }
        }
        Self { width, height, pixels }
    }

    fn push(&self, coarser: Option<&Self>, colors: &[[f32; 3]]) -> Vec<[f32; 3]> {
        let mut result = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let [red, green, blue, weight] = self.pixels[y * self.width + x];
                let around = match coarser {
                    _ if weight >= 1.0 => [0.0; 3],
                    Some(coarser) => coarser.around(x, y, colors),
                    None if weight > 0.0 => [red, green, blue].map(|value| value / weight),
                    None => [0.0; 3],
                };
                let mut color = [red, green, blue];
                for (value, around) in color.iter_mut().zip(around) {
                    *value += around * (1.0 - weight).max(0.0);
                }
                result.push(color);
            }
        }
        result
    }

    /// The colour at a pixel of the next finer level, with the weights 9, 3, 3 and 1 of 16.
    fn around(&self, x: usize, y: usize, colors: &[[f32; 3]]) -> [f32; 3] {
        let next = |place: usize, length: usize| {
            let other =
                if place.is_multiple_of(2) { (place / 2).saturating_sub(1) } else { place / 2 + 1 };
            other.min(length - 1)
        };
        let (near_x, near_y) = (x / 2, y / 2);
        let (far_x, far_y) = (next(x, self.width), next(y, self.height));
        let mut sum = [0.0; 3];
        for (x, y, weight) in
            [(near_x, near_y, 9.0), (far_x, near_y, 3.0), (near_x, far_y, 3.0), (far_x, far_y, 1.0)]
        {
            for (sum, value) in sum.iter_mut().zip(colors[y * self.width + x]) {
                *sum += value * weight / 16.0;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_stay_and_the_others_lie_between() {
        let (width, height) = (13, 7);
        let mut pixels = vec![[0.0; 4]; width * height];
        pixels[0] = [0.2, 0.0, 0.0, 1.0];
        pixels[width * height - 1] = [0.8, 0.0, 0.0, 1.0];
        let colors = spread(width, height, &pixels);
        assert_eq!(colors[0], [0.2, 0.0, 0.0]);
        assert_eq!(colors[width * height - 1], [0.8, 0.0, 0.0]);
        for color in &colors {
            assert!((0.2 - 1e-5..=0.8 + 1e-5).contains(&color[0]), "{}", color[0]);
        }
        assert!(colors[1][0] < colors[width * height - 2][0]);
    }

    #[test]
    fn nothing_known_is_nothing() {
        assert_eq!(spread(3, 2, &[[0.0; 4]; 6]), [[0.0; 3]; 6]);
    }
}
