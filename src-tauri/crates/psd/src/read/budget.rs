//! How much memory a file may ask for.

use crate::Error;

/// Any file may have this much.
const FLOOR: u64 = 4 << 30;
/// RLE makes 64 bytes of one at the most, and a layer without alpha grows by a third.
const PER_BYTE: u64 = 100;

/// Bytes of pixels that may still be unpacked.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn of_file(bytes: usize) -> Self {
        Self { left: FLOOR.max((bytes as u64).saturating_mul(PER_BYTE)) }
    }

    /// Refuses what is beyond the budget without spending it.
    pub(super) fn check(&self, bytes: u64) -> Result<(), Error> {
        if bytes <= self.left {
            return Ok(());
        }
        Err(Error::TooLarge(
            "its pixels would need far more memory than a file of this size can fill",
        ))
    }

    pub(super) fn spend(&mut self, bytes: u64) -> Result<(), Error> {
        self.check(bytes)?;
        self.left -= bytes;
        Ok(())
    }
}
