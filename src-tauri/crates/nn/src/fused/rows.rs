//! Loops over rows of f32, on all threads.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use crate::{
    slices::{buffer, read_rows},
    vectors::{sigmoid, sum, widest},
};

/// Rows that a thread takes at a time.
const BAND: usize = 8;

/// The last dimension and the count of rows of `x`.
fn matrix(x: &Tensor) -> (usize, usize) {
    let width = x.dims().last().copied().unwrap_or(1);
    (width, x.elem_count().checked_div(width).unwrap_or(0))
}

/// Which row of `[b, 1 or n, width]` belongs to a row of `[b, n, width]`.
fn row_of(x: &Tensor, other: &Tensor) -> Result<impl Fn(usize) -> usize + use<>> {
    let ((b, n, width), (other_b, other_n, other_width)) = (x.dims3()?, other.dims3()?);
    if other_width != width || ![1, n].contains(&other_n) || ![1, b].contains(&other_b) {
        candle_core::bail!("{:?} cannot be spread over {:?}", other.dims(), x.dims());
    }
    Ok(move |row: usize| {
        let (batch, row) = (row / n.max(1), row % n.max(1));
        batch.min(other_b - 1) * other_n + row.min(other_n - 1)
    })
}

pub(super) fn modulate(x: &Tensor, shift: &Tensor, scale: &Tensor, eps: f32) -> Result<Tensor> {
    let (width, count) = matrix(x);
    let (shift_of, scale_of) = (row_of(x, shift)?, row_of(x, scale)?);
    let mut out = buffer(count * width);
    read_rows(x, |x, stride| {
        read_rows(shift, |shift, shift_stride| {
            read_rows(scale, |scale, scale_stride| {
                let bands = out.par_chunks_mut(BAND * width.max(1)).enumerate();
                bands.for_each(|(band, out)| {
                    for (row, out) in out.chunks_exact_mut(width).enumerate() {
                        let row = band * BAND + row;
                        modulated(
                            &x[row * stride..][..width],
                            &shift[shift_of(row) * shift_stride..][..width],
                            &scale[scale_of(row) * scale_stride..][..width],
                            eps,
                            out,
                        );
                    }
                });
            })
        })
    })???;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

pub(super) fn gated_residual(x: &Tensor, y: &Tensor, gate: &Tensor) -> Result<Tensor> {
    let (width, count) = matrix(x);
    if x.dims() != y.dims() {
        candle_core::bail!("{:?} cannot be added to {:?}", y.dims(), x.dims());
    }
    let gate_of = row_of(x, gate)?;
    let mut out = buffer(count * width);
    read_rows(x, |x, x_stride| {
        read_rows(y, |y, y_stride| {
            read_rows(gate, |gate, gate_stride| {
                let bands = out.par_chunks_mut(BAND * width.max(1)).enumerate();
                bands.for_each(|(band, out)| {
                    for (row, out) in out.chunks_exact_mut(width).enumerate() {
                        let row = band * BAND + row;
                        added(
                            &x[row * x_stride..][..width],
                            &y[row * y_stride..][..width],
                            &gate[gate_of(row) * gate_stride..][..width],
                            out,
                        );
                    }
                });
            })
        })
    })???;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

pub(super) fn silu_gate(gate: &Tensor, up: &Tensor, before: Option<&Tensor>) -> Result<Tensor> {
    if gate.dims() != up.dims() {
        candle_core::bail!("a gate of {:?} does not fit {:?}", gate.dims(), up.dims());
    }
    let width = matrix(gate).0;
    read_rows(gate, |gate_rows, gate_stride| {
        read_rows(up, |up, up_stride| {
            beside(gate, before, |row, out| {
                gated(
                    &gate_rows[row * gate_stride..][..width],
                    &up[row * up_stride..][..width],
                    out,
                );
            })
        })
    })??
}

pub(super) fn gelu(x: &Tensor, before: Option<&Tensor>) -> Result<Tensor> {
    let width = matrix(x).0;
    read_rows(x, |rows, stride| {
        beside(x, before, |row, out| activated(&rows[row * stride..][..width], out))
    })?
}

/// Rows as long as those of `x` that `fill` writes, after those of `before`.
fn beside(
    x: &Tensor,
    before: Option<&Tensor>,
    fill: impl Fn(usize, &mut [f32]) + Sync,
) -> Result<Tensor> {
    let (width, count) = matrix(x);
    let first = before.map_or(0, |before| matrix(before).0);
    if before.is_some_and(|before| matrix(before).1 != count) {
        candle_core::bail!("rows of {:?} do not stand beside {before:?}", x.dims());
    }
    let all = first + width;
    let mut out = buffer(count * all);
    let mut make = |before: &[f32], stride: usize| {
        out.par_chunks_mut(BAND * all.max(1)).enumerate().for_each(|(band, out)| {
            for (row, out) in out.chunks_exact_mut(all).enumerate() {
                let row = band * BAND + row;
                out[..first].copy_from_slice(&before[row * stride..][..first]);
                fill(row, &mut out[first..]);
            }
        });
    };
    match before {
        Some(before) => read_rows(before, make)?,
        None => make(&[], 0),
    }
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = all;
    }
    Tensor::from_vec(out, dims, &Device::Cpu)
}

widest!(
    modulated(x: &[f32], shift: &[f32], scale: &[f32], eps: f32, out: &mut [f32]),
    modulate_row
);
widest!(added(x: &[f32], y: &[f32], gate: &[f32], out: &mut [f32]), add_row);
widest!(gated(gate: &[f32], up: &[f32], out: &mut [f32]), gate_row);
widest!(activated(x: &[f32], out: &mut [f32]), activate_row);

#[inline(always)]
fn modulate_row(x: &[f32], shift: &[f32], scale: &[f32], eps: f32, out: &mut [f32]) {
    let count = x.len() as f32;
    let mean = sum(x, |x| x) / count;
    let variance = sum(x, |x| (x - mean) * (x - mean)) / count;
    let spread = 1.0 / (variance + eps).sqrt();
    for (((out, x), shift), scale) in out.iter_mut().zip(x).zip(shift).zip(scale) {
        *out = (x - mean) * spread * (1.0 + scale) + shift;
    }
}

#[inline(always)]
fn add_row(x: &[f32], y: &[f32], gate: &[f32], out: &mut [f32]) {
    for (((out, x), y), gate) in out.iter_mut().zip(x).zip(y).zip(gate) {
        *out = x + y * gate;
    }
}

#[inline(always)]
fn gate_row(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
        *out = gate * sigmoid(*gate) * up;
    }
}

#[inline(always)]
fn activate_row(x: &[f32], out: &mut [f32]) {
    // (1 + tanh z) / 2 is the sigmoid of 2 z.
    let twice = 2.0 * (2.0 / std::f32::consts::PI).sqrt();
    for (out, x) in out.iter_mut().zip(x) {
        *out = x * sigmoid(twice * (x + 0.044_715 * x * x * x));
    }
}
