//! Where the edges of the source lie inside of the model's soft ones.
//!
//! Method: He, Sun, Tang, Guided Image Filtering, 2010, with a colour guide; the coefficients come from
//! the small pictures as in He, Sun, Fast Guided Filter, 2015. Near an edge between two colours alpha is
//! a linear function of the colour, for the small picture and for the large one alike. So its slope,
//! found in the small one, tells what the details of the large one mean for alpha.

use rayon::prelude::*;

use crate::resize::Small;

/// Half a window's side, in pixels of the model.
const RADIUS: usize = 2;
/// How much the colours of a window must differ before they say anything about alpha: the square of
/// about 2 levels of 255.
const EPSILON: f32 = 1e-4;

/// What the windows of a small picture hold, for any number of alphas.
pub(crate) struct Guide<'a> {
    small: &'a Small,
    mean: Vec<[f32; 3]>,
    /// The inverted covariance of the colours: rr, rg, rb, gg, gb, bb.
    inverse: Vec<[f32; 6]>,
}

impl<'a> Guide<'a> {
    pub(crate) fn new(small: &'a Small) -> Self {
        let products: Vec<[f32; 9]> = small
            .pixels
            .iter()
            .map(|&[r, g, b, _]| [r, g, b, r * r, r * g, r * b, g * g, g * b, b * b])
            .collect();
        let means = window_means(small.width, small.height, &products);
        let inverse = means.iter().map(|means| inverted_covariance(*means)).collect();
        let mean = means.iter().map(|&[r, g, b, ..]| [r, g, b]).collect();
        Self { small, mean, inverse }
    }

    /// How alpha changes with red, green and blue around each pixel.
    pub(crate) fn slopes(&self, alpha: &[f32]) -> Vec<[f32; 3]> {
        let (width, height) = (self.small.width, self.small.height);
        let products: Vec<[f32; 4]> = self
            .small
            .pixels
            .iter()
            .zip(alpha)
            .map(|(&[r, g, b, _], alpha)| [r * alpha, g * alpha, b * alpha, *alpha])
            .collect();
        let means = window_means(width, height, &products);
        let slopes: Vec<[f32; 3]> = means
            .iter()
            .zip(&self.mean)
            .zip(&self.inverse)
            .map(|((&[r, g, b, alpha], mean), inverse)| {
                let [x, y, z] = [r - mean[0] * alpha, g - mean[1] * alpha, b - mean[2] * alpha];
                let [rr, rg, rb, gg, gb, bb] = *inverse;
                [rr * x + rg * y + rb * z, rg * x + gg * y + gb * z, rb * x + gb * y + bb * z]
            })
            .collect();
        window_means(width, height, &slopes)
    }
}

fn inverted_covariance([r, g, b, rr, rg, rb, gg, gb, bb]: [f32; 9]) -> [f32; 6] {
    let (rr, rg, rb) = (rr - r * r + EPSILON, rg - r * g, rb - r * b);
    let (gg, gb, bb) = (gg - g * g + EPSILON, gb - g * b, bb - b * b + EPSILON);
    let first = gg * bb - gb * gb;
    let second = rb * gb - rg * bb;
    let third = rg * gb - rb * gg;
    let determinant = rr * first + rg * second + rb * third;
    // Below this the rounding of the sums is larger than what they say.
    if determinant < EPSILON * EPSILON * EPSILON * 0.5 {
        return [0.0; 6];
    }
    let last = [rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg];
    [first, second, third, last[0], last[1], last[2]].map(|value| value / determinant)
}

/// The mean over the window around each pixel, as much of it as lies inside.
fn window_means<const N: usize>(width: usize, height: usize, values: &[[f32; N]]) -> Vec<[f32; N]> {
    let mut rows = vec![[0.0; N]; values.len()];
    rows.par_chunks_mut(width.max(1)).zip(values.par_chunks(width.max(1))).for_each(
        |(target, row)| {
            for (x, mean) in target.iter_mut().enumerate() {
                let window = &row[x.saturating_sub(RADIUS)..(x + RADIUS + 1).min(width)];
                *mean = mean_of(window.iter());
            }
        },
    );
    let mut result = vec![[0.0; N]; values.len()];
    result.par_chunks_mut(width.max(1)).enumerate().for_each(|(y, target)| {
        let window = y.saturating_sub(RADIUS)..(y + RADIUS + 1).min(height);
        for (x, mean) in target.iter_mut().enumerate() {
            *mean = mean_of(window.clone().map(|y| &rows[y * width + x]));
        }
    });
    result
}

fn mean_of<'a, const N: usize>(window: impl ExactSizeIterator<Item = &'a [f32; N]>) -> [f32; N] {
    let scale = 1.0 / window.len().max(1) as f32;
    let mut sum = [0.0; N];
    for values in window {
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    }
    sum.map(|sum| sum * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_that_follows_the_colour_has_its_slope() {
        let (width, height) = (16, 16);
        let red = |x: usize, y: usize| ((x * 7 + y * 5) % 16) as f32 / 16.0;
        let places = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = places().map(|(x, y)| [red(x, y), 0.5, 0.5, 1.0]).collect();
        let small = Small { width, height, pixels };
        let alpha: Vec<f32> = places().map(|(x, y)| red(x, y) * 0.8 + 0.1).collect();
        for slope in Guide::new(&small).slopes(&alpha) {
            assert!((slope[0] - 0.8).abs() < 0.01, "{slope:?}");
            assert!(slope[1].abs() < 0.01 && slope[2].abs() < 0.01, "{slope:?}");
        }
    }

    #[test]
    fn a_plain_picture_says_nothing() {
        let small = Small { width: 6, height: 4, pixels: vec![[0.7, 0.7, 0.7, 1.0]; 24] };
        let alpha: Vec<f32> = (0..24).map(|index| (index % 2) as f32).collect();
        for slope in Guide::new(&small).slopes(&alpha) {
            assert!(slope.iter().all(|value| value.abs() < 0.1), "{slope:?}");
        }
    }
}
