//! Kernels of our own for NVIDIA's cards (`kernels/*.cuh`), and how they are launched.
//!
//! A launcher says what a kernel reads and makes; who runs it is decided when the crate is built: the
//! card, or in tests without the feature `cuda` the emulator, which runs the same sources thread by
//! thread on the processor. Launchers give `None` where shapes or number formats are not for them.

pub(crate) mod attention;
mod bytes;
#[cfg(feature = "cuda")]
mod driver;
#[cfg(not(feature = "cuda"))]
mod emulator;
mod launch;
#[cfg(feature = "cuda")]
mod lt;
#[cfg(feature = "cuda")]
pub(crate) mod matmul;
pub(crate) mod norms;
pub(crate) mod pixels;
mod rounding;
pub(crate) mod trial;
pub(crate) mod unpack;

#[cfg(feature = "cuda")]
pub(crate) use driver::{Recording, capability, device, memory, release, reset_peak, upload};

#[cfg(test)]
mod testing {
    //! Random tensors, and how far results lie from a reference.

    use candle_core::{DType, Device, Shape, Tensor};

    use crate::Format;

    /// Where kernels run.
    pub(super) fn machine() -> Device {
        #[cfg(feature = "cuda")]
        return super::device().expect("these tests are for a machine with a card");
        #[cfg(not(feature = "cuda"))]
        return Device::Cpu;
    }

    /// Numbers around `mean` that look random and are the same in every run.
    pub(super) fn noise(shape: impl Into<Shape>, seed: u64, mean: f32) -> Tensor {
        let shape = shape.into();
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        // The sum of four has about the shape of a normal distribution, of variance 1.
        let values: Vec<f32> = (0..shape.elem_count())
            .map(|_| mean + (0..4).map(|_| uniform()).sum::<f32>() * 3f32.sqrt())
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// The formats that kernels unpack.
    pub(super) const PACKED: [Format; 12] = [
        Format::F8E4M3,
        Format::F8E5M2,
        Format::Q4_0,
        Format::Q4_1,
        Format::Q5_0,
        Format::Q5_1,
        Format::Q8_0,
        Format::Q2K,
        Format::Q3K,
        Format::Q4K,
        Format::Q5K,
        Format::Q6K,
    ];

    /// Bytes that look random and are the same in every run.
    pub(super) fn bytes(count: usize) -> Vec<u8> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    /// Where kernels run, in their number format.
    pub(super) fn placed(x: &Tensor, dtype: DType, machine: &Device) -> Tensor {
        x.to_dtype(dtype).unwrap().to_device(machine).unwrap()
    }

    /// Rounded, and again in f32 on the processor: what a kernel reads.
    pub(super) fn rounded(x: &Tensor, dtype: DType) -> Tensor {
        x.to_dtype(dtype).unwrap().to_dtype(DType::F32).unwrap()
    }

    /// `‖made − expected‖ / ‖expected‖`.
    pub(super) fn distance(made: &Tensor, expected: &Tensor) -> f64 {
        assert_eq!(made.dims(), expected.dims());
        let values = |x: &Tensor| -> Vec<f32> {
            let x = x.to_device(&Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
            x.flatten_all().unwrap().to_vec1().unwrap()
        };
        let (made, expected) = (values(made), values(expected));
        let square = |x: f64| x * x;
        let far: f64 =
            made.iter().zip(&expected).map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
        let size: f64 = expected.iter().map(|b| square(f64::from(*b))).sum();
        (far / size).sqrt()
    }

    /// The most that rounding results to a format costs.
    pub(super) fn rounding(dtype: DType) -> f64 {
        if dtype == DType::BF16 { 4e-3 } else { 5e-4 }
    }

    pub(super) const FORMATS: [DType; 2] = [DType::BF16, DType::F16];
}
