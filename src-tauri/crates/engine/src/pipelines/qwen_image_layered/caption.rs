//! Asking the text encoder what it sees: the question, and the picture as its vision tower takes it.
//!
//! As transformers' `Qwen2VLProcessor` 5.23.

use candle_core::{Device, Result as TensorResult, Tensor};
use models::text_encoders::qwen2_5_vl::PatchGrid;
use serde::Deserialize;

use crate::{Error, Image, Result, resample::bicubic};

const QUESTION_EN: &str = include_str!("caption_en.txt");
const QUESTION_CN: &str = include_str!("caption_cn.txt");
/// Stands in the question once, and in the tokens once for every token of the picture.
const IMAGE_TOKEN: &str = "<|image_pad|>";
/// Longer pictures are not looked at.
const MAX_ASPECT: f64 = 200.0;

/// In which language the model is asked, and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaptionLanguage {
    /// As the model's publisher recommends.
    #[default]
    English,
    /// As the reference does if it is not told.
    Chinese,
}

/// `processor/preprocessor_config.json`, the part that matters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ProcessorConfig {
    image_mean: [f32; 3],
    image_std: [f32; 3],
    min_pixels: f64,
    max_pixels: f64,
    merge_size: usize,
    patch_size: usize,
    temporal_patch_size: usize,
}

impl ProcessorConfig {
    /// Reads and checks the file.
    pub(super) fn parse(json: &str) -> std::result::Result<Self, String> {
        let config: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let sizes = [config.merge_size, config.patch_size, config.temporal_patch_size];
        if sizes.iter().any(|size| !(1..=256).contains(size)) {
            return Err("a size is outside 1 to 256".into());
        }
        // More than the model ever sees here, and less than memory.
        if !(1.0..=config.max_pixels).contains(&config.min_pixels) || config.max_pixels > 1e8 {
            return Err("`min_pixels` and `max_pixels` are no range".into());
        }
        if config.image_std.iter().any(|std| *std <= 0.0) {
            return Err("`image_std` is not positive".into());
        }
        Ok(config)
    }

    /// Numbers of a patch, for comparing with the vision tower's.
    pub(super) fn patch_values(&self) -> usize {
        3 * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Patches `[n, 3 · frames · size · size]` in f32 and their grid.
    pub(super) fn patches(&self, image: &Image, device: &Device) -> Result<(Tensor, PatchGrid)> {
        let (width, height) = self.size(image.width(), image.height())?;
        let image = bicubic(&on_white(image)?, width, height)?;
        let grid = PatchGrid {
            rows: height as usize / self.patch_size,
            columns: width as usize / self.patch_size,
            merge: self.merge_size,
        };
        let patches = self.cut(&image, grid, device).map_err(Error::compute("encode"))?;
        Ok((patches, grid))
    }

    /// Multiples of a token's side with about the picture's shape, within the limits.
    fn size(&self, width: u32, height: u32) -> Result<(u32, u32)> {
        let (w, h) = (f64::from(width), f64::from(height));
        if w.max(h) / w.min(h) > MAX_ASPECT {
            return Err(Error::InvalidRequest(format!(
                "a picture of {width} × {height} is too long to look at: describe it in the prompt"
            )));
        }
        let factor = (self.patch_size * self.merge_size) as f64;
        let even = |side: f64| (side / factor).round_ties_even() * factor;
        let (mut across, mut down) = (even(w), even(h));
        if across * down > self.max_pixels {
            let shrink = (w * h / self.max_pixels).sqrt();
            let floor = |side: f64| (side / shrink / factor).floor().max(1.0) * factor;
            (across, down) = (floor(w), floor(h));
        } else if across * down < self.min_pixels {
            let grow = (self.min_pixels / (w * h)).sqrt();
            let ceil = |side: f64| (side * grow / factor).ceil() * factor;
            (across, down) = (ceil(w), ceil(h));
        }
        Ok((across as u32, down as u32))
    }

    /// Token by token, patch by patch, colour by colour, each frame the same.
    fn cut(&self, image: &Image, grid: PatchGrid, device: &Device) -> TensorResult<Tensor> {
        let (size, merge) = (self.patch_size, self.merge_size);
        let width = image.width() as usize;
        // As the reference fuses rescaling into the normalisation.
        let mean = self.image_mean.map(|mean| mean * 255.0);
        let std = self.image_std.map(|std| std * 255.0);
        let mut values: Vec<f32> =
            Vec::with_capacity(grid.rows * grid.columns * self.patch_values());
        let tokens = (0..grid.merged_rows())
            .flat_map(|y| (0..grid.merged_columns()).map(move |x| (y * merge, x * merge)));
        for (top, left) in tokens {
            for (dy, dx) in (0..merge).flat_map(|dy| (0..merge).map(move |dx| (dy, dx))) {
                let corner = (top + dy) * size * width + (left + dx) * size;
                for channel in 0..3 {
                    let frame: Vec<f32> = (0..size * size)
                        .map(|place| {
                            let pixel = corner + place / size * width + place % size;
                            let level = f32::from(image.rgba()[pixel * 4 + channel]);
                            (level - mean[channel]) / std[channel]
                        })
                        .collect();
                    for _ in 0..self.temporal_patch_size {
                        values.extend(&frame);
                    }
                }
            }
        }
        Tensor::from_vec(values, (grid.rows * grid.columns, self.patch_values()), device)
    }
}

/// The question with as many image tokens as the picture has.
pub(super) fn question(language: CaptionLanguage, grid: PatchGrid) -> String {
    let question = match language {
        CaptionLanguage::English => QUESTION_EN,
        CaptionLanguage::Chinese => QUESTION_CN,
    };
    question.replacen(IMAGE_TOKEN, &IMAGE_TOKEN.repeat(grid.tokens()), 1)
}

/// Over white, in the fixed point of Pillow's `alpha_composite`.
fn on_white(image: &Image) -> Result<Image> {
    const BITS: u32 = 7;
    let mut rgba = Vec::with_capacity(image.rgba().len());
    for pixel in image.rgba().chunks_exact(4) {
        let above = u32::from(pixel[3]) << BITS;
        let below = (255 << BITS) - above;
        rgba.extend(pixel[..3].iter().map(|&level| {
            let sum = u32::from(level) * above + 255 * below + (0x80 << BITS);
            ((((sum >> 8) + sum) >> 8) >> BITS) as u8
        }));
        rgba.push(255);
    }
    Image::new(image.width(), image.height(), rgba)
}
