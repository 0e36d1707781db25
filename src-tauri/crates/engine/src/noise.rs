//! Seeded noise, drawn on the CPU: the same on every device and thread count.
//!
//! The numbers are those of PyTorch's CPU generator (Mersenne Twister and its two ways of making
//! normal values), so that a seed from diffusers or ComfyUI starts from the same latents.
//! Source of the method: `aten/src/ATen/native/cpu/DistributionTemplates.h` and
//! `core/DistributionsHelper.h` in PyTorch.

use std::f64::consts::PI;

const STATE: usize = 624;
const SHIFT: usize = 397;
/// Values that PyTorch transforms together; fewer take a way of their own.
const BLOCK: usize = 16;

/// A stream of normal values.
pub struct Noise {
    state: [u32; STATE],
    next: usize,
    /// The second of a pair of double-precision values, kept for the next draw.
    spare: Option<f64>,
}

impl Noise {
    /// The stream of a seed; the generator reads its low 32 bits.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = [0u32; STATE];
        state[0] = seed as u32;
        for index in 1..STATE {
            let previous = state[index - 1];
            state[index] = 1_812_433_253u32
                .wrapping_mul(previous ^ (previous >> 30))
                .wrapping_add(index as u32);
        }
        Self { state, next: STATE, spare: None }
    }

    /// What `torch.randn(count)` draws next.
    pub fn normal(&mut self, count: usize) -> Vec<f32> {
        if count < BLOCK {
            return (0..count).map(|_| self.normal_f64() as f32).collect();
        }
        let mut values: Vec<f32> = (0..count).map(|_| self.uniform()).collect();
        let whole = count / BLOCK * BLOCK;
        for block in values[..whole].chunks_exact_mut(BLOCK) {
            to_normal(block);
        }
        if whole < count {
            // The last sixteen are drawn anew, over the end of the block before.
            let tail = &mut values[count - BLOCK..];
            for value in tail.iter_mut() {
                *value = self.uniform();
            }
            to_normal(tail);
        }
        values
    }

    /// In [0, 1) with 24 bits.
    fn uniform(&mut self) -> f32 {
        (self.draw() & ((1 << 24) - 1)) as f32 / (1u32 << 24) as f32
    }

    /// In [0, 1) with 53 bits.
    fn uniform_f64(&mut self) -> f64 {
        let (high, low) = (u64::from(self.draw()), u64::from(self.draw()));
        (((high << 32) | low) & ((1 << 53) - 1)) as f64 / (1u64 << 53) as f64
    }

    fn normal_f64(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (angle, radius) = (self.uniform_f64(), self.uniform_f64());
        let radius = (-2.0 * (-radius).ln_1p()).sqrt();
        let angle = 2.0 * PI * angle;
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    fn draw(&mut self) -> u32 {
        if self.next == STATE {
            self.twist();
        }
        let mut value = self.state[self.next];
        self.next += 1;
        value ^= value >> 11;
        value ^= (value << 7) & 0x9d2c_5680;
        value ^= (value << 15) & 0xefc6_0000;
        value ^ (value >> 18)
    }

    fn twist(&mut self) {
        for index in 0..STATE {
            let mixed =
                (self.state[index] & 0x8000_0000) | (self.state[(index + 1) % STATE] & 0x7fff_ffff);
            let twisted = (mixed >> 1) ^ if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[index] = self.state[(index + SHIFT) % STATE] ^ twisted;
        }
        self.next = 0;
    }
}

/// Box–Muller: the first eight uniform values are radii, the last eight angles.
fn to_normal(block: &mut [f32]) {
    let (radii, angles) = block.split_at_mut(BLOCK / 2);
    for (radius, angle) in radii.iter_mut().zip(angles) {
        let length = (-2.0 * (1.0 - *radius).ln()).sqrt();
        let turn = 2.0 * std::f32::consts::PI * *angle;
        *radius = length * turn.cos();
        *angle = length * turn.sin();
    }
}
