//! Repainted pixels put back into their picture: outside the repainted region not one bit changes.

use crate::distance::distances;

/// Blends what was made into the picture that it was made for.
///
/// `original` and `made` are straight RGBA of 8 bits, `mask` has one byte for each pixel: 0 is kept
/// to the bit, 255 is repainted, between them the two are mixed. Along the region's edge the mix
/// goes on for `band` pixels inward, so that no seam shows; less where the region is thinner. The
/// picture's own border is no edge. All three have rows of `width` pixels.
#[must_use]
pub fn lock_pixels(original: &[u8], made: &[u8], mask: &[u8], width: usize, band: u32) -> Vec<u8> {
    let weights = weights(mask, width, band);
    let mut out = original.to_vec();
    for ((out, made), weight) in out.chunks_exact_mut(4).zip(made.chunks_exact(4)).zip(weights) {
        if weight >= 1.0 {
            out.copy_from_slice(made);
        } else if weight > 0.0 {
            mix(out, made, weight);
        }
    }
    out
}

/// How much of what was made each pixel takes, from 0 to 1.
fn weights(mask: &[u8], width: usize, band: u32) -> Vec<f32> {
    if band == 0 || !mask.contains(&0) {
        return mask.iter().map(|&level| f32::from(level) / 255.0).collect();
    }
    let distances = distances(mask, width, |level| level == 0);
    let deepest = distances.iter().copied().fold(0.0, f32::max);
    // The middle of a thin stroke is repainted whole, too.
    let band = (band as f32).min(deepest / 2.0);
    mask.iter()
        .zip(distances)
        .map(|(&level, distance)| {
            let depth = (distance / (band + 1.0)).min(1.0);
            f32::from(level) / 255.0 * depth * depth * (3.0 - 2.0 * depth)
        })
        .collect()
}

/// Colours are weighed by their alpha, so that what is transparent lends no colour.
fn mix(out: &mut [u8], made: &[u8], weight: f32) {
    let (kept, new) = ((1.0 - weight) * f32::from(out[3]), weight * f32::from(made[3]));
    let alpha = kept + new;
    if alpha > 0.0 {
        for channel in 0..3 {
            let sum = kept * f32::from(out[channel]) + new * f32::from(made[channel]);
            out[channel] = (sum / alpha).round() as u8;
        }
    }
    out[3] = alpha.round() as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 40;

    fn noise(count: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    /// White inside a disc.
    fn disc(radius: f32) -> Vec<u8> {
        let inside = |index: usize| {
            let (x, y) = ((index % WIDTH) as f32 - 20.0, (index / WIDTH) as f32 - 15.0);
            x.hypot(y) < radius
        };
        (0..WIDTH * 30).map(|index| if inside(index) { 255 } else { 0 }).collect()
    }

    #[test]
    fn outside_the_region_not_one_bit_changes_and_deep_inside_all_is_new() {
        let mask = disc(12.0);
        let (original, made) = (noise(mask.len() * 4, 1), noise(mask.len() * 4, 2));
        let locked = lock_pixels(&original, &made, &mask, WIDTH, 4);
        for (index, level) in mask.iter().enumerate() {
            let pixel = |picture: &[u8]| picture[index * 4..index * 4 + 4].to_vec();
            let (x, y) = ((index % WIDTH) as f32 - 20.0, (index / WIDTH) as f32 - 15.0);
            if *level == 0 {
                assert_eq!(pixel(&locked), pixel(&original), "pixel {index}");
            } else if x.hypot(y) < 6.0 {
                assert_eq!(pixel(&locked), pixel(&made), "pixel {index}");
            }
        }
    }

    #[test]
    fn along_the_edge_the_mix_grows_inward() {
        let mask = disc(12.0);
        let black = [0, 0, 0, 255].repeat(mask.len());
        let locked = lock_pixels(&black, &vec![255; black.len()], &mask, WIDTH, 4);
        let row: Vec<u8> = (8..=20).map(|x| locked[(15 * WIDTH + x) * 4]).collect();
        assert_eq!((row[0], row[12]), (0, 255), "{row:?}");
        assert!(row.windows(2).all(|pair| pair[0] <= pair[1]), "{row:?}");
        assert!(row.iter().filter(|&&level| level > 0 && level < 255).count() >= 3, "{row:?}");
    }

    #[test]
    fn a_thin_stroke_is_repainted_and_a_soft_mask_mixes() {
        let mut mask = vec![0; WIDTH * 30];
        mask[10 * WIDTH..13 * WIDTH].fill(255);
        let black = [0, 0, 0, 255].repeat(mask.len());
        let white = vec![255; black.len()];
        let locked = lock_pixels(&black, &white, &mask, WIDTH, 16);
        assert!(locked[11 * WIDTH * 4] > 200, "{}", locked[11 * WIDTH * 4]);

        let soft = vec![128; mask.len()];
        assert_eq!(lock_pixels(&black, &white, &soft, WIDTH, 16)[..4], [128, 128, 128, 255]);
    }

    #[test]
    fn without_a_kept_pixel_all_is_new() {
        let (original, made) = (noise(16, 4), noise(16, 5));
        assert_eq!(lock_pixels(&original, &made, &[255; 4], 2, 8), made);
        assert_eq!(lock_pixels(&original, &made, &[0; 4], 2, 8), original);
    }

    #[test]
    fn what_is_transparent_lends_no_colour() {
        let locked = lock_pixels(&[255, 0, 0, 0], &[0, 0, 255, 255], &[128], 1, 0);
        assert_eq!(locked, [0, 0, 255, 128]);
    }
}
