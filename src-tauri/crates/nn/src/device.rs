//! Which devices this build and this machine have.

use candle_core::{DType, Device, Result, Tensor};

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

/// Whether products of this tensor are computed in f32: on a CPU, candle multiplies 16-bit numbers
/// several times slower than 32-bit ones, and converting costs a small part of that.
pub(crate) fn widens(x: &Tensor) -> bool {
    x.device().is_cpu() && matches!(x.dtype(), DType::BF16 | DType::F16)
}
