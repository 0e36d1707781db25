//! What stands between the products of a block: norms, positions, gates.

use candle_core::{DType, Result, Tensor};

use super::launch::{Launch, has_whole_rows, is_half};
use crate::rotary::Table;

/// Which numbers of a head turn against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Neighbours.
    Pairs,
    /// The first half against the second.
    Halves,
}

/// Where the row of a modulation of `x [b, n, width]` lies: numbers from one batch to the next, and from
/// one token to the next.
fn modulation_strides(x: &Tensor, modulation: &Tensor) -> Result<Option<[usize; 2]>> {
    let ((batch, tokens, width), (own, rows, size)) = (x.dims3()?, modulation.dims3()?);
    let fits = (own == batch || own == 1) && (rows == tokens || rows == 1) && size == width;
    if !fits || modulation.dtype() != x.dtype() || !has_whole_rows(modulation) {
        return Ok(None);
    }
    let stride = modulation.layout().stride();
    let step = |dim: usize, index: usize| if dim == 1 { 0 } else { stride[index] };
    Ok(Some([step(own, 0), step(rows, 1)]))
}

/// `norm(x) (1 + scale) + shift`, normalised over the last dimension; `x [b, n, width]`, `shift` and
/// `scale` `[b, 1 or n, width]`.
///
/// # Errors
/// If the card refuses.
pub(crate) fn modulate(
    x: &Tensor,
    shift: &Tensor,
    scale: &Tensor,
    eps: f32,
) -> Result<Option<Tensor>> {
    let (batch, tokens, width) = x.dims3()?;
    let strides = (modulation_strides(x, shift)?, modulation_strides(x, scale)?);
    let (Some(strides), Some(same)) = strides else { return Ok(None) };
    if !is_half(x) || strides != same || !has_whole_rows(x) {
        return Ok(None);
    }
    let x = x.contiguous()?;
    Launch::for_format("modulate", x.dtype())
        .tensor(&x)
        .tensor(shift)
        .tensor(scale)
        .output(x.shape(), x.dtype())
        .int(tokens)?
        .int(width)?
        .longs(&strides)
        .float(eps)
        .grid(batch * tokens, 1)?
        .make()
        .map(Some)
}

/// `x + y · gate`, f16 kept finite; `x` and `y` `[b, n, width]`, `gate [b, 1 or n, width]`.
///
/// # Errors
/// If the card refuses.
#[cfg_attr(not(test), expect(dead_code, reason = "until models ask for it"))]
pub(crate) fn gated_residual(x: &Tensor, y: &Tensor, gate: &Tensor) -> Result<Option<Tensor>> {
    let (batch, tokens, width) = x.dims3()?;
    let Some(strides) = modulation_strides(x, gate)? else { return Ok(None) };
    if !is_half(x) || y.dtype() != x.dtype() || y.dims() != x.dims() || !width.is_multiple_of(8) {
        return Ok(None);
    }
    let (x, y) = (whole(x)?, whole(y)?);
    Launch::for_format("gated_residual", x.dtype())
        .tensor(&x)
        .tensor(&y)
        .tensor(gate)
        .output(x.shape(), x.dtype())
        .long(batch * tokens)
        .int(tokens)?
        .int(width)?
        .longs(&strides)
        .covering(batch * tokens * width / 8)?
        .make()
        .map(Some)
}

/// Contiguous, from a multiple of 16 bytes on.
fn whole(x: &Tensor) -> Result<Tensor> {
    if x.is_contiguous() && x.layout().start_offset().is_multiple_of(8) {
        return Ok(x.clone());
    }
    x.force_contiguous()
}

/// `silu(gate) · up` of two tensors of one shape, whose rows may lie apart.
///
/// # Errors
/// If the card refuses.
#[cfg_attr(not(test), expect(dead_code, reason = "until models ask for it"))]
pub(crate) fn gated_product(gate: &Tensor, up: &Tensor) -> Result<Option<Tensor>> {
    let rows = |x: &Tensor| -> Option<usize> {
        // All dimensions but the last are one: each next row lies as far away.
        let (dims, stride) = (x.dims(), x.layout().stride());
        let mut apart = None;
        let mut expected = 0;
        for (dim, stride) in dims.iter().zip(stride).rev().skip(1) {
            match apart {
                _ if *dim == 1 => {}
                None => (apart, expected) = (Some(*stride), stride * dim),
                Some(_) if *stride == expected => expected *= dim,
                Some(_) => return None,
            }
        }
        Some(apart.unwrap_or(0))
    };
    let is_even = has_whole_rows(gate) && has_whole_rows(up) && is_half(gate);
    let is_same = gate.dims() == up.dims() && gate.dtype() == up.dtype();
    let (Some(gate_row), Some(up_row)) = (rows(gate), rows(up)) else { return Ok(None) };
    if !is_even || !is_same {
        return Ok(None);
    }
    let width = gate.dims().last().copied().unwrap_or(0);
    Launch::for_format("gated_product", gate.dtype())
        .tensor(gate)
        .tensor(up)
        .output(gate.shape(), gate.dtype())
        .long(gate.elem_count() / width.max(1))
        .int(width)?
        .longs(&[gate_row, up_row])
        .covering(gate.elem_count() / 8)?
        .make()
        .map(Some)
}

/// `x / √(mean x² + eps) · weight` over the last dimension.
///
/// # Errors
/// If the card refuses.
pub(crate) fn rms_norm(x: &Tensor, weight: &Tensor, eps: f32) -> Result<Option<Tensor>> {
    let width = weight.elem_count();
    let fits = x.dims().last() == Some(&width) && width > 0;
    if !is_half(x) || weight.dtype() != x.dtype() || !weight.is_contiguous() || !fits {
        return Ok(None);
    }
    let x = x.contiguous()?;
    Launch::for_format("rms_norm", x.dtype())
        .tensor(&x)
        .tensor(weight)
        .output(x.shape(), x.dtype())
        .int(width)?
        .float(eps)
        .threads(width.div_ceil(32).clamp(1, 8) * 32)
        .grid(x.elem_count() / width, 1)?
        .make()
        .map(Some)
}

/// Rows `[b, n, heads · d]`, which may lie apart, to `[b, heads, n, d]`: a norm over each head where
/// there is a weight, and positions where there are any.
///
/// # Errors
/// If the card refuses.
pub(crate) fn heads(
    x: &Tensor,
    count: usize,
    norm: Option<(&Tensor, f32)>,
    rope: Option<(&Table, Turn)>,
) -> Result<Option<Tensor>> {
    let (batch, tokens, width) = x.dims3()?;
    let (d, stride) = (width / count.max(1), x.layout().stride());
    let lies_in_rows = stride[2] == 1 && (batch == 1 || stride[0] == tokens * stride[1]);
    let fits_norm = norm.is_none_or(|(weight, _)| {
        weight.dtype() == x.dtype() && weight.elem_count() == d && weight.is_contiguous()
    });
    let fits_table = |table: &Tensor| {
        table.dims() == [tokens, d / 2] && table.dtype() == DType::F32 && table.is_contiguous()
    };
    let fits_rope = rope.is_none_or(|(table, _)| fits_table(&table.cos) && fits_table(&table.sin));
    let is_even = d * count == width && d.is_multiple_of(2) && (2..=512).contains(&d);
    if !is_half(x) || !lies_in_rows || !fits_norm || !fits_rope || !is_even {
        return Ok(None);
    }
    let all = batch * tokens * count;
    let turn = match rope {
        None => 0,
        Some((_, Turn::Pairs)) => 1,
        Some((_, Turn::Halves)) => 2,
    };
    Launch::for_format("heads", x.dtype())
        .tensor(x)
        .optional(norm.map(|(weight, _)| weight))
        .optional(rope.map(|(table, _)| &table.cos))
        .optional(rope.map(|(table, _)| &table.sin))
        .output((batch, count, tokens, d), x.dtype())
        .long(all)
        .int(tokens)?
        .int(count)?
        .int(d)?
        .long(if tokens == 1 && batch > 1 { stride[0] } else { stride[1] })
        .float(norm.map_or(0.0, |(_, eps)| eps))
        .int(turn)?
        .covering(all * 32)?
        .make()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device};

    use super::super::testing::{FORMATS, distance, machine, noise, placed, rounded, rounding};
    use super::*;

    /// The mean is far from 0, so that variances taken as differences of squares would show.
    #[test]
    fn modulated_norms_are_those_of_the_processor() {
        let Some(machine) = machine() else { return };
        for dtype in FORMATS {
            for (rows, width) in [(1, 3072), (1, 24), (5, 264)] {
                let x = noise((2, 5, width), 1, 3.0);
                // As the models have it: parts of one wide row.
                let both = noise((2, rows, 2 * width), 2, 0.0);
                let part =
                    |x: &Tensor, index: usize| x.narrow(D::Minus1, index * width, width).unwrap();
                let wide = rounded(&both, dtype);
                let x_wide = rounded(&x, dtype);
                let mean = x_wide.mean_keepdim(D::Minus1).unwrap();
                let centred = x_wide.broadcast_sub(&mean).unwrap();
                let variance = centred.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
                let expected = centred
                    .broadcast_div(&(variance + 1e-6).unwrap().sqrt().unwrap())
                    .unwrap()
                    .broadcast_mul(&(part(&wide, 1) + 1.0).unwrap())
                    .unwrap()
                    .broadcast_add(&part(&wide, 0))
                    .unwrap();
                let both = placed(&both, dtype, &machine);
                let (shift, scale) = (part(&both, 0), part(&both, 1));
                let made = modulate(&placed(&x, dtype, &machine), &shift, &scale, 1e-6);
                let far = distance(&made.unwrap().expect("it fits"), &expected);
                assert!(far < rounding(dtype), "{far} at {width}, {dtype:?}");
            }
        }
    }

    #[test]
    fn gates_are_those_of_the_processor() {
        let Some(machine) = machine() else { return };
        for dtype in FORMATS {
            let (x, y, gate) =
                (noise((2, 3, 48), 1, 0.0), noise((2, 3, 48), 2, 0.0), noise((2, 1, 48), 3, 0.0));
            let wide = [&x, &y, &gate].map(|x| rounded(x, dtype));
            let expected = (&wide[0] + wide[1].broadcast_mul(&wide[2]).unwrap()).unwrap();
            let [x, y, gate] = [&x, &y, &gate].map(|x| placed(x, dtype, &machine));
            let made = gated_residual(&x, &y, &gate).unwrap().expect("it fits");
            assert!(distance(&made, &expected) < rounding(dtype));

            let both = noise((2, 3, 96), 4, 0.0);
            let halves = rounded(&both, dtype).chunk(2, D::Minus1).unwrap();
            let expected = (candle_nn::ops::silu(&halves[0]).unwrap() * &halves[1]).unwrap();
            let halves = placed(&both, dtype, &machine).chunk(2, D::Minus1).unwrap();
            let made = gated_product(&halves[0], &halves[1]).unwrap().expect("it fits");
            assert!(distance(&made, &expected) < rounding(dtype));
        }
        let large = Tensor::full(6e4f32, (1, 1, 8), &machine).unwrap();
        let large = large.to_dtype(DType::F16).unwrap();
        let made = gated_residual(&large, &large, &large.ones_like().unwrap()).unwrap();
        let made = made.expect("it fits").to_dtype(DType::F32).unwrap().flatten_all().unwrap();
        assert_eq!(made.to_vec1::<f32>().unwrap(), [65504.0; 8], "f16 ends there");
    }

    #[test]
    fn root_mean_squares_are_those_of_the_processor() {
        let Some(machine) = machine() else { return };
        for dtype in FORMATS {
            for width in [1, 20, 128, 2560] {
                let (x, weight) = (noise((3, 2, width), 1, 0.2), noise(width, 2, 1.0));
                let expected =
                    candle_nn::ops::rms_norm(&rounded(&x, dtype), &rounded(&weight, dtype), 1e-6);
                let weight = placed(&weight, dtype, &machine);
                let made = rms_norm(&placed(&x, dtype, &machine), &weight, 1e-6).unwrap();
                let far = distance(&made.expect("it fits"), &expected.unwrap());
                assert!(far < rounding(dtype), "{far} at {width}");
            }
        }
    }

    #[test]
    fn heads_are_split_normalised_and_turned_as_the_processor_does() {
        let Some(machine) = machine() else { return };
        let (batch, tokens, count) = (2, 5, 3);
        for dtype in FORMATS {
            for (d, turn, has_norm) in [
                (128, Some(Turn::Pairs), true),
                (64, Some(Turn::Halves), true),
                (20, Some(Turn::Pairs), false),
                (512, Some(Turn::Halves), true),
                (16, None, true),
                (128, None, false),
            ] {
                let width = count * d;
                let x = noise((batch, tokens, 2 * width + 6), 1, 0.1);
                let weight = noise(d, 2, 1.0);
                let angles: Vec<f32> = (0..tokens * d / 2).map(|i| i as f32 * 0.3).collect();
                let table = |device: &Device| Table::from_angles(&angles, d / 2, device).unwrap();
                let split = rounded(&x, dtype)
                    .narrow(2, width + 2, width)
                    .unwrap()
                    .reshape((batch, tokens, count, d))
                    .unwrap();
                let mut expected = split.transpose(1, 2).unwrap().contiguous().unwrap();
                if has_norm {
                    let weight = rounded(&weight, dtype);
                    expected = candle_nn::ops::rms_norm(&expected, &weight, 1e-6).unwrap();
                }
                expected = match turn {
                    Some(Turn::Pairs) => table(&Device::Cpu).rotate_pairs(&expected).unwrap(),
                    Some(Turn::Halves) => table(&Device::Cpu).rotate_halves(&expected).unwrap(),
                    None => expected,
                };
                let x = placed(&x, dtype, &machine).narrow(2, width + 2, width).unwrap();
                let weight = placed(&weight, dtype, &machine);
                let norm = has_norm.then_some((&weight, 1e-6));
                let table = table(&machine);
                let rope = turn.map(|turn| (&table, turn));
                let made = heads(&x, count, norm, rope).unwrap().expect("it fits");
                let far = distance(&made, &expected);
                assert!(far < rounding(dtype), "{far} at {d}, {turn:?}, {dtype:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_left_to_others() {
        let x = noise((2, 3, 20), 1, 0.0);
        assert!(modulate(&x, &x, &x, 1e-6).unwrap().is_none(), "f32");
        let x = x.to_dtype(DType::BF16).unwrap();
        assert!(modulate(&x, &x, &x, 1e-6).unwrap().is_none(), "20 numbers are not eights");
        assert!(heads(&x, 4, None, None).unwrap().is_none(), "5 numbers are no pairs");
    }
}
