//! Random numbers in the bytes of every format that models come in.

use half::{bf16, f16};

use super::inventory::TensorSpec;
use crate::arguments::Packing;

/// What a file of weights is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Safetensors,
    Gguf,
}

/// How one tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    packing: Packing,
    /// As safetensors spells it.
    pub(super) name: &'static str,
    /// GGML's number of it.
    pub(super) ggml: u32,
    /// Numbers in a block, and its bytes.
    block: (usize, usize),
}

impl Form {
    const fn new(packing: Packing, name: &'static str, ggml: u32, block: (usize, usize)) -> Self {
        Self { packing, name, ggml, block }
    }

    /// Bytes of so many numbers.
    pub(super) fn bytes(self, count: usize) -> usize {
        count / self.block.0 * self.block.1
    }

    /// Whether a scale lies beside it.
    pub(super) fn is_scaled(self) -> bool {
        self.packing == Packing::Fp8
    }

    /// Numbers that are written at a time: whole blocks.
    pub(super) fn piece(self, most: usize) -> usize {
        most / self.block.0 * self.block.0
    }

    /// Blocks of numbers that are about as large as `normal` times `deviation`.
    pub(super) fn pack(self, normal: &[f32], deviation: f32) -> Vec<u8> {
        let numbers = normal.iter().map(|number| number * deviation);
        match self.packing {
            Packing::F32 => numbers.flat_map(f32::to_le_bytes).collect(),
            Packing::Bf16 => numbers.flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect(),
            Packing::F16 => numbers.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect(),
            // The scale beside it carries the deviation; 16 leaves room for the tails.
            Packing::Fp8 => normal.iter().map(|x| e4m3(x * FP8_DEVIATION)).collect(),
            _ => normal
                .chunks_exact(self.block.0)
                .flat_map(|block| self.pack_block(block, deviation))
                .collect(),
        }
    }

    /// GGML's layouts, <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>.
    fn pack_block(self, normal: &[f32], deviation: f32) -> Vec<u8> {
        let half = |value: f32| f16::from_f32(value).to_le_bytes();
        let largest = normal.iter().fold(1e-6f32, |most, x| most.max(x.abs()));
        let scaled = |levels: f32| {
            let scale = largest * deviation / levels;
            let quants: Vec<i32> =
                normal.iter().map(|x| (x / largest * levels).round() as i32).collect();
            (half(scale), quants)
        };
        // Blocks of 256: quants as they come, scales that give them the deviation.
        let noise = |from: usize, count: usize| {
            normal[from % 128..].iter().cycle().take(count).map(|x| (x.to_bits() >> 3) as u8)
        };
        let nibble = |quants: &[i32], middle: i32| {
            (0..16)
                .map(|i| ((quants[i] + middle) | ((quants[i + 16] + middle) << 4)) as u8)
                .collect::<Vec<u8>>()
        };
        let mut bytes = Vec::with_capacity(self.block.1);
        match self.packing {
            Packing::Q8_0 => {
                let (scale, quants) = scaled(127.0);
                bytes.extend(scale);
                bytes.extend(quants.iter().map(|quant| *quant as i8 as u8));
            }
            Packing::Q4_0 => {
                let (scale, quants) = scaled(7.0);
                bytes.extend(scale);
                bytes.extend(nibble(&quants, 8));
            }
            Packing::Q5_0 => {
                let (scale, quants) = scaled(15.0);
                let high: u32 = (0..32).map(|i| (((quants[i] + 16) as u32 >> 4) & 1) << i).sum();
                let low: Vec<i32> = quants.iter().map(|quant| (quant + 16) & 15).collect();
                bytes.extend(scale);
                bytes.extend(high.to_le_bytes());
                bytes.extend(nibble(&low, 0));
            }
            // Uniform over 0 … n − 1, the standard deviation is n / √12.
            Packing::Q4K | Packing::Q5K => {
                let levels = if self.packing == Packing::Q4K { 16.0 } else { 32.0f32 };
                let scale = deviation / (32.0 * levels / 12.0f32.sqrt());
                bytes.extend(half(scale));
                bytes.extend(half(scale * (levels - 1.0) / 2.0));
                // Every scale and minimum is 32: six bits each, the upper two of the last four apart.
                bytes.extend([32 | 0x80, 32 | 0x80, 32 | 0x80, 32 | 0x80]);
                bytes.extend([32 | 0x80, 32 | 0x80, 32 | 0x80, 32 | 0x80]);
                bytes.extend([0; 4]);
                bytes.extend(noise(1, self.block.1 - bytes.len()));
            }
            _ => {
                bytes.extend(noise(1, 192));
                bytes.extend([32u8; 16]);
                bytes.extend(half(deviation / (32.0 * 64.0 / 12.0f32.sqrt())));
            }
        }
        bytes
    }
}

/// Standard deviation of numbers of eight bits before their scale.
pub(super) const FP8_DEVIATION: f32 = 16.0;

/// The nearest number of four bits of exponent and three of mantissa.
fn e4m3(value: f32) -> u8 {
    let value_of = |code: u8| {
        let (exponent, mantissa) = (i32::from(code >> 3), f32::from(code & 7));
        match exponent {
            0 => mantissa / 8.0 * 2.0f32.powi(-6),
            _ => (1.0 + mantissa / 8.0) * 2.0f32.powi(exponent - 7),
        }
    };
    // 127 is no number.
    let nearest = |magnitude: f32| {
        let (mut low, mut high) = (0u8, 126u8);
        while low < high {
            let middle = (low + high) / 2;
            if value_of(middle) < magnitude { low = middle + 1 } else { high = middle }
        }
        match low {
            0 => 0,
            _ if magnitude - value_of(low - 1) < value_of(low) - magnitude => low - 1,
            _ => low,
        }
    };
    nearest(value.abs()) | if value < 0.0 { 0x80 } else { 0 }
}

impl Packing {
    /// The file that holds such tensors.
    pub(super) fn container(self) -> Container {
        match self {
            Self::F32 | Self::Bf16 | Self::F16 | Self::Fp8 => Container::Safetensors,
            _ => Container::Gguf,
        }
    }

    /// As PyTorch spells the format of what is not packed.
    pub(super) fn torch_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            _ => "bfloat16",
        }
    }

    /// How a tensor is stored: matrices are packed, the rest is not.
    pub(super) fn form(self, tensor: &TensorSpec) -> Form {
        let form = match self {
            Self::F32 => Form::new(self, "F32", 0, (1, 4)),
            Self::Bf16 => Form::new(self, "BF16", 30, (1, 2)),
            Self::F16 => Form::new(self, "F16", 1, (1, 2)),
            Self::Fp8 => Form::new(self, "F8_E4M3", 0, (1, 1)),
            Self::Q8_0 => Form::new(self, "", 8, (32, 34)),
            Self::Q4_0 => Form::new(self, "", 2, (32, 18)),
            Self::Q5_0 => Form::new(self, "", 6, (32, 22)),
            Self::Q4K => Form::new(self, "", 12, (256, 144)),
            Self::Q5K => Form::new(self, "", 13, (256, 176)),
            Self::Q6K => Form::new(self, "", 14, (256, 210)),
        };
        let is_matrix = matches!(tensor.shape[..], [_, columns] if columns % form.block.0 == 0);
        match self {
            Self::F32 | Self::Bf16 | Self::F16 => form,
            _ if is_matrix => form,
            Self::Fp8 => Self::Bf16.form(tensor),
            _ => Self::F32.form(tensor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_are_the_nearest_numbers() {
        assert_eq!(e4m3(0.0), 0);
        assert_eq!(e4m3(1.0), 0x38);
        assert_eq!(e4m3(-1.0), 0xb8);
        assert_eq!(e4m3(448.0), 0x7e);
        assert_eq!(e4m3(1e6), 0x7e, "the largest, not the one that is no number");
        assert_eq!(e4m3(1.06), 0x38);
        assert_eq!(e4m3(1.07), 0x39);
    }

    #[test]
    fn every_block_has_its_bytes() {
        let matrix = TensorSpec {
            name: "a.weight".into(),
            shape: vec![2, 512],
            fill: super::super::inventory::Fill::Normal(1.0),
        };
        let normal: Vec<f32> = (0..1024).map(|i| (i as f32 * 0.7).sin()).collect();
        for packing in [
            Packing::Fp8,
            Packing::Q8_0,
            Packing::Q6K,
            Packing::Q5K,
            Packing::Q5_0,
            Packing::Q4K,
            Packing::Q4_0,
        ] {
            let form = packing.form(&matrix);
            assert_eq!(form.pack(&normal, 0.02).len(), form.bytes(1024), "{packing:?}");
        }
    }
}
