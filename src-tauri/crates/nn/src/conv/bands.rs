//! Convolution on the processor, a band of rows at a time: one matrix product each, and never more
//! than a band of what the product reads.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};
use rayon::prelude::*;

use crate::{
    profile,
    slices::{buffer, read, read_planes},
    stop,
    tiles::{self, Rounding, convolution::Windows},
};

/// Numbers that a product reads at once: 32 MB.
const BAND: usize = 8 << 20;

/// A convolution's geometry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub(super) kernel: usize,
    pub(super) padding: usize,
    pub(super) stride: usize,
}

impl Geometry {
    fn out(self, side: usize) -> usize {
        (side + 2 * self.padding).saturating_sub(self.kernel) / self.stride + 1
    }
}

/// Convolves a map of `[b, c, h, w]`, of which `rows` gives `[b, c, n, w]` for a range of rows inside
/// the map. `weight [out, c, k, k]`, `bias [out]`, both in f32; the result is `[b, out, h', w']` in f32.
pub(super) fn convolve(
    (batch, channels, height, width): (usize, usize, usize, usize),
    rows: &dyn Fn(Range<usize>) -> Result<Tensor>,
    (weight, bias): (&Tensor, &Tensor),
    geometry: Geometry,
    plus: Option<&Tensor>,
) -> Result<Tensor> {
    let Geometry { kernel, padding, stride } = geometry;
    let (out_h, out_w) = (geometry.out(height), geometry.out(width));
    let outputs = weight.dim(0)?;
    let taps = channels * kernel * kernel;
    let bias = bias.flatten_all()?.to_vec1::<f32>()?;
    let rounded = match tiles::wanted(Rounding::Bf16) {
        Some(unit) => Some((
            unit,
            read(weight, |weight| tiles::convolution::weights(weight, outputs, channels, kernel))?,
        )),
        None => None,
    };
    let weight = weight.reshape((outputs, taps))?;
    // Rounded products lay no windows out: a band is as large as what is read for it.
    let row = if rounded.is_some() { 2 * channels * width } else { taps * out_w };
    let band = (BAND / row.max(1)).clamp(1, out_h.max(1));

    if plus.is_some_and(|plus| plus.dims() != [batch, outputs, out_h, out_w]) {
        candle_core::bail!(
            "a map of {plus:?} is not added to one of {outputs} x {out_h} x {out_w}"
        );
    }
    let plus = plus.map(|plus| plus.to_dtype(DType::F32)?.contiguous()).transpose()?;
    let mut made = buffer(batch * outputs * out_h * out_w);
    for start in (0..out_h).step_by(band) {
        stop::check()?;
        let count = band.min(out_h - start);
        // Rows of the map under this band; those above and below it are zeros.
        let first = (start * stride).saturating_sub(padding);
        let last = ((start + count - 1) * stride + kernel).saturating_sub(padding).min(height);
        let source = rows(first..last.max(first))?;
        // May be above the first row.
        let offset = (start * stride) as isize - padding as isize - first as isize;
        let size = (channels, last.max(first) - first, width);
        if let Some((unit, weight)) = &rounded {
            let windows = |plane: usize| Windows {
                size,
                plane,
                windows: (count, out_w),
                kernel,
                stride,
                first: (offset, -(padding as isize)),
            };
            let plane = out_h * out_w;
            let pixels = (batch * count * out_w) as f64;
            let numbers = (batch * channels * size.1 * width) as f64 + pixels * outputs as f64;
            let mut convolve = |plus: Option<&[f32]>| {
                read_planes(&source, |source, apart| {
                    for image in 0..batch {
                        let place = image * outputs * plane + start * out_w;
                        let source = &source[image * channels * apart..];
                        let plus = plus.map(|plus| &plus[place..]);
                        let factors = (weight, bias.as_slice(), plus);
                        let made = (&mut made[place..], plane);
                        tiles::convolution::convolve(*unit, source, windows(apart), factors, made);
                    }
                })
            };
            profile::count(
                || format!("convolution {channels} to {outputs} of {height} x {width}"),
                (2.0 * pixels * (taps * outputs) as f64, 4.0 * numbers),
                || match &plus {
                    Some(plus) => read(plus, |plus| convolve(Some(plus)))?,
                    None => convolve(None),
                },
            )?;
            continue;
        }
        let source =
            Source { values: read(&source, <[f32]>::to_vec)?, rows: size.1, width, offset };
        for image in 0..batch {
            let columns = source.columns(image, channels, geometry, (count, out_w));
            let columns = Tensor::from_vec(columns, (taps, count * out_w), &Device::Cpu)?;
            let product = weight.matmul(&columns)?.flatten_all()?.to_vec1::<f32>()?;
            let made = &mut made[image * outputs * out_h * out_w..][..outputs * out_h * out_w];
            made.par_chunks_mut(out_h * out_w)
                .zip(product.par_chunks(count * out_w))
                .zip(&bias)
                .for_each(|((made, product), bias)| {
                    let made = &mut made[start * out_w..][..count * out_w];
                    for (made, product) in made.iter_mut().zip(product) {
                        *made = product + bias;
                    }
                });
        }
    }
    let made = Tensor::from_vec(made, (batch, outputs, out_h, out_w), &Device::Cpu)?;
    match plus {
        Some(plus) if rounded.is_none() => made + plus,
        _ => Ok(made),
    }
}

/// Some rows of a map, `[b, c, rows, width]`.
struct Source {
    values: Vec<f32>,
    rows: usize,
    width: usize,
    /// Where the first tap of the first output row lies.
    offset: isize,
}

impl Source {
    /// What the product reads: `[c · k · k, count · out_w]`, zeros outside the map.
    fn columns(
        &self,
        image: usize,
        channels: usize,
        Geometry { kernel, padding, stride }: Geometry,
        (count, out_w): (usize, usize),
    ) -> Vec<f32> {
        let (rows, width) = (self.rows, self.width);
        let mut columns = vec![0f32; channels * kernel * kernel * count * out_w];
        columns.par_chunks_mut(count * out_w).enumerate().for_each(|(tap, columns)| {
            let (channel, y, x) = (tap / (kernel * kernel), tap / kernel % kernel, tap % kernel);
            let map = &self.values[(image * channels + channel) * rows * width..][..rows * width];
            for (line, columns) in columns.chunks_mut(out_w).enumerate() {
                let row = self.offset + (line * stride + y) as isize;
                if row < 0 || row >= rows as isize {
                    continue;
                }
                let row = &map[row as usize * width..][..width];
                if stride == 1 {
                    // Output pixel i reads pixel i + x − padding.
                    let (skip, from) = (padding.saturating_sub(x), x.saturating_sub(padding));
                    let length = out_w.saturating_sub(skip).min(width.saturating_sub(from));
                    columns[skip..skip + length].copy_from_slice(&row[from..from + length]);
                    continue;
                }
                for (index, value) in columns.iter_mut().enumerate() {
                    let place = (index * stride + x).checked_sub(padding);
                    if let Some(pixel) = place.and_then(|place| row.get(place)) {
                        *value = *pixel;
                    }
                }
            }
        });
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_products_give_nearly_the_same() {
        for (channels, (h, w), kernel, padding, stride) in [
            (64, (45, 70), 3, 1, 1),
            (3, (1, 1), 3, 1, 1),
            (5, (7, 9), 1, 0, 1),
            (33, (9, 12), 3, 0, 2),
            (2, (8, 40), 3, 1, 2),
            // Windows that follow one another from row to row.
            (34, (5, 16), 3, 1, 1),
            (34, (3, 48), 3, 1, 1),
        ] {
            let (x, weight) =
                (wave((2, channels, h, w), 0.37), wave((35, channels, kernel, kernel), 0.91));
            let bias = wave((1, 1, 1, 35), 1.3).flatten_all().unwrap();
            let rows = |range: Range<usize>| x.narrow(2, range.start, range.len());
            let geometry = Geometry { kernel, padding, stride };
            let run = |plus: Option<&Tensor>| {
                convolve((2, channels, h, w), &rows, (&weight, &bias), geometry, plus).unwrap()
            };
            let alone = run(None);
            let plus = wave(alone.dims4().unwrap(), 0.21);
            for plus in [None, Some(&plus)] {
                let (exact, made) = (run(plus), tiles::scope(true, || run(plus)));
                assert_eq!(made.dims(), exact.dims());
                let far = difference(&made, &exact);
                let most = 0.01 * ((channels * kernel * kernel) as f32).sqrt();
                assert!(
                    far < most,
                    "{far} at {channels} channels, kernel {kernel}, stride {stride}"
                );
            }
            assert!(difference(&(alone + &plus).unwrap(), &run(Some(&plus))) < 1e-5);
        }
    }

    fn wave(shape: (usize, usize, usize, usize), step: f32) -> Tensor {
        let count = shape.0 * shape.1 * shape.2 * shape.3;
        let values: Vec<f32> = (0..count).map(|i| (i as f32 * step).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn bands_give_what_candle_s_convolution_gives() {
        // 64 · 9 taps of 700 columns: 20 rows a band, so that seams are crossed.
        for (channels, (h, w), kernel, padding, stride) in [
            (64, (45, 700), 3, 1, 1),
            (3, (1, 1), 3, 1, 1),
            (5, (7, 9), 1, 0, 1),
            (5, (9, 12), 3, 0, 2),
            (2, (8, 8), 3, 1, 2),
        ] {
            let x = wave((2, channels, h, w), 0.37);
            let weight = wave((4, channels, kernel, kernel), 0.91);
            let bias = Tensor::new(&[0.5f32, -1.0, 0.0, 2.0], &Device::Cpu).unwrap();
            let expected = x.conv2d(&weight, padding, stride, 1, 1).unwrap();
            let expected = expected.broadcast_add(&bias.reshape((1, 4, 1, 1)).unwrap()).unwrap();
            let rows = |range: Range<usize>| x.narrow(2, range.start, range.len());
            let geometry = Geometry { kernel, padding, stride };
            let made =
                convolve((2, channels, h, w), &rows, (&weight, &bias), geometry, None).unwrap();
            assert_eq!(made.dims(), expected.dims());
            let far = difference(&made, &expected);
            assert!(far < 1e-4, "{far} at {channels} channels, kernel {kernel}, stride {stride}");
        }
    }
}
