//! How numbers are packed, and how many bytes that takes.

/// A way to pack numbers that this program can compute with. Names as in safetensors and GGML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 64 bits.
    F64,
    /// 32 bits.
    F32,
    /// 16 bits, 5 of them exponent.
    F16,
    /// 16 bits, 8 of them exponent.
    Bf16,
    /// 8 bits, 4 of them exponent, without infinities.
    F8E4M3,
    /// 8 bits, 5 of them exponent: the upper half of an `F16`.
    F8E5M2,
    /// Blocks of 32 numbers of 4 bits with a scale.
    Q4_0,
    /// Blocks of 32 numbers of 4 bits with scale and minimum.
    Q4_1,
    /// Blocks of 32 numbers of 5 bits with a scale.
    Q5_0,
    /// Blocks of 32 numbers of 5 bits with scale and minimum.
    Q5_1,
    /// Blocks of 32 numbers of 8 bits with a scale.
    Q8_0,
    /// Blocks of 256 numbers of 2 bits with scales of scales.
    Q2K,
    /// Blocks of 256 numbers of 3 bits with scales of scales.
    Q3K,
    /// Blocks of 256 numbers of 4 bits with scales of scales.
    Q4K,
    /// Blocks of 256 numbers of 5 bits with scales of scales.
    Q5K,
    /// Blocks of 256 numbers of 6 bits with scales of scales.
    Q6K,
}

impl Format {
    /// Numbers and bytes of a block; single numbers are blocks of one.
    #[must_use]
    pub fn block(self) -> (usize, usize) {
        match self {
            Self::F64 => (1, 8),
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::F8E4M3 | Self::F8E5M2 => (1, 1),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// Bytes of a tensor whose rows, along the last dimension, are whole blocks; `None` if they are
    /// not, or if there can be no such tensor.
    #[must_use]
    pub fn bytes(self, shape: &[usize]) -> Option<usize> {
        let (numbers, bytes) = self.block();
        let row = shape.last().copied().unwrap_or(1);
        if !row.is_multiple_of(numbers) {
            return None;
        }
        shape
            .iter()
            .try_fold(1usize, |count, &dim| count.checked_mul(dim))
            .and_then(|count| (count / numbers).checked_mul(bytes))
    }
}
