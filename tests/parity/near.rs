//! How near a result comes to the reference's: to within a stated difference, or, where factors of
//! products are rounded, to within a stated share of its length.

use std::cell::Cell;

use candle_core::{DType, Tensor};
use engine::pipelines::flux2::to_images;
use nn::tiles;

/// What rounding a single product changes at least, relative to its length: less is the noise of f32.
const ROUNDED: f64 = 1e-5;

thread_local! {
    static ROUNDING: Cell<Option<Rounding>> = const { Cell::new(None) };
}

/// A computation with rounded products.
#[derive(Debug, Clone, Copy)]
struct Rounding {
    /// The largest distance that is accepted, as a share of the reference's length.
    accepted: f64,
    /// The largest that was found.
    found: f64,
    /// Results that were compared.
    count: usize,
}

/// Runs `work` with rounded products. What it checks is as near to the reference as rounded numbers
/// come: the distance of both as vectors is at most `accepted` of the reference's length, so that their
/// cosine is at least `√(1 − accepted²)`.
pub(crate) fn rounded(stage: &str, accepted: f64, work: impl FnOnce()) {
    let before = ROUNDING.replace(Some(Rounding { accepted, found: 0.0, count: 0 }));
    assert!(before.is_none(), "one stage at a time");
    tiles::scope(true, work);
    let Rounding { found, count, .. } = ROUNDING.take().expect("nobody else takes it");
    println!("{stage}: {found:.1e} of {accepted:.1e} accepted, {count} results");
    assert!(found > ROUNDED, "the products of {stage} were not rounded");
}

/// Fails unless `actual` has the reference's shape and lies near enough: within `tolerance`, unless
/// products are rounded and `actual` consists of fractions.
pub(crate) fn check(what: &str, actual: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(actual.dims(), expected.dims(), "shape of {what}");
    match ROUNDING.get() {
        Some(rounding) if actual.dtype().is_float() => {
            let distance = distance(actual, expected);
            let found = rounding.found.max(distance);
            ROUNDING.set(Some(Rounding { found, count: rounding.count + 1, ..rounding }));
            let accepted = rounding.accepted;
            assert!(
                distance <= accepted,
                "{what} is {distance:e} of its length away, {accepted:e} is accepted"
            );
        }
        _ => {
            let difference = largest_difference(actual, expected);
            assert!(
                difference <= tolerance,
                "{what} differs by {difference:e}, {tolerance:e} is accepted"
            );
        }
    }
}

/// As a saved PNG would be, at most one level of 255 away on 99.9 % of values. Where products are
/// rounded, [`check`] says enough.
pub(crate) fn check_levels(unit: &Tensor, expected: &Tensor) {
    if ROUNDING.get().is_some() {
        return;
    }
    for (image, expected) in
        to_images(unit).expect("pictures").iter().zip(to_images(expected).expect("pictures"))
    {
        let far =
            image.rgba().iter().zip(expected.rgba()).filter(|(a, b)| a.abs_diff(**b) > 1).count();
        assert!(far * 1000 <= image.rgba().len(), "{far} of {} values are off", image.rgba().len());
    }
}

/// Largest absolute difference; infinite when a value is not a number.
pub(crate) fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(
        0.0,
        |most: f64, difference| {
            if difference.is_nan() { f64::INFINITY } else { most.max(difference) }
        },
    )
}

/// The cosine of the angle between two results as vectors.
pub(crate) fn cosine(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (values(a), values(b));
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

/// The length of the difference as a share of the reference's; infinite when a value is not a number.
fn distance(actual: &Tensor, expected: &Tensor) -> f64 {
    let (actual, expected) = (values(actual), values(expected));
    let off: Vec<f64> = actual.iter().zip(&expected).map(|(a, b)| a - b).collect();
    let distance = (dot(&off, &off) / dot(&expected, &expected).max(f64::MIN_POSITIVE)).sqrt();
    if distance.is_nan() { f64::INFINITY } else { distance }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).and_then(|t| t.flatten_all()?.to_vec1::<f64>()).expect("numbers")
}
