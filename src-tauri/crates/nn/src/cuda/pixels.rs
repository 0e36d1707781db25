//! Norms of maps, and convolutions as products of windows.

use candle_core::{DType, Result, Tensor};

use super::launch::{Launch, is_half};

/// Numbers of a group that a block looks at.
const PIECE: usize = 1 << 14;
/// Bytes of windows that are held at once: enough for a large product, little beside a model.
const WINDOWS: usize = 256 << 20;

/// What group normalisation makes of each channel of `x [b, channels, h, w]`: a scale and a shift,
/// `[b, channels, 2]` in f32. `weight` and `bias` `[channels]` in f32.
///
/// # Errors
/// If the card refuses.
pub(crate) fn group_affine(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    groups: usize,
    eps: f32,
) -> Result<Option<Tensor>> {
    let (batch, channels, h, w) = x.dims4()?;
    if !is_half(x) || !x.is_contiguous() || weight.dtype() != DType::F32 || x.elem_count() == 0 {
        return Ok(None);
    }
    let (members, group) = (channels / groups, channels / groups * h * w);
    let pieces = group.div_ceil(PIECE);
    let found = Launch::for_format("group_pieces", x.dtype())
        .tensor(x)
        .output((batch * groups, pieces, 3), DType::F32)
        .long(group)
        .int(PIECE)?
        .grid(pieces, batch * groups)?
        .make()?;
    Launch::of("group_affine")
        .tensor(&found)
        .tensor(weight)
        .tensor(bias)
        .output((batch, channels, 2), DType::F32)
        .int(pieces)?
        .int(groups)?
        .int(members)?
        .float(eps)
        .grid(batch * groups, 1)?
        .make()
        .map(Some)
}

/// `x · scale + shift` of its channel, and silu of that where it is wanted.
///
/// # Errors
/// If the card refuses.
pub(crate) fn affine(x: &Tensor, affine: &Tensor, activates: bool) -> Result<Tensor> {
    let (batch, channels, h, w) = x.dims4()?;
    let x = x.contiguous()?;
    Launch::for_format("affine", x.dtype())
        .tensor(&x)
        .tensor(affine)
        .output(x.shape(), x.dtype())
        .long(h * w)
        .int(activates.into())?
        .grid((h * w).div_ceil(256), batch * channels)?
        .make()
}

/// Every pixel divided by its length over channels, times `gain [1, channels, 1, 1]` in f32, and silu of
/// that where it is wanted.
///
/// # Errors
/// If the card refuses.
pub(crate) fn channel_norm(
    x: &Tensor,
    gain: &Tensor,
    smallest: f32,
    activates: bool,
) -> Result<Option<Tensor>> {
    let (batch, channels, h, w) = x.dims4()?;
    if !is_half(x) || gain.dtype() != DType::F32 || gain.elem_count() != channels {
        return Ok(None);
    }
    let x = x.contiguous()?;
    Launch::for_format("channel_norm", x.dtype())
        .tensor(&x)
        .tensor(gain)
        .output(x.shape(), x.dtype())
        .int(channels)?
        .long(h * w)
        .float(smallest)
        .int(activates.into())?
        .grid((h * w).div_ceil(256), batch)?
        .make()
        .map(Some)
}

/// How a square convolution walks over pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) kernel: usize,
    pub(crate) padding: usize,
    pub(crate) stride: usize,
    /// 2 where every pixel stands for two by two.
    pub(crate) doubling: usize,
}

/// Columns behind a filter's taps: its bias, and zeros up to a multiple of 8 that products like.
fn width_of(taps: usize) -> usize {
    (taps + 1).next_multiple_of(8)
}

/// Filters `[out, in, k, k]` with their biases `[out]` as one matrix, `[out, in k k + more]`.
///
/// # Errors
/// If shapes do not fit.
pub(crate) fn filters(weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let flat = weight.flatten_from(1)?;
    let (outputs, taps) = flat.dims2()?;
    let rest = Tensor::zeros((outputs, width_of(taps) - taps - 1), flat.dtype(), flat.device())?;
    Tensor::cat(&[&flat, &bias.reshape((outputs, 1))?, &rest], 1)
}

/// `x [b, in, h, w]` to `[b, out, h', w']` by [`filters`], a band of rows at a time: all windows of a map
/// would be many times its size.
///
/// # Errors
/// If shapes do not fit, or the card has no memory.
pub(crate) fn convolve(x: &Tensor, filters: &Tensor, walk: Walk) -> Result<Tensor> {
    let (batch, inputs, h, w) = x.dims4()?;
    let outputs = filters.dim(0)?;
    let Walk { kernel, padding, stride, doubling } = walk;
    let made = |side: usize| (side * doubling + 2 * padding).saturating_sub(kernel) / stride + 1;
    let (rows, width) = (made(h), made(w));
    let taps = inputs * kernel * kernel;
    let columns = width_of(taps);
    let band = (WINDOWS / (columns * width * x.dtype().size_in_bytes()).max(1)).clamp(1, rows);
    let mut pictures = Vec::with_capacity(batch);
    for index in 0..batch {
        let picture = x.narrow(0, index, 1)?.contiguous()?;
        let mut bands = Vec::with_capacity(rows.div_ceil(band));
        for first in (0..rows).step_by(band) {
            let count = band.min(rows - first) * width;
            let windows = Launch::for_format("windows", x.dtype())
                .tensor(&picture)
                .output((columns, count), x.dtype())
                .int(taps)?
                .int(h)?
                .int(w)?
                .int(kernel)?
                .int(padding)?
                .int(stride)?
                .int(doubling)?
                .int(first)?
                .int(width)?
                .long(count)
                .grid(count.div_ceil(256), columns)?
                .make()?;
            bands.push(filters.matmul(&windows)?);
        }
        pictures.push(if bands.len() == 1 { bands.remove(0) } else { Tensor::cat(&bands, 1)? });
    }
    let made = if batch == 1 { pictures.remove(0) } else { Tensor::stack(&pictures, 0)? };
    made.reshape((batch, outputs, rows, width))
}

#[cfg(test)]
mod tests {
    use candle_core::D;

    use super::super::testing::{FORMATS, distance, machine, noise, placed, rounded, rounding};
    use super::*;

    #[test]
    fn groups_are_normalised_as_on_the_processor() {
        let machine = machine();
        for dtype in FORMATS {
            // A group is more than one piece, or less, and far from 0.
            for (channels, groups, side) in [(8, 4, 100), (6, 2, 5)] {
                let x = noise((2, channels, side, side), 1, 4.0);
                let (weight, bias) = (noise(channels, 2, 1.0), noise(channels, 3, 0.0));
                let grouped = rounded(&x, dtype).reshape((2, groups, ())).unwrap();
                let centred =
                    grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1).unwrap()).unwrap();
                let variance = centred.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
                let normed = centred
                    .broadcast_div(&(variance + 1e-6).unwrap().sqrt().unwrap())
                    .unwrap()
                    .reshape(x.dims())
                    .unwrap();
                let shape = (1, channels, 1, 1);
                let expected = normed
                    .broadcast_mul(&weight.reshape(shape).unwrap())
                    .unwrap()
                    .broadcast_add(&bias.reshape(shape).unwrap())
                    .unwrap();
                let x = placed(&x, dtype, &machine);
                let [weight, bias] = [weight, bias].map(|x| x.to_device(&machine).unwrap());
                let found = group_affine(&x, (&weight, &bias), groups, 1e-6).unwrap();
                let found = found.expect("it fits");
                let made = affine(&x, &found, false).unwrap();
                assert!(distance(&made, &expected) < rounding(dtype));
                let expected = candle_nn::ops::silu(&expected).unwrap();
                assert!(distance(&affine(&x, &found, true).unwrap(), &expected) < rounding(dtype));
            }
        }
    }

    #[test]
    fn channels_are_normalised_as_on_the_processor() {
        let machine = machine();
        for dtype in FORMATS {
            let (x, gain) = (noise((2, 12, 7, 9), 1, 0.0), noise((1, 12, 1, 1), 2, 1.0));
            let wide = rounded(&x, dtype);
            let length = wide.sqr().unwrap().sum_keepdim(1).unwrap().sqrt().unwrap();
            let expected = wide.broadcast_div(&length).unwrap().broadcast_mul(&gain).unwrap();
            let expected = candle_nn::ops::silu(&expected).unwrap();
            let gain = gain.to_device(&machine).unwrap();
            let made = channel_norm(&placed(&x, dtype, &machine), &gain, 1e-12, true).unwrap();
            assert!(distance(&made.expect("it fits"), &expected) < rounding(dtype));
        }
    }

    #[test]
    fn convolutions_are_those_of_the_processor() {
        let machine = machine();
        for (kernel, padding, stride, doubling) in
            [(3, 1, 1, 1), (1, 0, 1, 1), (3, 0, 2, 1), (3, 1, 1, 2), (3, 1, 2, 1)]
        {
            let dtype = DType::BF16;
            let x = noise((2, 5, 6, 9), 1, 0.0);
            let weight = noise((4, 5, kernel, kernel), 2, 0.0);
            let bias = noise(4, 3, 0.0);
            let wide = [&x, &weight, &bias].map(|x| rounded(x, dtype));
            let source = match doubling {
                2 => wide[0].upsample_nearest2d(12, 18).unwrap(),
                _ => wide[0].clone(),
            };
            let expected = source
                .conv2d(&wide[1], padding, stride, 1, 1)
                .unwrap()
                .broadcast_add(&wide[2].reshape((1, 4, 1, 1)).unwrap())
                .unwrap();
            let [x, weight, bias] = [&x, &weight, &bias].map(|x| placed(x, dtype, &machine));
            let walk = Walk { kernel, padding, stride, doubling };
            let far = distance(
                &convolve(&x, &filters(&weight, &bias).unwrap(), walk).unwrap(),
                &expected,
            );
            assert!(far < 1e-2, "{far} at kernel {kernel}, stride {stride}, doubling {doubling}");
        }
    }
}
