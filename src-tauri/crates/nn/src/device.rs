//! Which devices this build and this machine have.

use candle_core::{DType, Device, Result, Tensor};

/// Whether this build can use an NVIDIA card at all.
#[must_use]
pub fn cuda_is_built() -> bool {
    cfg!(feature = "cuda")
}

/// The first CUDA device, the same at every call.
///
/// # Errors
/// One line that says what is missing, if this build or this machine has none.
pub fn cuda_device() -> Result<Device> {
    #[cfg(feature = "cuda")]
    return crate::cuda::device();
    #[cfg(not(feature = "cuda"))]
    candle_core::bail!("this build has no CUDA support");
}

/// Whether the first CUDA device computes with bf16; those of before 2020 have f16 alone.
#[must_use]
pub fn cuda_has_bf16() -> bool {
    #[cfg(feature = "cuda")]
    return crate::cuda::capability().is_ok_and(|capability| capability >= (8, 0));
    #[cfg(not(feature = "cuda"))]
    return false;
}

/// Gives the memory of a card that no tensor holds to its other users.
pub fn release_cuda_memory() {
    #[cfg(feature = "cuda")]
    crate::cuda::release();
}

/// Whether products with weights that are stored as 8-bit floats are to round activations to 8 bits too, on
/// cards that have units for them: about twice as fast, and another picture. Off at first.
pub fn set_fp8_products(wanted: bool) {
    #[cfg(feature = "cuda")]
    crate::cuda::matmul::set_wanted(wanted);
    #[cfg(not(feature = "cuda"))]
    let _ = wanted;
}

/// Whether a card is to compute by ordinary ways alone: without 8-bit products, units for groups of warps and
/// recordings, each of which is taken otherwise where a try has shown that it works. To find out which of
/// them is to blame, and what they gain.
pub fn set_ordinary_kernels(wanted: bool) {
    #[cfg(feature = "cuda")]
    crate::cuda::trial::forbid(wanted);
    #[cfg(not(feature = "cuda"))]
    let _ = wanted;
}

/// Bytes of the first CUDA device that this process may take, those that it holds included.
#[must_use]
pub fn cuda_memory() -> Option<u64> {
    #[cfg(feature = "cuda")]
    return crate::cuda::memory().ok().map(|(available, _)| available);
    #[cfg(not(feature = "cuda"))]
    return None;
}

/// The most bytes that tensors took on the first CUDA device since the last call.
#[must_use]
pub fn take_cuda_peak() -> Option<u64> {
    #[cfg(feature = "cuda")]
    {
        let (_, peak) = crate::cuda::memory().ok()?;
        crate::cuda::reset_peak().ok()?;
        Some(peak)
    }
    #[cfg(not(feature = "cuda"))]
    None
}

/// Whether products of this tensor are computed in f32: on a CPU, candle multiplies 16-bit numbers
/// several times slower than 32-bit ones, and converting costs a small part of that.
pub(crate) fn widens(x: &Tensor) -> bool {
    x.device().is_cpu() && matches!(x.dtype(), DType::BF16 | DType::F16)
}
