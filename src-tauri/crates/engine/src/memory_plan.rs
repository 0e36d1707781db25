//! How much memory a run takes and which measure makes it fit: one pure function.

use crate::{Error, Precision, Result};

/// What is left free for everything else on the machine.
const RESERVE: u64 = 512 << 20;
/// Attention scores that are held at once, twice: before and after the softmax.
const SCORES: u64 = 2 * (64 << 20);

/// Sizes of a model's components. Matrices are used as files hold them, in whatever number format
/// pictures are computed; convolutions are few, and unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// In bytes.
    pub(crate) text_encoder: u64,
    /// In bytes.
    pub(crate) transformer: u64,
    /// In parameters.
    pub(crate) autoencoder: u64,
}

/// What a run works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// Image tokens, references included.
    pub(crate) image_tokens: u64,
    pub(crate) text_tokens: u64,
    /// Pixels of the largest picture that the autoencoder sees.
    pub(crate) pixels: u64,
    /// Width of the transformer and of its feed-forward part.
    pub(crate) width: u64,
    pub(crate) mlp_width: u64,
    /// Channels of the autoencoder at full resolution.
    pub(crate) channels: u64,
}

/// How a run is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) precision: Precision,
    /// Whether the text encoder stays loaded while the picture is made.
    pub(crate) keep_text_encoder: bool,
    /// Predicted peak, in bytes.
    pub(crate) peak: u64,
}

/// The cheapest plan that fits into `available` bytes.
///
/// # Errors
/// [`Error::OutOfMemory`] when none does.
pub(crate) fn plan(
    sizes: &Sizes,
    load: &Load,
    wanted: Option<Precision>,
    available: u64,
) -> Result<Plan> {
    let budget = available.saturating_sub(RESERVE);
    // f32 is the faster format on a CPU; 16 bits are there for pictures that would not fit.
    let precisions = match wanted {
        Some(precision) => vec![precision],
        None => vec![Precision::F32, Precision::Bf16],
    };
    let mut smallest = u64::MAX;
    for precision in precisions {
        for keep_text_encoder in [true, false] {
            let peak = peak(sizes, load, precision, keep_text_encoder);
            smallest = smallest.min(peak);
            if peak <= budget {
                return Ok(Plan { precision, keep_text_encoder, peak });
            }
        }
    }
    Err(Error::OutOfMemory { needed: smallest, available })
}

fn peak(sizes: &Sizes, load: &Load, precision: Precision, keep_text_encoder: bool) -> u64 {
    let bytes = match precision {
        Precision::F32 => 4,
        Precision::Bf16 | Precision::F16 => 2,
    };
    let tokens = load.image_tokens + load.text_tokens;
    // A single block holds its input, the projection (q, k, v, two halves of the feed-forward part),
    // rotated copies in f32, and the output.
    let block = tokens * ((8 * load.width + 4 * load.mlp_width) * bytes + 4 * load.width * 4);
    let forward = block + SCORES * 4;
    // The last level of the decoder holds about four maps of all channels at full resolution.
    let decode = load.pixels * load.channels * 4 * bytes;
    let encode = sizes.text_encoder + load.text_tokens * load.width * 64 + SCORES * 4;
    let picture = sizes.transformer + sizes.autoencoder * bytes + forward.max(decode);
    if keep_text_encoder { sizes.text_encoder + picture } else { encode.max(picture) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KLEIN_4B: Sizes =
        Sizes { text_encoder: 8_000_000_000, transformer: 7_760_000_000, autoencoder: 84_000_000 };
    const MEGAPIXEL: Load = Load {
        image_tokens: 4096,
        text_tokens: 512,
        pixels: 1 << 20,
        width: 3072,
        mlp_width: 9216,
        channels: 256,
    };

    #[test]
    fn a_large_machine_keeps_everything_in_f32() {
        let plan = plan(&KLEIN_4B, &MEGAPIXEL, None, 64_000_000_000).unwrap();
        assert_eq!((plan.precision, plan.keep_text_encoder), (Precision::F32, true));
    }

    #[test]
    fn a_small_machine_drops_the_text_encoder_then_halves_the_format() {
        let plan = |available| plan(&KLEIN_4B, &MEGAPIXEL, None, available).unwrap();
        let at_16 = plan(16_000_000_000);
        assert_eq!((at_16.precision, at_16.keep_text_encoder), (Precision::F32, false));
        let at_12 = plan(12_000_000_000);
        assert_eq!((at_12.precision, at_12.keep_text_encoder), (Precision::Bf16, false));
    }

    #[test]
    fn what_cannot_fit_is_refused_with_both_figures() {
        let error = plan(&KLEIN_4B, &MEGAPIXEL, None, 8_000_000_000).unwrap_err();
        assert!(matches!(error, Error::OutOfMemory { available: 8_000_000_000, .. }), "{error}");
    }
}
