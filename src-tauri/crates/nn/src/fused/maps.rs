//! Loops over the planes of maps, `[b, c, h, w]` in f32, on all threads.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use crate::{
    slices::{buffer, read, read_planes},
    vectors::{sigmoid, widest},
};

/// `x · scale + shift` with a number of each for every plane, `[b, c]`, and then `silu` if it is wanted.
pub(crate) fn affine(x: &Tensor, scale: &Tensor, shift: &Tensor, is_silu: bool) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    if scale.elem_count() != b * c || shift.elem_count() != b * c {
        candle_core::bail!("{:?} are not for planes of {:?}", scale.dims(), x.dims());
    }
    let size = h * w;
    let mut out = buffer(b * c * size);
    read_planes(x, |x, stride| {
        read(scale, |scale| {
            read(shift, |shift| {
                out.par_chunks_mut(size.max(1)).enumerate().for_each(|(plane, out)| {
                    let x = &x[plane * stride..][..size];
                    moved(x, scale[plane], shift[plane], is_silu, out);
                });
            })
        })
    })???;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// Every pixel's channels over their length, times `gain [c]`, and then `silu` if it is wanted. Lengths
/// are at least `smallest`.
pub(crate) fn channel_norm(
    x: &Tensor,
    gain: &Tensor,
    smallest: f32,
    is_silu: bool,
) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    let size = h * w;
    let mut spreads = vec![0f32; b * size];
    let mut out = buffer(b * c * size);
    /// Pixels that a thread takes at a time.
    const PIECE: usize = 4096;
    read_planes(x, |x, stride| {
        spreads.par_chunks_mut(size.max(1)).enumerate().for_each(|(image, spreads)| {
            spreads.par_chunks_mut(PIECE).enumerate().for_each(|(piece, spreads)| {
                for channel in 0..c {
                    let from = (image * c + channel) * stride + piece * PIECE;
                    add_squares(&x[from..][..spreads.len()], spreads);
                }
                for spread in spreads.iter_mut() {
                    let length = spread.sqrt();
                    *spread = 1.0 / if length < smallest { smallest } else { length };
                }
            });
        });
        read(gain, |gain| {
            out.par_chunks_mut(size.max(1)).enumerate().for_each(|(plane, out)| {
                let x = &x[plane * stride..][..size];
                spread(x, &spreads[plane / c * size..][..size], gain[plane % c], is_silu, out);
            });
        })
    })??;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// Every pixel twice in both directions.
pub(crate) fn doubled(x: &Tensor) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    let mut out = buffer(4 * b * c * h * w);
    read_planes(x, |x, stride| {
        out.par_chunks_mut((4 * h * w).max(1)).enumerate().for_each(|(plane, out)| {
            for (row, out) in out.chunks_exact_mut(4 * w).enumerate() {
                let (first, second) = out.split_at_mut(2 * w);
                let line = &x[plane * stride + row * w..][..w];
                for (pair, value) in first.as_chunks_mut::<2>().0.iter_mut().zip(line) {
                    *pair = [*value; 2];
                }
                second.copy_from_slice(first);
            }
        });
    })?;
    Tensor::from_vec(out, (b, c, 2 * h, 2 * w), &Device::Cpu)
}

widest!(moved(x: &[f32], scale: f32, shift: f32, is_silu: bool, out: &mut [f32]), move_plane);
widest!(spread(x: &[f32], by: &[f32], gain: f32, is_silu: bool, out: &mut [f32]), spread_plane);
widest!(add_squares(x: &[f32], sums: &mut [f32]), add_squares_each);

#[inline(always)]
fn move_plane(x: &[f32], scale: f32, shift: f32, is_silu: bool, out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = x * scale + shift;
    }
    if is_silu {
        out.iter_mut().for_each(|out| *out *= sigmoid(*out));
    }
}

#[inline(always)]
fn spread_plane(x: &[f32], by: &[f32], gain: f32, is_silu: bool, out: &mut [f32]) {
    for ((out, x), by) in out.iter_mut().zip(x).zip(by) {
        *out = x * by * gain;
    }
    if is_silu {
        out.iter_mut().for_each(|out| *out *= sigmoid(*out));
    }
}

#[inline(always)]
fn add_squares_each(x: &[f32], sums: &mut [f32]) {
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum += x * x;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{same, wave, wide},
        *,
    };
    use crate::silu;

    #[test]
    fn loops_over_planes_give_what_single_operations_give() {
        let all = wave((2, 5, 9, 7), 0.37);
        let x = all.narrow(2, 3, 4).unwrap();
        let (scale, shift) = (wave((2, 5, 1, 1), 0.9), wave((2, 5, 1, 1), 0.4));
        let moved = wide(&x).broadcast_mul(&wide(&scale)).unwrap();
        let moved = moved.broadcast_add(&wide(&shift)).unwrap();
        same(&affine(&x, &scale, &shift, false).unwrap(), &moved);
        same(&affine(&x, &scale, &shift, true).unwrap(), &silu(&moved).unwrap());
        let gain = wave((1, 5, 1, 1), 1.9);
        let length = wide(&x).sqr().unwrap().sum_keepdim(1).unwrap().sqrt().unwrap();
        let normed = wide(&x).broadcast_div(&length).unwrap().broadcast_mul(&wide(&gain)).unwrap();
        same(&channel_norm(&x, &gain, 1e-12, false).unwrap(), &normed);
        same(&channel_norm(&x, &gain, 1e-12, true).unwrap(), &silu(&normed).unwrap());
        same(
            &doubled(&x).unwrap(),
            &wide(&x.contiguous().unwrap().upsample_nearest2d(8, 14).unwrap()),
        );
    }
}
