//! A kernel's name and arguments, wherever it runs.

use candle_core::{DType, Result, Shape, Tensor};

#[cfg(feature = "cuda")]
use super::driver as machine;
#[cfg(not(feature = "cuda"))]
use super::emulator as machine;

/// What a kernel is given, in its own order.
pub(super) enum Argument {
    /// From where its layout begins; strides are arguments of their own.
    Tensor(Tensor),
    /// A tensor that the kernel fills.
    Output(Shape, DType),
    /// Where a tensor may be left out.
    Nothing,
    /// `int`.
    Int(i32),
    /// `long long`.
    Long(i64),
    /// `float`.
    Float(f32),
}

/// A kernel that is to run.
pub(super) struct Launch {
    pub(super) kernel: String,
    pub(super) arguments: Vec<Argument>,
    /// Of blocks.
    pub(super) grid: [u32; 3],
    /// Of a block.
    pub(super) threads: u32,
    /// Bytes of memory that a block's threads share, beside those that the kernel names.
    pub(super) shared: u32,
}

impl Launch {
    /// Of a kernel that exists once.
    pub(super) fn of(kernel: &str) -> Self {
        let arguments = Vec::with_capacity(24);
        Self { kernel: kernel.to_owned(), arguments, grid: [1; 3], threads: 256, shared: 0 }
    }

    /// Of a kernel that exists for each number format.
    pub(super) fn for_format(kernel: &str, dtype: DType) -> Self {
        let format = if dtype == DType::BF16 { "bf16" } else { "f16" };
        Self::of(&format!("{kernel}_{format}"))
    }

    pub(super) fn tensor(mut self, tensor: &Tensor) -> Self {
        self.arguments.push(Argument::Tensor(tensor.clone()));
        self
    }

    pub(super) fn optional(mut self, tensor: Option<&Tensor>) -> Self {
        self.arguments.push(tensor.cloned().map_or(Argument::Nothing, Argument::Tensor));
        self
    }

    pub(super) fn output(mut self, shape: impl Into<Shape>, dtype: DType) -> Self {
        self.arguments.push(Argument::Output(shape.into(), dtype));
        self
    }

    /// # Errors
    /// If the number is too large for the kernel.
    pub(super) fn int(mut self, value: usize) -> Result<Self> {
        let Ok(number) = i32::try_from(value) else {
            return Err(too_large(&self.kernel, value));
        };
        self.arguments.push(Argument::Int(number));
        Ok(self)
    }

    pub(super) fn long(mut self, value: usize) -> Self {
        self.arguments.push(Argument::Long(value as i64));
        self
    }

    pub(super) fn longs(self, values: &[usize]) -> Self {
        values.iter().fold(self, |launch, value| launch.long(*value))
    }

    pub(super) fn float(mut self, value: f32) -> Self {
        self.arguments.push(Argument::Float(value));
        self
    }

    /// Blocks along x, y and z.
    ///
    /// # Errors
    /// If there are more than a grid can have.
    pub(super) fn grid(mut self, x: usize, y: usize) -> Result<Self> {
        const MOST: [usize; 2] = [(1 << 31) - 1, (1 << 16) - 1];
        if x > MOST[0] || y > MOST[1] {
            return Err(too_large(&self.kernel, x.max(y)));
        }
        self.grid = [x.max(1) as u32, y.max(1) as u32, 1];
        Ok(self)
    }

    /// Enough blocks for as many threads.
    ///
    /// # Errors
    /// If there are more than a grid can have.
    pub(super) fn covering(self, threads: usize) -> Result<Self> {
        let blocks = threads.div_ceil(self.threads as usize);
        self.grid(blocks, 1)
    }

    pub(super) fn threads(self, threads: usize) -> Self {
        Self { threads: threads as u32, ..self }
    }

    pub(super) fn shared(self, bytes: usize) -> Self {
        Self { shared: bytes as u32, ..self }
    }

    /// Runs it. Gives its outputs in the order of the arguments.
    ///
    /// # Errors
    /// If the card refuses, or has no memory.
    pub(super) fn run(self) -> Result<Vec<Tensor>> {
        machine::run(self)
    }

    /// As [`Self::run`] of a kernel with one output.
    ///
    /// # Errors
    /// If the card refuses, or has no memory.
    pub(super) fn make(self) -> Result<Tensor> {
        let kernel = self.kernel.clone();
        match self.run()?.pop() {
            Some(made) => Ok(made),
            None => candle_core::bail!("the kernel {kernel} makes nothing"),
        }
    }
}

fn too_large(kernel: &str, value: usize) -> candle_core::Error {
    candle_core::Error::msg(format!("{value} is too large for the kernel {kernel}"))
}

/// Whether a kernel can read these numbers eight at a time: rows that lie whole, and begin at multiples
/// of 16 bytes.
pub(super) fn has_whole_rows(x: &Tensor) -> bool {
    let (layout, dims) = (x.layout(), x.dims());
    let Some((last, strides)) = layout.stride().split_last() else { return false };
    let is_even = |count: usize| count.is_multiple_of(8);
    let width = dims.last().copied().unwrap_or(0);
    // A dimension of one has no next.
    let mut apart =
        strides.iter().zip(dims).filter(|(_, dim)| **dim > 1).map(|(stride, _)| *stride);
    *last == 1 && is_even(width) && is_even(layout.start_offset()) && apart.all(is_even)
}

/// Whether a tensor has numbers that kernels compute with.
pub(super) fn is_half(x: &Tensor) -> bool {
    matches!(x.dtype(), DType::BF16 | DType::F16)
}
