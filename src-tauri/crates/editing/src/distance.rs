//! How far pixels are from those of a kind.

use rayon::prelude::*;

/// The distance of each pixel of rows of `width` to the nearest one that `is_goal` holds for; 0 there,
/// and very far where there is none.
///
/// Method: Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions.
pub(crate) fn distances(bytes: &[u8], width: usize, is_goal: impl Fn(u8) -> bool) -> Vec<f32> {
    let far = 1e12f32;
    let mut squares: Vec<f32> =
        bytes.iter().map(|value| if is_goal(*value) { 0.0 } else { far }).collect();
    if squares.is_empty() {
        return squares;
    }
    let height = squares.len() / width;
    squares.par_chunks_mut(width).for_each(lower_envelope);
    let mut turned = vec![0.0; squares.len()];
    turned.par_chunks_mut(height).enumerate().for_each(|(x, column)| {
        for (y, value) in column.iter_mut().enumerate() {
            *value = squares[y * width + x];
        }
        lower_envelope(column);
    });
    squares.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        for (x, value) in row.iter_mut().enumerate() {
            *value = turned[x * height + y].sqrt();
        }
    });
    squares
}

/// The one-dimensional transform of squared distances, in place.
fn lower_envelope(line: &mut [f32]) {
    let length = line.len();
    let mut places = vec![0usize; length];
    let mut starts = vec![0f64; length + 1];
    let value = |line: &[f32], at: usize| f64::from(line[at]) + (at * at) as f64;
    let mut last = 0;
    (starts[0], starts[1]) = (f64::NEG_INFINITY, f64::INFINITY);
    for at in 1..length {
        loop {
            let place = places[last];
            let meet = (value(line, at) - value(line, place)) / (2 * (at - place)) as f64;
            if meet > starts[last]
                || last == 0 && starts[0] == f64::NEG_INFINITY && meet > f64::NEG_INFINITY
            {
                last += 1;
                places[last] = at;
                starts[last] = meet;
                starts[last + 1] = f64::INFINITY;
                break;
            }
            last -= 1;
        }
    }
    let old = line.to_vec();
    let mut part = 0;
    for (at, target) in line.iter_mut().enumerate() {
        while starts[part + 1] < at as f64 {
            part += 1;
        }
        let apart = at as f32 - places[part] as f32;
        *target = apart * apart + old[places[part]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_euclidean() {
        let (width, height) = (40, 30);
        let mut state = 3u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let bytes: Vec<u8> = (0..width * height).map(|_| u8::from(next() > 20)).collect();
        let found = distances(&bytes, width, |value| value == 0);
        for (index, &distance) in found.iter().enumerate() {
            let nearest = (0..bytes.len())
                .filter(|&other| bytes[other] == 0)
                .map(|other| {
                    let across = (other % width).abs_diff(index % width) as f32;
                    across.hypot((other / width).abs_diff(index / width) as f32)
                })
                .fold(f32::INFINITY, f32::min);
            assert!((distance - nearest).abs() < 1e-4, "pixel {index}: {distance}, not {nearest}");
        }
    }
}
