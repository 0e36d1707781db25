//! Rotary position embedding. Cosines are taken in f64, rotation is in f32.

use candle_core::{DType, Device, Result, Tensor};

#[cfg(feature = "cuda")]
use crate::fused::{Part, Rotation};

/// Cosines and sines, `[n, head_dim / 2]` in f32.
#[derive(Debug, Clone)]
pub struct Table {
    /// Cosine of every angle.
    pub cos: Tensor,
    /// Sine of every angle.
    pub sin: Tensor,
}

impl Table {
    /// One axis of positions after the other: `ids[token][axis]`, `axes_dims[axis]` channels of a head each.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn new<const AXES: usize>(
        ids: &[[u32; AXES]],
        axes_dims: [usize; AXES],
        theta: f64,
        device: &Device,
    ) -> Result<Self> {
        let frequencies = axes_dims.map(|dim| {
            (0..dim / 2).map(|j| theta.powf(-((2 * j) as f64) / dim as f64)).collect::<Vec<f64>>()
        });
        let half: usize = frequencies.iter().map(Vec::len).sum();
        let angles: Vec<f64> = ids
            .iter()
            .flat_map(|token| {
                token.iter().zip(&frequencies).flat_map(|(&id, frequencies)| {
                    frequencies.iter().map(move |frequency| f64::from(id) * frequency)
                })
            })
            .collect();
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = angles.iter().map(|&angle| f(angle) as f32).collect();
            Tensor::from_vec(values, (ids.len(), half), device)
        };
        Ok(Self { cos: table(f64::cos)?, sin: table(f64::sin)? })
    }

    /// From angles that are already rounded to f32, `half` a token: for models whose reference
    /// multiplies positions and frequencies in f32.
    ///
    /// # Errors
    /// If the number of angles is not a multiple of `half`.
    pub fn from_angles(angles: &[f32], half: usize, device: &Device) -> Result<Self> {
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = angles.iter().map(|&angle| f(f64::from(angle)) as f32).collect();
            Tensor::from_vec(values, (angles.len() / half.max(1), half), device)
        };
        Ok(Self { cos: table(f64::cos)?, sin: table(f64::sin)? })
    }

    /// Tables for tokens of several kinds, one after the other.
    ///
    /// # Errors
    /// If the tables are for heads of different sizes.
    pub fn concatenate(tables: &[&Self]) -> Result<Self> {
        let cat = |part: fn(&Self) -> &Tensor| {
            Tensor::cat(&tables.iter().map(|table| part(table)).collect::<Vec<_>>(), 0)
        };
        Ok(Self { cos: cat(|table| &table.cos)?, sin: cat(|table| &table.sin)? })
    }

    /// Rotates adjacent pairs of channels, as the FLUX family does. `x [b, heads, n, head_dim]`.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn rotate_pairs(&self, x: &Tensor) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if let Some(turned) = self.turn(x, Rotation::Pairs)? {
            return Ok(turned);
        }
        in_f32(x, |x| candle_nn::rotary_emb::rope_i(x, &self.cos, &self.sin))
    }

    /// Rotates the first half of the channels against the second, as language models do.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn rotate_halves(&self, x: &Tensor) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if let Some(turned) = self.turn(x, Rotation::Halves)? {
            return Ok(turned);
        }
        in_f32(x, |x| candle_nn::rotary_emb::rope(x, &self.cos, &self.sin))
    }

    /// On a card, without a copy in f32.
    #[cfg(feature = "cuda")]
    fn turn(&self, x: &Tensor, turn: Rotation) -> Result<Option<Tensor>> {
        if !x.device().is_cuda() {
            return Ok(None);
        }
        let (batch, heads, n, d) = x.dims4()?;
        // Every head is a sequence of its own.
        let rows = x.contiguous()?.reshape((batch * heads, n, d))?;
        let turned =
            crate::cuda::norms::heads(&[Part { x: &rows, norm: None }], 1, Some((self, turn)))?;
        turned.map(|turned| turned.reshape((batch, heads, n, d))).transpose()
    }
}

fn in_f32(x: &Tensor, rotate: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    rotate(&x.to_dtype(DType::F32)?.contiguous()?)?.to_dtype(x.dtype())
}
