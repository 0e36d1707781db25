//! What stands between the products of a block: norms, positions, gates.

use candle_core::{DType, Result, Tensor};

use super::launch::{Launch, has_whole_rows, is_half};
use crate::{
    fused::{Part, Rotation},
    rotary::Table,
};

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

/// `x [.., width]` plus a bias `[width]`.
///
/// # Errors
/// If the card refuses.
pub(crate) fn plus(x: &Tensor, bias: &Tensor) -> Result<Option<Tensor>> {
    let width = bias.elem_count();
    let fits = x.dims().last() == Some(&width) && width > 0 && width.is_multiple_of(8);
    if !is_half(x) || bias.dtype() != x.dtype() || !fits {
        return Ok(None);
    }
    let (x, bias) = (whole(x)?, whole(bias)?);
    let count = x.elem_count();
    Launch::for_format("plus", x.dtype())
        .tensor(&x)
        .tensor(&bias)
        .output(x.shape(), x.dtype())
        .int(width)?
        .long(count)
        .covering(count / 8)?
        .make()
        .map(Some)
}

/// How far rows lie apart, if each next one lies as far away.
fn row_distance(x: &Tensor) -> Option<usize> {
    let (mut apart, mut expected) = (None, 0);
    for (dim, stride) in x.dims().iter().zip(x.layout().stride()).rev().skip(1) {
        match apart {
            _ if *dim == 1 => {}
            None => (apart, expected) = (Some(*stride), stride * dim),
            Some(_) if *stride == expected => expected *= dim,
            Some(_) => return None,
        }
    }
    Some(apart.unwrap_or(0))
}

/// `silu(gate) · up`, or `gelu(gate)` where there is no `up`, beside what stands before it in every row;
/// rows may lie apart.
///
/// # Errors
/// If the card refuses.
pub(crate) fn beside(
    before: Option<&Tensor>,
    gate: &Tensor,
    up: Option<&Tensor>,
) -> Result<Option<Tensor>> {
    let (width, rows) = (gate.dims().last().copied().unwrap_or(0), gate.dims());
    let same = |x: &Tensor| x.dtype() == gate.dtype() && has_whole_rows(x);
    let fits_up = up.is_none_or(|up| same(up) && up.dims() == rows);
    let fits_before = before.is_none_or(|before| {
        same(before) && before.dims().split_last().map(|x| x.1) == rows.split_last().map(|x| x.1)
    });
    if !is_half(gate) || !same(gate) || !fits_up || !fits_before {
        return Ok(None);
    }
    let distance = |x: Option<&Tensor>| x.map_or(Some(0), row_distance);
    let distances = (distance(before), row_distance(gate), distance(up));
    let (Some(before_row), Some(gate_row), Some(up_row)) = distances else { return Ok(None) };
    let first = before.and_then(|before| before.dims().last().copied()).unwrap_or(0);
    let mut shape = rows.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = first + width;
    }
    let count = gate.elem_count() / width.max(1);
    Launch::for_format("beside", gate.dtype())
        .optional(before)
        .tensor(gate)
        .optional(up)
        .output(shape, gate.dtype())
        .long(count)
        .int(first)?
        .int(width)?
        .longs(&[before_row, gate_row, up_row])
        .covering(count * (first + width) / 8)?
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

/// The heads of one or two parts, `[b, n, heads · d]` whose rows may lie apart, one after the other:
/// `[b, heads, n, d]`. A norm over each head where there is one, and positions where there are any.
///
/// # Errors
/// If the card refuses.
pub(crate) fn heads(
    parts: &[Part<'_>],
    count: usize,
    rope: Option<(&Table, Rotation)>,
) -> Result<Option<Tensor>> {
    let (first, second) = match parts {
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        _ => return Ok(None),
    };
    let (batch, own, width) = first.x.dims3()?;
    let d = width / count.max(1);
    let (Some(one), Some(two)) = (
        Rows::of(first, (batch, width, d), first.x.dtype())?,
        second.map_or(Ok(Some(Rows::default())), |part| {
            Rows::of(part, (batch, width, d), first.x.dtype())
        })?,
    ) else {
        return Ok(None);
    };
    let eps = |part: &Part<'_>| part.norm.map(|norm| norm.parts().1);
    let both = [eps(first), second.and_then(eps)];
    let is_one_eps = second.is_none() || both[0] == both[1] || both.contains(&None);
    let tokens = own + two.count;
    let fits_table = |table: &Tensor| {
        table.dims() == [tokens, d / 2] && table.dtype() == DType::F32 && table.is_contiguous()
    };
    let fits_rope = rope.is_none_or(|(table, _)| fits_table(&table.cos) && fits_table(&table.sin));
    let is_even = d * count == width && d.is_multiple_of(2) && (2..=512).contains(&d);
    if !is_half(first.x) || !fits_rope || !is_even || !is_one_eps {
        return Ok(None);
    }
    let all = batch * tokens * count;
    let turn = match rope {
        None => 0,
        Some((_, Rotation::Pairs)) => 1,
        Some((_, Rotation::Halves)) => 2,
    };
    Launch::for_format("heads", first.x.dtype())
        .tensor(first.x)
        .optional(one.weight)
        .long(one.apart)
        .optional(second.map(|part| part.x))
        .optional(two.weight)
        .long(two.apart)
        .int(own)?
        .optional(rope.map(|(table, _)| &table.cos))
        .optional(rope.map(|(table, _)| &table.sin))
        .output((batch, count, tokens, d), first.x.dtype())
        .long(all)
        .int(tokens)?
        .int(count)?
        .int(d)?
        .float(both[0].or(both[1]).unwrap_or(0.0))
        .int(turn)?
        .covering(all * 32)?
        .make()
        .map(Some)
}

/// Where the rows of a part lie, and the weight of its norm.
#[derive(Default)]
struct Rows<'a> {
    count: usize,
    apart: usize,
    weight: Option<&'a Tensor>,
}

impl<'a> Rows<'a> {
    fn of(
        part: &Part<'a>,
        (batch, width, d): (usize, usize, usize),
        dtype: DType,
    ) -> Result<Option<Self>> {
        let (own_batch, count, own_width) = part.x.dims3()?;
        let weight = part.norm.map(|norm| norm.parts().0);
        let fits_weight = weight.is_none_or(|weight| {
            weight.dtype() == dtype && weight.elem_count() == d && weight.is_contiguous()
        });
        let fits = (own_batch, own_width) == (batch, width) && part.x.dtype() == dtype;
        let is_whole = part.x.layout().stride()[2] == 1;
        Ok(match row_distance(part.x) {
            Some(apart) if fits && fits_weight && is_whole => Some(Self { count, apart, weight }),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device};

    use super::super::testing::{FORMATS, distance, machine, noise, placed, rounded, rounding};
    use super::*;
    use crate::RmsNorm;

    /// The mean is far from 0, so that variances taken as differences of squares would show.
    #[test]
    fn modulated_norms_are_those_of_the_processor() {
        let machine = machine();
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
        let machine = machine();
        for dtype in FORMATS {
            let (x, y, gate) =
                (noise((2, 3, 48), 1, 0.0), noise((2, 3, 48), 2, 0.0), noise((2, 1, 48), 3, 0.0));
            let wide = [&x, &y, &gate].map(|x| rounded(x, dtype));
            let expected = (&wide[0] + wide[1].broadcast_mul(&wide[2]).unwrap()).unwrap();
            let [x, y, gate] = [&x, &y, &gate].map(|x| placed(x, dtype, &machine));
            let made = gated_residual(&x, &y, &gate).unwrap().expect("it fits");
            assert!(distance(&made, &expected) < rounding(dtype));

            let (both, before) = (noise((2, 3, 96), 4, 0.0), noise((2, 3, 16), 5, 0.0));
            let halves = rounded(&both, dtype).chunk(2, D::Minus1).unwrap();
            let gated = (candle_nn::ops::silu(&halves[0]).unwrap() * &halves[1]).unwrap();
            let smooth = halves[0].contiguous().unwrap().gelu().unwrap();
            let halves = placed(&both, dtype, &machine).chunk(2, D::Minus1).unwrap();
            let placed_before = placed(&before, dtype, &machine);
            for (up, expected) in [(Some(&halves[1]), gated), (None, smooth)] {
                let made = beside(None, &halves[0], up).unwrap().expect("it fits");
                assert!(distance(&made, &expected) < rounding(dtype));
                let made = beside(Some(&placed_before), &halves[0], up).unwrap().expect("it fits");
                let expected = [&rounded(&before, dtype), &expected];
                let expected = Tensor::cat(&expected, D::Minus1).unwrap();
                assert!(distance(&made, &expected) < rounding(dtype));
            }
        }
        let large = Tensor::full(6e4f32, (1, 1, 8), &machine).unwrap();
        let large = large.to_dtype(DType::F16).unwrap();
        let made = gated_residual(&large, &large, &large.ones_like().unwrap()).unwrap();
        let made = made.expect("it fits").to_dtype(DType::F32).unwrap().flatten_all().unwrap();
        assert_eq!(made.to_vec1::<f32>().unwrap(), [65504.0; 8], "f16 ends there");
    }

    #[test]
    fn biases_are_added_to_every_row() {
        let machine = machine();
        for dtype in FORMATS {
            let (x, bias) = (noise((3, 5, 264), 1, 0.0), noise(264, 2, 0.5));
            let expected = rounded(&x, dtype).broadcast_add(&rounded(&bias, dtype)).unwrap();
            let [x, bias] = [&x, &bias].map(|x| placed(x, dtype, &machine));
            let made = plus(&x, &bias).unwrap().expect("it fits");
            assert!(distance(&made, &expected) < rounding(dtype));
            assert!(plus(&x, &bias.narrow(0, 0, 8).unwrap()).unwrap().is_none());
        }
    }

    #[test]
    fn root_mean_squares_are_those_of_the_processor() {
        let machine = machine();
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
        let machine = machine();
        let (batch, tokens, count) = (2, 5, 3);
        for dtype in FORMATS {
            for (d, turn, has_norm, own) in [
                (128, Some(Rotation::Pairs), true, 5),
                (64, Some(Rotation::Halves), true, 2),
                (20, Some(Rotation::Pairs), false, 5),
                (512, Some(Rotation::Halves), true, 5),
                (16, None, true, 4),
                (128, None, false, 5),
            ] {
                let width = count * d;
                let x = noise((batch, tokens, 2 * width + 6), 1, 0.1);
                let weights = [noise(d, 2, 1.0), noise(d, 3, 1.0)];
                let angles: Vec<f32> = (0..tokens * d / 2).map(|i| i as f32 * 0.3).collect();
                let table = |device: &Device| Table::from_angles(&angles, d / 2, device).unwrap();
                // As from two projections: the tokens of a batch lie beside each other.
                let part = |x: &Tensor, start, length| {
                    x.narrow(1, start, length).unwrap().contiguous().unwrap()
                };
                let both = |x: &Tensor| {
                    let parts = [part(x, 0, own), part(x, own, tokens - own)];
                    parts.map(|part| part.narrow(2, width + 2, width).unwrap())
                };
                let used = if own < tokens { 2 } else { 1 };
                let compute = |x: &Tensor, machine: &Device, dtype| {
                    let place = |x: &Tensor| x.to_dtype(dtype).unwrap().to_device(machine).unwrap();
                    let (xs, norms) = (
                        both(&place(x)),
                        weights
                            .each_ref()
                            .map(|weight| RmsNorm::new(place(&rounded(weight, FORMATS[0])), 1e-6)),
                    );
                    let parts: Vec<Part<'_>> = xs
                        .iter()
                        .zip(&norms)
                        .map(|(x, norm)| Part { x, norm: has_norm.then_some(norm) })
                        .take(used)
                        .collect();
                    let table = table(machine);
                    let rope = turn.map(|turn| (&table, turn));
                    match dtype {
                        DType::F32 => crate::fused::heads(&parts, count, rope).unwrap(),
                        _ => heads(&parts, count, rope).unwrap().expect("it fits"),
                    }
                };
                let expected = compute(&rounded(&x, dtype), &Device::Cpu, DType::F32);
                let far = distance(&compute(&x, &machine, dtype), &expected);
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
        let part = Part { x: &x, norm: None };
        assert!(heads(&[part], 4, None).unwrap().is_none(), "5 numbers are no pairs");
    }
}
