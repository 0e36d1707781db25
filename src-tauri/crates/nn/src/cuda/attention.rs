//! Attention that never forms the matrix of scores, in 16 bits or with queries and keys in 8.

use candle_core::{DType, Result, Tensor};

use super::{
    launch::{Launch, has_whole_rows, is_half},
    trial::{self, Trials},
};

/// Keys that share a scale in 8 bits: those that a kernel takes at once.
const KEYS: usize = 64;
/// Queries that share one: the rows of a matrix unit.
const QUERIES: usize = 16;
/// Tokens that a block adds up for the mean of keys.
const PIECE: usize = 256;

/// Queries of a block that works in groups of warps, and keys that it takes at once.
const GROUP_ROWS: usize = 128;
/// What rounding weights to bf16 may move results by, twice.
const FAR: f64 = 0.01;

/// By number format, and by whether all keys are taken at once.
static GROUP_TRIALS: Trials<(DType, bool)> = Trials::new();

/// How scores are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
    /// By products of 16-bit numbers: off by what rounding the weights costs, 2⁻⁹ of their size.
    Exact,
    /// By products of 8-bit numbers, after the mean of the keys was taken away: outputs within 2 % of
    /// the exact ones for random numbers (the worst case), less for what models compute.
    Rounded,
    /// As exact ones, by units that four warps use together, for heads of 128 numbers without a mask; where
    /// those give something else, as exact ones.
    InGroups,
}

/// A kernel's variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) scores: Scores,
    /// Rows of a warp, in sixteens: 2 reads shared memory half as often, and takes all registers.
    pub(crate) tiles: usize,
}

impl Variant {
    /// What is fastest on a card of this compute capability. Large chips have the shared memory for two
    /// tiles. Small ones multiply 8-bit numbers four times as fast as they sum 16-bit products in f32;
    /// short sequences don't pay for the rounding. Hopper alone has units for groups of warps.
    pub(crate) fn of((major, minor): (usize, usize), keys: usize, has_mask: bool) -> Self {
        let is_large = (major, minor) == (8, 0) || matches!(major, 9 | 10);
        let rounds = major >= 8 && !is_large && keys >= 1024 && !has_mask;
        let scores = match (major, minor) {
            _ if rounds => Scores::Rounded,
            (9, 0) if !has_mask => Scores::InGroups,
            _ => Scores::Exact,
        };
        Self { scores, tiles: if is_large { 2 } else { 1 } }
    }
}

/// `softmax(q · kᵀ / √d + mask) · v` for `q [b, heads, n, d]` and `k`, `v` `[b, kv_heads, m, d]`, each of
/// whose heads serves as many heads of queries; `mask` is broadcast to `[b, heads, n, m]`. A query that
/// sees nothing gives zeros. In memory, the heads of a token lie beside each other, so that joining them
/// copies nothing.
///
/// # Errors
/// If the card refuses.
pub(crate) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<&Tensor>,
    variant: Variant,
) -> Result<Option<Tensor>> {
    let (batch, heads, n, d) = q.dims4()?;
    let (kv_heads, m) = (k.dim(1)?, k.dim(2)?);
    let is_shared = kv_heads > 0 && heads.is_multiple_of(kv_heads);
    let same = k.dims() == [batch, kv_heads, m, d] && v.dims() == k.dims() && is_shared;
    let dtype = q.dtype();
    let is_one_format = is_half(q) && k.dtype() == dtype && v.dtype() == dtype;
    if !same || !is_one_format || !matches!(d, 64 | 128) || n == 0 || m == 0 {
        return Ok(None);
    }
    if variant.scores == Scores::InGroups {
        let exact = Variant { scores: Scores::Exact, ..variant };
        let is_near = || {
            // Some queries, all keys.
            let few = q.narrow(2, 0, n.min(GROUP_ROWS * 2))?;
            trial::is_near(&in_groups([&few, k, v])?, &launch([&few, k, v], None, exact)?, FAR)
        };
        let is_one_turn = m <= GROUP_ROWS;
        if d == 128 && mask.is_none() && GROUP_TRIALS.allow((dtype, is_one_turn), is_near) {
            return in_groups([q, k, v]).map(Some);
        }
        return attend(q, k, v, mask, exact);
    }
    let Some(bias) = mask.map(|mask| Bias::new(mask, [batch, heads, n, m])).transpose()? else {
        return launch([q, k, v], None, variant).map(Some);
    };
    match bias {
        Some(bias) => launch([q, k, v], Some(&bias), variant).map(Some),
        None => Ok(None),
    }
}

/// What is added to scores, in f32, and how many numbers lie from one batch, head and query to the next.
struct Bias {
    values: Tensor,
    strides: [usize; 3],
}

impl Bias {
    fn new(mask: &Tensor, shape: [usize; 4]) -> Result<Option<Self>> {
        let (dims, values) = (mask.dims(), mask.to_dtype(DType::F32)?.contiguous()?);
        let fits = dims.len() == 4
            && dims[3] == shape[3]
            && dims.iter().zip(shape).all(|(dim, all)| *dim == 1 || *dim == all);
        if !fits {
            return Ok(None);
        }
        let whole = values.layout().stride().to_vec();
        let strides = [0, 1, 2].map(|index| if dims[index] == 1 { 0 } else { whole[index] });
        Ok(Some(Self { values, strides }))
    }
}

fn launch(
    [q, k, v]: [&Tensor; 3],
    bias: Option<&Bias>,
    Variant { scores, tiles }: Variant,
) -> Result<Tensor> {
    let (batch, heads, n, d) = q.dims4()?;
    let (m, dtype) = (k.dim(2)?, q.dtype());
    let rows = 64 * tiles;
    let (q, k, v) = (aligned(q)?, aligned(k)?, aligned(v)?);
    let is_rounded = scores == Scores::Rounded;
    let kernel = if is_rounded { "rounded_attention" } else { "attention" };
    let start = Launch::for_format(&format!("{kernel}_{d}_{tiles}"), dtype);
    let start = match is_rounded {
        false => start.tensor(&q).tensor(&k),
        true => {
            let (q, q_scales) = round(&q, None, QUERIES)?;
            let (k, k_scales) = round(&k, Some(&token_sums(&k)?), KEYS)?;
            start.tensor(&q).tensor(&k).tensor(&q_scales).tensor(&k_scales)
        }
    };
    let all = start
        .tensor(&v)
        .output((batch, n, heads, d), dtype)
        .optional(bias.map(|bias| &bias.values));
    let all = if is_rounded { all } else { all.longs(strides(&q)).longs(strides(&k)) };
    let score_bytes = if is_rounded { d } else { 2 * d };
    all.longs(strides(&v))
        .longs(&[n * heads * d, d, heads * d])
        .longs(&bias.map_or([0; 3], |bias| bias.strides))
        .int(heads)?
        .int(heads / k.dim(1)?)?
        .int(n)?
        .int(m)?
        .float(1.0 / (d as f32).sqrt())
        .threads(128)
        .shared((rows + KEYS) * score_bytes + KEYS * 2 * d)
        .grid(n.div_ceil(rows), batch * heads)?
        .make()?
        .transpose(1, 2)
}

/// By the units of Hopper, for heads of 128 numbers without a mask.
fn in_groups([q, k, v]: [&Tensor; 3]) -> Result<Tensor> {
    let (batch, heads, n, d) = q.dims4()?;
    let (q, k, v) = (aligned(q)?, aligned(k)?, aligned(v)?);
    // Queries, and two turns of keys and values, in 16 bits; the first may begin up to 1 KB later.
    let shared = 5 * GROUP_ROWS * 2 * d + 1024;
    Launch::for_format("group_attention_128", q.dtype())
        .tensor(&q)
        .tensor(&k)
        .tensor(&v)
        .output((batch, n, heads, d), q.dtype())
        .longs(strides(&q))
        .longs(strides(&k))
        .longs(strides(&v))
        .longs(&[n * heads * d, d, heads * d])
        .int(heads)?
        .int(heads / k.dim(1)?)?
        .int(n)?
        .int(k.dim(2)?)?
        .float(1.0 / (d as f32).sqrt())
        .threads(256)
        .shared(shared)
        .grid(n.div_ceil(GROUP_ROWS), batch * heads)?
        .make()?
        .transpose(1, 2)
}

/// With rows that kernels can read.
fn aligned(x: &Tensor) -> Result<Tensor> {
    if has_whole_rows(x) { Ok(x.clone()) } else { x.force_contiguous() }
}

/// Numbers from a batch, head and token to the next.
fn strides(x: &Tensor) -> &[usize] {
    &x.layout().stride()[..3]
}

/// Sums of tokens in pieces, `[b heads, pieces, d]` in f32.
fn token_sums(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, d) = x.dims4()?;
    let pieces = tokens.div_ceil(PIECE);
    Launch::for_format("token_sums", x.dtype())
        .tensor(x)
        .output((batch * heads, pieces, d), DType::F32)
        .int(heads)?
        .int(tokens)?
        .int(PIECE)?
        .longs(&x.layout().stride()[..3])
        .threads(d)
        .grid(pieces, batch * heads)?
        .make()
}

/// Signed numbers of 8 bits in the bytes of a tensor, and the scale of each `group` of tokens.
fn round(x: &Tensor, sums: Option<&Tensor>, group: usize) -> Result<(Tensor, Tensor)> {
    let (batch, heads, tokens, d) = x.dims4()?;
    let groups = tokens.div_ceil(group);
    let mut made = Launch::for_format("round_tokens", x.dtype())
        .tensor(x)
        .optional(sums)
        .output((batch * heads, tokens, d), DType::U8)
        .output((batch * heads, groups), DType::F32)
        .int(tokens.div_ceil(PIECE))?
        .int(heads)?
        .int(tokens)?
        .int(group)?
        .longs(&x.layout().stride()[..3])
        .threads(d)
        .grid(groups, batch * heads)?
        .run()?;
    match (made.pop(), made.pop()) {
        (Some(scales), Some(numbers)) => Ok((numbers, scales)),
        _ => candle_core::bail!("rounding makes numbers and scales"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::super::testing::{FORMATS, distance, machine, noise, placed, rounded, rounding};
    use super::*;
    use crate::attention::{Mask, causal_mask, sdpa};

    const EXACT: Variant = Variant { scores: Scores::Exact, tiles: 1 };

    fn exact(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, dtype: DType) -> Tensor {
        let [q, k, v] = [q, k, v].map(|x| rounded(x, dtype));
        sdpa(&q, &k, &v, mask.map_or(Mask::Full, Mask::Additive)).unwrap()
    }

    #[test]
    fn attention_is_close_to_the_exact_one() {
        let machine = machine();
        for dtype in FORMATS {
            for (d, n, m, tiles) in
                [(128, 70, 130, 1), (128, 130, 70, 2), (64, 200, 64, 2), (64, 1, 1, 1)]
            {
                let shape = |length: usize| (1, 2, length, d);
                let (q, k, v) =
                    (noise(shape(n), 1, 0.2), noise(shape(m), 2, 0.1), noise(shape(m), 3, 0.3));
                let expected = exact(&q, &k, &v, None, dtype);
                let [q, k, v] = [&q, &k, &v].map(|x| placed(x, dtype, &machine));
                let variant = Variant { tiles, ..EXACT };
                let made = attend(&q, &k, &v, None, variant).unwrap().expect("it fits");
                let far = distance(&made, &expected);
                let most = if dtype == DType::BF16 { 6e-3 } else { 8e-4 };
                assert!(far < most, "{far} at {d}, {n} × {m}, {dtype:?}");
                assert!(made.transpose(1, 2).unwrap().is_contiguous());
            }
        }
    }

    /// Keys share a large part in some channels, as those of real models do.
    #[test]
    fn rounded_scores_stay_within_what_is_promised() {
        let machine = machine();
        let dtype = DType::BF16;
        for (d, n, m, tiles) in [(128, 70, 200, 1), (64, 130, 100, 2), (128, 130, 64, 2)] {
            let (q, k, v) = (
                noise((2, 2, n, d), 1, 0.0),
                noise((2, 2, m, d), 2, 0.0),
                noise((2, 2, m, d), 3, 0.0),
            );
            let channel = (noise((1, 1, 1, d), 4, 0.0) * 8.0).unwrap();
            let k = k.broadcast_add(&channel).unwrap();
            let expected = exact(&q, &k, &v, None, dtype);
            let [q, k, v] = [&q, &k, &v].map(|x| placed(x, dtype, &machine));
            let variant = Variant { scores: Scores::Rounded, tiles };
            let made = attend(&q, &k, &v, None, variant).unwrap().expect("it fits");
            let far = distance(&made, &expected);
            assert!(far < 0.02, "{far} at {d}, {n} × {m}");
        }
    }

    #[test]
    fn only_small_chips_round_and_only_where_it_pays() {
        let variant = |card, keys| Variant::of(card, keys, false);
        let rounded = |tiles| Variant { scores: Scores::Rounded, tiles };
        assert_eq!([variant((7, 5), 4608), variant((8, 9), 512)], [EXACT; 2]);
        assert_eq!([variant((8, 6), 4608), variant((12, 0), 4608)], [rounded(1); 2]);
        assert_eq!(Variant::of((8, 9), 4608, true), EXACT, "a mask");
        for large in [(8, 0), (10, 0), (10, 3)] {
            assert_eq!(variant(large, 4608), Variant { tiles: 2, ..EXACT });
        }
        assert_eq!(variant((9, 0), 64), Variant { scores: Scores::InGroups, tiles: 2 });
        assert_eq!(Variant::of((9, 0), 64, true), Variant { tiles: 2, ..EXACT });
    }

    #[test]
    fn groups_of_warps_give_what_single_warps_give() {
        #[cfg(feature = "cuda")]
        if super::super::capability().unwrap() != (9, 0) {
            return;
        }
        let machine = machine();
        // Turns that are whole, one that is not, and fewer keys than a turn has.
        for (n, m) in [(130, 300), (64, 256), (3, 5)] {
            for dtype in FORMATS {
                let (q, k, v) = (
                    noise((1, 4, n, 128), 1, 0.0),
                    noise((1, 2, m, 128), 2, 0.2),
                    noise((1, 2, m, 128), 3, 0.1),
                );
                let expected = exact(&q, &k, &v, None, dtype);
                let [q, k, v] = [&q, &k, &v].map(|x| placed(x, dtype, &machine));
                let far = distance(&in_groups([&q, &k, &v]).unwrap(), &expected);
                assert!(far < rounding(dtype), "{far} at {n} × {m}, {dtype:?}");
            }
        }
    }

    #[test]
    fn masks_and_biases_are_heard() {
        let machine = machine();
        let (dtype, n, d) = (DType::F16, 90, 64);
        let shape = (2, 2, n, d);
        let (q, k, v) = (noise(shape, 1, 0.0), noise(shape, 2, 0.0), noise(shape, 3, 0.0));
        let padding = [vec![false; n], [vec![false; 50], vec![true; n - 50]].concat()];
        let causal = causal_mask(&padding, &Device::Cpu).unwrap();
        let bias = noise((1, 1, 1, n), 4, 0.0);
        let of_heads = noise((1, 2, n, n), 5, 0.0);
        for mask in [&causal, &bias, &of_heads] {
            let expected = exact(&q, &k, &v, Some(mask), dtype);
            let [q, k, v] = [&q, &k, &v].map(|x| placed(x, dtype, &machine));
            let mask = mask.to_device(&machine).unwrap();
            for scores in [Scores::Exact, Scores::Rounded] {
                let variant = Variant { scores, tiles: 1 };
                let made = attend(&q, &k, &v, Some(&mask), variant).unwrap().expect("it fits");
                let far = distance(&made, &expected);
                assert!(far < if scores == Scores::Exact { 1e-3 } else { 0.02 }, "{far}");
            }
        }
    }

    #[test]
    fn heads_of_keys_may_serve_several_of_queries() {
        let machine = machine();
        let (q, k, v) = (
            noise((2, 6, 70, 64), 1, 0.0),
            noise((2, 2, 80, 64), 2, 0.0),
            noise((2, 2, 80, 64), 3, 0.0),
        );
        let expected = exact(&q, &k, &v, None, DType::F16);
        let [q, k, v] = [&q, &k, &v].map(|x| placed(x, DType::F16, &machine));
        for (scores, most) in [(Scores::Exact, 1e-3), (Scores::Rounded, 0.02)] {
            let variant = Variant { scores, tiles: 1 };
            let made = attend(&q, &k, &v, None, variant).unwrap().expect("it fits");
            let far = distance(&made, &expected);
            assert!(far < most, "{far} by {scores:?}");
        }
    }

    #[test]
    fn a_query_that_sees_nothing_is_nothing() {
        let machine = machine();
        let x = placed(&noise((1, 1, 3, 64), 1, 0.0), DType::F16, &machine);
        let mask = Tensor::full(f32::NEG_INFINITY, (1, 1, 3, 3), &machine).unwrap();
        let made = attend(&x, &x, &x, Some(&mask), EXACT).unwrap().expect("it fits");
        let made = made.to_device(&Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        let sum = made.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(sum, 0.0);
    }

    /// As they come from one projection: heads beside each other in the rows of tokens.
    #[test]
    fn heads_may_lie_apart() {
        let machine = machine();
        let x = noise((1, 40, 3, 2, 64), 1, 0.0);
        let x = placed(&x, DType::BF16, &machine);
        let part = |index: usize| {
            x.narrow(2, index, 1).unwrap().squeeze(2).unwrap().transpose(1, 2).unwrap()
        };
        let [q, k, v] = [0, 1, 2].map(part);
        let whole = |x: &Tensor| x.contiguous().unwrap();
        let apart = attend(&q, &k, &v, None, EXACT).unwrap().expect("it fits");
        let beside = attend(&whole(&q), &whole(&k), &whole(&v), None, EXACT).unwrap();
        assert_eq!(distance(&apart, &beside.expect("it fits")), 0.0);
    }
}
