//! Queries, keys and values: split into heads, normalised and turned to their positions in one pass.
#![expect(unsafe_code, reason = "threads write rows of their own in every head")]

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::is_plain;
use crate::{
    RmsNorm, profile,
    rotary::Table,
    slices::{buffer, read, read_rows},
    vectors::{sum, widest},
};

/// Tokens of one kind: what they were projected to, `[b, n, heads · head_dim]`, and the norm of each head.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The projection.
    pub x: &'a Tensor,
    /// Normalises every head by itself.
    pub norm: Option<&'a RmsNorm>,
}

/// Which channels of a head turn against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Neighbours, as in the FLUX family.
    Pairs,
    /// The first half against the second, as in language models.
    Halves,
}

/// The heads of several parts, one after the other: `[b, heads, n, head_dim]`. `rope` has the positions of
/// all their tokens.
///
/// # Errors
/// If shapes do not fit.
pub fn heads(parts: &[Part<'_>], heads: usize, rope: Option<(&Table, Rotation)>) -> Result<Tensor> {
    if heads == 0 {
        candle_core::bail!("there are no heads");
    }
    if parts.iter().all(|part| is_plain(part.x)) {
        let numbers: usize = parts.iter().map(|part| part.x.elem_count()).sum();
        return profile::count(
            || format!("heads of {numbers} numbers"),
            (0.0, 8.0 * numbers as f64),
            || in_one_pass(parts, heads, rope),
        );
    }
    #[cfg(feature = "cuda")]
    if parts.iter().all(|part| part.x.device().is_cuda())
        && let Some(made) = crate::cuda::norms::heads(parts, heads, rope)?
    {
        return Ok(made);
    }
    let each = parts.iter().map(|part| {
        let (b, n, width) = part.x.dims3()?;
        let split = part.x.reshape((b, n, heads, width / heads))?.transpose(1, 2)?.contiguous()?;
        match part.norm {
            Some(norm) => norm.forward(&split),
            None => Ok(split),
        }
    });
    let each = each.collect::<Result<Vec<_>>>()?;
    let all = if let [one] = each.as_slice() { one.clone() } else { Tensor::cat(&each, 2)? };
    match rope {
        Some((table, Rotation::Pairs)) => table.rotate_pairs(&all),
        Some((table, Rotation::Halves)) => table.rotate_halves(&all),
        None => Ok(all),
    }
}

/// Where threads write: each its own rows of every head.
struct Out(*mut f32);

// SAFETY: threads write disjoint numbers, and nobody reads before all are done.
unsafe impl Sync for Out {}

fn in_one_pass(
    parts: &[Part<'_>],
    heads: usize,
    rope: Option<(&Table, Rotation)>,
) -> Result<Tensor> {
    let Some(first) = parts.first() else { candle_core::bail!("there are no tokens") };
    let (batch, _, width) = first.x.dims3()?;
    let d = width.checked_div(heads).unwrap_or(0);
    let mut total = 0;
    for part in parts {
        let (b, n, w) = part.x.dims3()?;
        if (b, w) != (batch, width) || d * heads != width {
            candle_core::bail!("{:?} are not {heads} heads beside {width}", part.x.dims());
        }
        total += n;
    }
    if let Some((table, _)) = rope
        && table.cos.dims() != [total, d / 2]
    {
        candle_core::bail!("positions {:?} are not for {total} tokens", table.cos.dims());
    }
    let mut made = buffer(batch * heads * total * d);
    let out = Out(made.as_mut_ptr());
    let mut start = 0;
    for part in parts {
        let n = part.x.dim(1)?;
        let weight = part.norm.map(RmsNorm::plain).transpose()?;
        let (weight, eps) = weight.unwrap_or_default();
        if !weight.is_empty() && weight.len() != d {
            candle_core::bail!("a norm of {} channels is not for heads of {d}", weight.len());
        }
        let turn = |positions: &[f32], sines: &[f32]| {
            read_rows(part.x, |x, stride| {
                let out = &out;
                (0..batch * n).into_par_iter().with_min_len(4).for_each(|row| {
                    let (b, at) = (row / n, start + row % n);
                    let turns = positions.get(at * (d / 2)..).zip(sines.get(at * (d / 2)..));
                    for head in 0..heads {
                        let x = &x[row * stride + head * d..][..d];
                        let place = ((b * heads + head) * total + at) * d;
                        // SAFETY: inside the result, whose size was counted; this row of this head is
                        // this thread's.
                        let out = unsafe { std::slice::from_raw_parts_mut(out.0.add(place), d) };
                        prepare(x, &weight, eps, out);
                        match (rope, turns) {
                            (Some((_, Rotation::Pairs)), Some((cos, sin))) => pairs(cos, sin, out),
                            (Some((_, Rotation::Halves)), Some((cos, sin))) => {
                                halves(cos, sin, out)
                            }
                            _ => {}
                        }
                    }
                });
            })
        };
        match rope {
            Some((table, _)) => read(&table.cos, |cos| read(&table.sin, |sin| turn(cos, sin)))???,
            None => turn(&[], &[])?,
        }
        start += n;
    }
    Tensor::from_vec(made, (batch, heads, total, d), &Device::Cpu)
}

widest!(prepare(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]), prepare_row);
widest!(pairs(cos: &[f32], sin: &[f32], x: &mut [f32]), turn_pairs);
widest!(halves(cos: &[f32], sin: &[f32], x: &mut [f32]), turn_halves);

/// A head's channels, normalised where there is a weight.
#[inline(always)]
fn prepare_row(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    if weight.is_empty() {
        return out.copy_from_slice(x);
    }
    let mean = sum(x, |x| x * x) / x.len() as f32;
    let spread = 1.0 / (mean + eps).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * spread * weight;
    }
}

#[inline(always)]
fn turn_pairs(cos: &[f32], sin: &[f32], x: &mut [f32]) {
    for ((pair, cos), sin) in x.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
        let [a, b] = *pair;
        *pair = [a * cos - b * sin, a * sin + b * cos];
    }
}

#[inline(always)]
fn turn_halves(cos: &[f32], sin: &[f32], x: &mut [f32]) {
    let (first, second) = x.split_at_mut(x.len() / 2);
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    }
}

#[cfg(test)]
mod tests {
    use candle_core::D;

    use super::{
        super::tests::{same, wave, wide},
        *,
    };

    #[test]
    fn one_pass_gives_what_single_operations_give() {
        let all = wave((2, 5, 100), 0.37);
        let (text, image) = (wave((2, 3, 32), 0.9), all.narrow(D::Minus1, 20, 32).unwrap());
        let norm = |step| RmsNorm::new(wave(8, step), 1e-6);
        let (first, second) = (norm(0.3), norm(1.3));
        let positions: Vec<[u32; 1]> = (0..8).map(|i| [i * 3]).collect();
        let table = Table::new(&positions, [8], 1e4, &Device::Cpu).unwrap();
        for rope in [None, Some((&table, Rotation::Pairs)), Some((&table, Rotation::Halves))] {
            let parts =
                [Part { x: &text, norm: Some(&first) }, Part { x: &image, norm: Some(&second) }];
            let made = heads(&parts, 4, rope).unwrap();
            // Part by part, by operations that know no loops.
            let split = |x: &Tensor, norm: &RmsNorm| {
                let b_n_w = x.dims3().unwrap();
                let x = x.reshape((b_n_w.0, b_n_w.1, 4, 8)).unwrap().transpose(1, 2).unwrap();
                norm.forward(&x.contiguous().unwrap()).unwrap()
            };
            let expected = Tensor::cat(&[split(&text, &first), split(&image, &second)], 2).unwrap();
            let expected = match rope {
                Some((table, Rotation::Pairs)) => table.rotate_pairs(&expected).unwrap(),
                Some((table, Rotation::Halves)) => table.rotate_halves(&expected).unwrap(),
                None => expected,
            };
            same(&made, &wide(&expected));
            let one = heads(&[Part { x: &all, norm: None }], 4, None).unwrap();
            let split = wide(&all).reshape((2, 5, 4, 25)).unwrap().transpose(1, 2).unwrap();
            same(&one, &split);
        }
        let short = RmsNorm::new(wave(4, 0.3), 1e-6);
        assert!(heads(&[Part { x: &text, norm: Some(&short) }], 4, None).is_err());
        let parts = [Part { x: &text, norm: None }, Part { x: &all, norm: None }];
        assert!(heads(&parts, 4, None).is_err());
        let part = [Part { x: &text, norm: None }];
        assert!(heads(&part, 4, Some((&table, Rotation::Pairs))).is_err());
    }
}
