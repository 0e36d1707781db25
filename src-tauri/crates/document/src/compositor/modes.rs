//! How two pixels become one.
//!
//! Method: ISO 32000-1, 11.3.5 "Blend mode", and Photoshop's own modes as psd-tools' `composite/blend.py`
//! describes them.

use super::canvas::Pixel;
use crate::Blend;

/// Closer to white than this is white: what division leaves of 1 must not turn a burn into black.
const NEARLY: f32 = 1e-6;

/// Premultiplied to straight.
pub(super) fn straight([red, green, blue, alpha]: Pixel) -> Pixel {
    if alpha <= 0.0 {
        return [0.0; 4];
    }
    let [red, green, blue] = [red, green, blue].map(|value| (value / alpha).min(1.0));
    [red, green, blue, alpha]
}

/// Whether fill acts inside the mode rather than on its opacity.
pub(super) fn fades_itself(mode: Blend) -> bool {
    matches!(
        mode,
        Blend::ColorBurn
            | Blend::LinearBurn
            | Blend::ColorDodge
            | Blend::LinearDodge
            | Blend::VividLight
            | Blend::LinearLight
            | Blend::HardMix
            | Blend::Difference
    )
}

/// Shows whole pixels, as many as the alpha says, chosen by their place.
pub(super) fn dissolve_row(
    left: i64,
    y: i64,
    backdrop: &mut [Pixel],
    source: &[Pixel],
    coverage: &[f32],
) {
    for (x, ((below, above), share)) in (left..).zip(backdrop.iter_mut().zip(source).zip(coverage))
    {
        let [red, green, blue, alpha] = *above;
        if alpha * share > threshold(x, y) {
            *below = [red, green, blue, 1.0];
        }
    }
}

/// A number of 0 to 1, without 1, that looks random.
fn threshold(x: i64, y: i64) -> f32 {
    // Method: the finalizer of SplitMix64 (Steele, Lea, Flood).
    let place = (x as u64 & 0xffff_ffff) | (y as u64) << 32;
    let mut hash = place.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((hash ^ (hash >> 31)) >> 40) as f32 / (1 << 24) as f32
}

/// Blends straight `source` pixels with the premultiplied ones below; `fill` is 1 unless the mode
/// [`fades_itself`].
pub(super) fn blend_row(
    mode: Blend,
    fill: f32,
    backdrop: &mut [Pixel],
    source: &[Pixel],
    coverage: &[f32],
) {
    /// A mode that looks at each channel by itself.
    macro_rules! each {
        ($blend:expr) => {{
            let blend = $blend;
            mix(backdrop, source, coverage, fill, |b, s| {
                [blend(b[0], s[0]), blend(b[1], s[1]), blend(b[2], s[2])]
            })
        }};
    }
    let full = fill >= 1.0;
    // Moves a colour to the one that changes nothing; exact where fill is 1.
    let faded = move |s: f32, neutral: f32| if full { s } else { neutral + (s - neutral) * fill };
    match mode {
        Blend::PassThrough | Blend::Normal | Blend::Dissolve => cover(backdrop, source, coverage),
        Blend::Darken => each!(f32::min),
        Blend::Multiply => each!(|b: f32, s: f32| b * s),
        Blend::ColorBurn => each!(|b: f32, s: f32| color_burn(b, faded(s, 1.0))),
        Blend::LinearBurn => each!(|b: f32, s: f32| (b + faded(s, 1.0) - 1.0).max(0.0)),
        Blend::Lighten => each!(f32::max),
        Blend::Screen => each!(screen),
        Blend::ColorDodge => each!(|b: f32, s: f32| color_dodge(b, faded(s, 0.0))),
        Blend::LinearDodge => each!(|b: f32, s: f32| (b + faded(s, 0.0)).min(1.0)),
        Blend::Overlay => each!(|b: f32, s: f32| hard_light(s, b)),
        Blend::SoftLight => each!(soft_light),
        Blend::HardLight => each!(hard_light),
        Blend::VividLight => each!(|b: f32, s: f32| vivid_light(b, faded(s, 0.5))),
        Blend::LinearLight => {
            each!(|b: f32, s: f32| (b + 2.0 * faded(s, 0.5) - 1.0).clamp(0.0, 1.0))
        }
        Blend::PinLight => each!(pin_light),
        Blend::HardMix if full => each!(hard_mix),
        Blend::HardMix => {
            each!(|b: f32, s: f32| { ((b - fill * (1.0 - s)) / (1.0 - fill)).clamp(0.0, 1.0) })
        }
        Blend::Difference => each!(|b: f32, s: f32| (b - faded(s, 0.0)).abs()),
        Blend::Exclusion => each!(|b: f32, s: f32| b + s - 2.0 * b * s),
        Blend::Subtract => each!(|b: f32, s: f32| (b - s).max(0.0)),
        Blend::Divide => each!(divide),
        Blend::DarkerColor => {
            mix(
                backdrop,
                source,
                coverage,
                1.0,
                |b, s| {
                    if luminosity(s) < luminosity(b) { s } else { b }
                },
            );
        }
        Blend::LighterColor => {
            mix(
                backdrop,
                source,
                coverage,
                1.0,
                |b, s| {
                    if luminosity(s) > luminosity(b) { s } else { b }
                },
            );
        }
        Blend::Hue => mix(backdrop, source, coverage, 1.0, |b, s| {
            with_luminosity(with_saturation(s, saturation(b)), luminosity(b))
        }),
        Blend::Saturation => mix(backdrop, source, coverage, 1.0, |b, s| {
            with_luminosity(with_saturation(b, saturation(s)), luminosity(b))
        }),
        Blend::Color => {
            mix(backdrop, source, coverage, 1.0, |b, s| with_luminosity(s, luminosity(b)));
        }
        Blend::Luminosity => {
            mix(backdrop, source, coverage, 1.0, |b, s| with_luminosity(b, luminosity(s)));
        }
    }
}

/// What [`mix`] does with a mode that gives the source, without its divisions.
fn cover(backdrop: &mut [Pixel], source: &[Pixel], coverage: &[f32]) {
    for ((below, above), share) in backdrop.iter_mut().zip(source).zip(coverage) {
        let [red, green, blue, alpha] = *above;
        let alpha = alpha * share;
        let rest = 1.0 - alpha;
        for (below, above) in below.iter_mut().zip([red, green, blue, 1.0]) {
            *below = *below * rest + above * alpha;
        }
    }
}

/// `alone` is how much of the source shows where nothing is below it.
pub(super) fn mix(
    backdrop: &mut [Pixel],
    source: &[Pixel],
    coverage: &[f32],
    alone: f32,
    blend: impl Fn([f32; 3], [f32; 3]) -> [f32; 3],
) {
    for ((below, above), share) in backdrop.iter_mut().zip(source).zip(coverage) {
        let [red, green, blue, alpha] = *above;
        let alpha = alpha * share;
        if alpha <= 0.0 {
            continue;
        }
        let [b_red, b_green, b_blue, b_alpha] = straight(*below);
        let color = [red, green, blue];
        let blended = blend([b_red, b_green, b_blue], color);
        let (both, only) = (alpha * b_alpha, alpha * (1.0 - b_alpha) * alone);
        for channel in 0..3 {
            below[channel] =
                below[channel] * (1.0 - alpha) + blended[channel] * both + color[channel] * only;
        }
        below[3] = b_alpha + only;
    }
}

fn screen(b: f32, s: f32) -> f32 {
    b + s - b * s
}

fn color_burn(b: f32, s: f32) -> f32 {
    if b >= 1.0 - NEARLY {
        1.0
    } else if s <= 0.0 {
        0.0
    } else {
        1.0 - ((1.0 - b) / s).min(1.0)
    }
}

fn color_dodge(b: f32, s: f32) -> f32 {
    if b <= 0.0 {
        0.0
    } else if s >= 1.0 {
        1.0
    } else {
        (b / (1.0 - s)).min(1.0)
    }
}

fn hard_light(b: f32, s: f32) -> f32 {
    if s > 0.5 { screen(b, 2.0 * s - 1.0) } else { b * 2.0 * s }
}

fn soft_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 {
        b - (1.0 - 2.0 * s) * b * (1.0 - b)
    } else {
        let lit = if b <= 0.25 { ((16.0 * b - 12.0) * b + 4.0) * b } else { b.sqrt() };
        b + (2.0 * s - 1.0) * (lit - b)
    }
}

/// Unlike burn and dodge by themselves, black and white layers win over any backdrop.
fn vivid_light(b: f32, s: f32) -> f32 {
    if s <= 0.0 {
        0.0
    } else if s >= 1.0 {
        1.0
    } else if s <= 0.5 {
        1.0 - ((1.0 - b) / (2.0 * s)).min(1.0)
    } else {
        (b / (2.0 * (1.0 - s))).min(1.0)
    }
}

fn pin_light(b: f32, s: f32) -> f32 {
    if s > 0.5 { b.max(2.0 * s - 1.0) } else { b.min(2.0 * s) }
}

/// Where both add up to 1, the brighter wins.
fn hard_mix(b: f32, s: f32) -> f32 {
    let sum = b + s - 1.0;
    let is_white = if sum.abs() <= NEARLY { b > 0.5 } else { sum > 0.0 };
    f32::from(u8::from(is_white))
}

fn divide(b: f32, s: f32) -> f32 {
    if b <= 0.0 {
        0.0
    } else if b >= s {
        1.0
    } else {
        b / s
    }
}

fn luminosity([red, green, blue]: [f32; 3]) -> f32 {
    0.3 * red + 0.59 * green + 0.11 * blue
}

fn range([red, green, blue]: [f32; 3]) -> (f32, f32) {
    (red.min(green).min(blue), red.max(green).max(blue))
}

fn saturation(color: [f32; 3]) -> f32 {
    let (least, most) = range(color);
    most - least
}

fn with_saturation(color: [f32; 3], saturation: f32) -> [f32; 3] {
    let (least, most) = range(color);
    if most <= least {
        return [0.0; 3];
    }
    color.map(|value| (value - least) * saturation / (most - least))
}

fn with_luminosity(color: [f32; 3], wanted: f32) -> [f32; 3] {
    let shift = wanted - luminosity(color);
    let mut color = color.map(|value| value + shift);
    let center = luminosity(color);
    let (least, most) = range(color);
    if least < 0.0 {
        color = color.map(|value| center + (value - center) * center / (center - least));
    }
    if most > 1.0 {
        color = color.map(|value| center + (value - center) * (1.0 - center) / (most - center));
    }
    // A grey at either end leaves 0/0.
    color.map(|value| if value.is_nan() { wanted } else { value.clamp(0.0, 1.0) })
}
