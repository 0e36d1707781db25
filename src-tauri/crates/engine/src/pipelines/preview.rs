//! Small pictures of latents on their way.

use candle_core::{Device, IndexOp, Result, Tensor};
use models::flux2::latents::{pack, unpack};

use super::Monitor;
use crate::{ImageInfo, preprocess};

/// A preview has at most this many latent positions a side, and fewer of a small picture, whose steps are short:
/// it may cost them little.
const SIDES: std::ops::RangeInclusive<usize> = 6..=16;
/// A picture's positions for one of its preview.
const SHARE: usize = 5;

/// The most latent positions a side that the preview of a picture of so many may have.
fn side(longest: usize) -> usize {
    (longest / SHARE).clamp(*SIDES.start(), *SIDES.end())
}

/// The first picture of clean tokens `[b, h · w, c]` at a size that costs little to decode; none if
/// that fails, which is not worth failing the picture for.
pub(super) fn show(
    clean: &Tensor,
    (h, w): (usize, usize),
    decode: impl Fn(&Tensor, (usize, usize)) -> Result<Tensor>,
    monitor: &mut Monitor<'_>,
) -> Vec<ImageInfo> {
    let small = || {
        let factor = h.max(w).div_ceil(side(h.max(w)));
        let (rows, columns) = (h / factor * factor, w / factor * factor);
        let grid = unpack(&clean.i(..1)?, h, w)?.i((.., .., ..rows, ..columns))?.contiguous()?;
        // Latents stand averaging well.
        let small = if factor > 1 { grid.avg_pool2d(factor)? } else { grid };
        let pixels = decode(&pack(&small)?, (rows / factor, columns / factor))?;
        preprocess::to_unit(&pixels.to_device(&Device::Cpu)?)?.i(0)
    };
    let image = small().ok().and_then(|unit| preprocess::to_image(&unit).ok());
    image.map(|image| monitor.images.insert(image)).into_iter().collect()
}
