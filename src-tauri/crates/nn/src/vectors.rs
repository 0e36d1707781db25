//! Loops that compilers make vectors of, compiled once more for processors with wider ones. Those without
//! AVX2 and fused multiplication, from before 2013, compute the same slowly.

/// Defines a function that runs `$body` as compiled for the widest vectors that the processor has.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?, $body:ident) => {
        $(#[$doc])*
        #[cfg_attr(
            target_arch = "x86_64",
            expect(unsafe_code, reason = "code for wider vectors may only run where there are some")
        )]
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
                fn wide($($argument: $type),*) $(-> $result)? { $body($($argument),*) }
                #[target_feature(enable = "avx2,fma")]
                fn narrow($($argument: $type),*) $(-> $result)? { $body($($argument),*) }
                if std::is_x86_feature_detected!("avx512bw")
                    && std::is_x86_feature_detected!("avx512dq")
                    && std::is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { wide($($argument),*) };
                }
                if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                    // SAFETY: as above.
                    return unsafe { narrow($($argument),*) };
                }
            }
            $body($($argument),*)
        }
    };
}
pub(crate) use widest;

/// Adding this to a small number leaves the nearest whole one in the lowest bits.
pub(crate) const NEAREST: f32 = 12_582_912.0;

/// `eˣ` for x ≤ 0, to seven digits: a power of two times a polynomial, without branches so that
/// compilers make vectors of it. Coefficients: the Taylor series over ±ln 2 / 2.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Below, the result is smaller than any number that counts beside 1.
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, NEAREST);
    let whole = shifted - NEAREST;
    // ln 2 in two parts, so that the difference is exact.
    let rest = whole.mul_add(2.121_944_4e-4, whole.mul_add(-0.693_359_4, x));
    let series = rest
        .mul_add(1.0 / 720.0, 1.0 / 120.0)
        .mul_add(rest, 1.0 / 24.0)
        .mul_add(rest, 1.0 / 6.0)
        .mul_add(rest, 0.5)
        .mul_add(rest, 1.0)
        .mul_add(rest, 1.0);
    let power = (shifted.to_bits() << 23).wrapping_add(127 << 23);
    series * f32::from_bits(power)
}

/// `1 / (1 + e⁻ˣ)`, by way of an exponential that is never large.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let small = exp(-x.abs());
    let less = small / (1.0 + small);
    if x < 0.0 { less } else { 1.0 - less }
}

/// `2ˣ` for x below 120, to four digits, which is more than bf16 keeps: as [`exp`], with the polynomial of
/// third degree whose largest relative error over ±½ is the smallest.
#[inline(always)]
pub(crate) fn power(x: f32) -> f32 {
    let x = if x < -125.0 { -125.0 } else { x };
    let shifted = x + NEAREST;
    let rest = x - (shifted - NEAREST);
    let series = rest
        .mul_add(0.055_171_67, 0.242_611_12)
        .mul_add(rest, 0.693_261)
        .mul_add(rest, 0.999_928_1);
    f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// Sums in 16 lanes, so that compilers make vectors of them.
#[inline(always)]
pub(crate) fn sum(x: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; 16];
    let (chunks, rest) = x.as_chunks::<16>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += of(*x);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| of(*x)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_right_to_four_digits() {
        for step in -12_500..12_000 {
            let x = step as f32 / 100.0;
            let (made, expected) = (f64::from(power(x)), f64::from(x).exp2());
            assert!((made / expected - 1.0).abs() < 1e-4, "{x}: {made} is not {expected}");
        }
        assert!(power(f32::NEG_INFINITY) < 3e-38);
        assert!(power(f32::NAN).is_nan());
    }

    #[test]
    fn exponentials_are_right_to_seven_digits() {
        for step in 0..8700 {
            let x = -step as f32 / 100.0;
            let (made, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((made / expected - 1.0).abs() < 3e-7, "{x}: {made} is not {expected}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
        assert!(exp(f32::NAN).is_nan());
    }
}
