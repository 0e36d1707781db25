//! The vision tower: patches of a picture to tokens of the language model.

use candle_core::{Result, Tensor};
use nn::{Linear, Params, Probe, RmsNorm, attention, rotary::Table};

use super::VisionConfig;

/// Of every normalisation; not in the configuration.
const EPS: f64 = 1e-6;
/// Base of the rotary frequencies; not in the configuration.
const ROPE_THETA: f32 = 10_000.0;

/// The size of a picture in patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchGrid {
    /// Patches down; a multiple of `merge`.
    pub rows: usize,
    /// Patches across; a multiple of `merge`.
    pub columns: usize,
    /// Patches that become one token, each way.
    pub merge: usize,
}

impl PatchGrid {
    /// Tokens down.
    #[must_use]
    pub fn merged_rows(self) -> usize {
        self.rows / self.merge
    }

    /// Tokens across.
    #[must_use]
    pub fn merged_columns(self) -> usize {
        self.columns / self.merge
    }

    /// Tokens that the language model gets.
    #[must_use]
    pub fn tokens(self) -> usize {
        self.merged_rows() * self.merged_columns()
    }

    /// Row and column of every patch in the order in which patches are given: token by token.
    fn places(self) -> Vec<[usize; 2]> {
        let merge = self.merge;
        (0..self.merged_rows())
            .flat_map(|y| (0..self.merged_columns()).map(move |x| (y, x)))
            .flat_map(|(y, x)| {
                (0..merge)
                    .flat_map(move |dy| (0..merge).map(move |dx| [y * merge + dy, x * merge + dx]))
            })
            .collect()
    }

    /// Tokens window by window: each window's tokens, row by row.
    fn windows(self, cells: usize) -> Vec<Vec<usize>> {
        let (rows, columns) = (self.merged_rows(), self.merged_columns());
        let starts = |length: usize| (0..length).step_by(cells);
        starts(rows)
            .flat_map(|top| starts(columns).map(move |left| (top, left)))
            .map(|(top, left)| {
                (top..(top + cells).min(rows))
                    .flat_map(|y| (left..(left + cells).min(columns)).map(move |x| y * columns + x))
                    .collect()
            })
            .collect()
    }
}

struct Block {
    norm1: RmsNorm,
    norm2: RmsNorm,
    qkv: Linear,
    proj: Linear,
    gate: Linear,
    up: Linear,
    down: Linear,
    heads: usize,
}

/// The vision tower.
pub struct VisionTower {
    config: VisionConfig,
    patch_embed: Linear,
    blocks: Vec<Block>,
    merger_norm: RmsNorm,
    merger_in: Linear,
    merger_out: Linear,
}

impl VisionTower {
    /// Loads all blocks.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape.
    pub fn load(config: &VisionConfig, params: &Params) -> Result<Self> {
        let width = config.hidden_size;
        let merged = width * config.spatial_merge_size.pow(2);
        let merger = params.at("merger");
        let blocks = params.at("blocks");
        let patch = config.patch_size;
        Ok(Self {
            patch_embed: Linear::load_flat(
                &params.at("patch_embed.proj"),
                &[width, 3, config.temporal_patch_size, patch, patch],
            )?,
            blocks: (0..config.depth)
                .map(|index| Block::load(config, &blocks.at(index)))
                .collect::<Result<_>>()?,
            merger_norm: RmsNorm::load(&merger.at("ln_q"), width, EPS)?,
            merger_in: Linear::load_with_bias(&merger.at("mlp.0"), merged, merged)?,
            merger_out: Linear::load_with_bias(
                &merger.at("mlp.2"),
                merged,
                config.out_hidden_size,
            )?,
            config: config.clone(),
        })
    }

    /// Patches `[n, 3 · frames · size · size]`, token by token, to features `[tokens, out_hidden_size]`.
    ///
    /// # Errors
    /// If the patches do not fill the grid.
    pub fn forward(
        &self,
        patches: &Tensor,
        grid: PatchGrid,
        probe: &mut dyn Probe,
    ) -> Result<Tensor> {
        let unit = grid.merge * grid.merge;
        let windows = grid.windows(self.config.window_cells());
        let order: Vec<usize> = windows.concat();
        let places = grid.places();
        let in_windows: Vec<u32> = order
            .iter()
            .flat_map(|token| (0..unit).map(move |part| (token * unit + part) as u32))
            .collect();
        let device = patches.device();
        let rope = self.rope(in_windows.iter().map(|&patch| places[patch as usize]), device)?;
        let index = Tensor::from_slice(&in_windows, in_windows.len(), device)?;
        let mut x = self.patch_embed.forward(patches)?.index_select(&index, 0)?;

        let lengths: Vec<usize> = windows.iter().map(|window| window.len() * unit).collect();
        for (index, block) in self.blocks.iter().enumerate() {
            let is_full = self.config.fullatt_block_indexes.contains(&index);
            let whole = [x.dim(0)?];
            x = block.forward(&x, &rope, if is_full { &whole } else { &lengths })?;
        }
        probe.see("vision_last_hidden", &x)?;

        let merged = self.merger_norm.forward(&x)?.reshape((order.len(), ()))?;
        let merged = self.merger_out.forward(&self.merger_in.forward(&merged)?.gelu_erf()?)?;
        let mut back = vec![0u32; order.len()];
        for (place, token) in order.iter().enumerate() {
            back[*token] = place as u32;
        }
        let features = merged.index_select(&Tensor::from_vec(back, order.len(), device)?, 0)?;
        probe.see("image_features", &features)?;
        Ok(features)
    }

    /// Half of the frequencies turn with the row, half with the column.
    fn rope(
        &self,
        places: impl Iterator<Item = [usize; 2]>,
        device: &candle_core::Device,
    ) -> Result<Table> {
        let half = self.config.hidden_size / self.config.num_heads / 2;
        let count = half / 2;
        let frequencies: Vec<f32> =
            (0..count).map(|j| 1.0 / ROPE_THETA.powf((2 * j) as f32 / half as f32)).collect();
        let mut angles = Vec::new();
        for place in places {
            for axis in place {
                angles.extend(frequencies.iter().map(|frequency| axis as f32 * frequency));
            }
        }
        Table::from_angles(&angles, 2 * count, device)
    }
}

impl Block {
    fn load(config: &VisionConfig, params: &Params) -> Result<Self> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let linear = Linear::load_with_bias;
        let (attn, mlp) = (params.at("attn"), params.at("mlp"));
        Ok(Self {
            norm1: RmsNorm::load(&params.at("norm1"), width, EPS)?,
            norm2: RmsNorm::load(&params.at("norm2"), width, EPS)?,
            qkv: linear(&attn.at("qkv"), width, 3 * width)?,
            proj: linear(&attn.at("proj"), width, width)?,
            gate: linear(&mlp.at("gate_proj"), width, inner)?,
            up: linear(&mlp.at("up_proj"), width, inner)?,
            down: linear(&mlp.at("down_proj"), inner, width)?,
            heads: config.num_heads,
        })
    }

    /// `x [n, width]`; patches see each other within runs of `lengths`.
    fn forward(&self, x: &Tensor, rope: &Table, lengths: &[usize]) -> Result<Tensor> {
        let (n, width) = x.dims2()?;
        let qkv = self.qkv.forward(&self.norm1.forward(x)?)?;
        let qkv = qkv.reshape((n, 3, self.heads, width / self.heads))?.permute((1, 2, 0, 3))?;
        let part = |index: usize| qkv.get(index)?.unsqueeze(0)?.contiguous(); // [1, heads, n, d]
        let (q, k, v) = (rope.rotate_halves(&part(0)?)?, rope.rotate_halves(&part(1)?)?, part(2)?);
        let mut start = 0;
        let mut outputs = Vec::with_capacity(lengths.len());
        for &length in lengths {
            let run = |x: &Tensor| x.narrow(2, start, length);
            outputs.push(attention::sdpa(&run(&q)?, &run(&k)?, &run(&v)?, attention::Mask::Full)?);
            start += length;
        }
        let attended = Tensor::cat(&outputs, 2)?.squeeze(0)?.transpose(0, 1)?.flatten_from(1)?;
        let x = (x + self.proj.forward(&attended)?)?;
        let normed = self.norm2.forward(&x)?;
        let gated = nn::gated(&self.gate, &self.up, &normed)?;
        &x + self.down.forward_beside(None, &gated)?
    }
}
