//! Which devices this build and this machine have.

use candle_core::{Device, Result};

/// Whether this build can use an NVIDIA card at all.
#[must_use]
pub fn cuda_is_built() -> bool {
    candle_core::utils::cuda_is_available()
}

/// The first CUDA device.
///
/// # Errors
/// If this build or this machine has none.
pub fn cuda_device() -> Result<Device> {
    if !cuda_is_built() {
        candle_core::bail!("this build has no CUDA support");
    }
    Device::new_cuda(0)
}
