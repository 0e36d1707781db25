//! Pictures into tensors and back, as the reference does it.

use candle_core::{DType, Device, Result as TensorResult, Tensor};

use crate::{Error, Image, Result, SIZE_STEP, resample::lanczos};

/// Sides of a picture that is taken apart are multiples of this.
const BUCKET_STEP: f64 = 32.0;

/// Larger pictures are scaled down to this many pixels.
pub(crate) const MAX_PIXELS: u32 = 1024 * 1024;
const MIN_SIDE: u32 = 64;
const MAX_ASPECT: f64 = 8.0;

/// Colours without alpha, 8 bits a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub pixels: Vec<u8>,
}

/// A reference picture: at most a megapixel, cut in the middle to multiples of 16.
///
/// # Errors
/// If it is smaller than 64 pixels or longer than 8 : 1.
pub fn reference(image: &Image) -> Result<Rgb> {
    let (width, height) = (image.width(), image.height());
    if width.min(height) < MIN_SIDE {
        return Err(Error::InvalidRequest(format!(
            "a reference picture of {width} × {height} is too small: each side needs {MIN_SIDE} pixels"
        )));
    }
    let aspect = f64::from(width.max(height)) / f64::from(width.min(height));
    if aspect > MAX_ASPECT {
        return Err(Error::InvalidRequest(format!(
            "a reference picture of {width} × {height} is too long: at most {MAX_ASPECT} : 1"
        )));
    }
    let image = at_most_a_megapixel(image)?;
    let size = (floor(image.width()), floor(image.height()));
    Ok(crop_middle(&image, size))
}

/// The picture to repaint: at most a megapixel, scaled to multiples of 16.
///
/// # Errors
/// If it is smaller than 16 pixels.
pub fn initial(image: &Image) -> Result<Rgb> {
    let image = at_most_a_megapixel(image)?;
    let (width, height) = (floor(image.width()), floor(image.height()));
    if width == 0 || height == 0 {
        return Err(Error::InvalidRequest(format!(
            "a picture of {} × {} is too small to repaint: each side needs {SIZE_STEP} pixels",
            image.width(),
            image.height()
        )));
    }
    let image = lanczos(&image, width, height)?;
    Ok(Rgb { width, height, pixels: image.rgb() })
}

/// The mask of an inpaint run for a picture of that size: 1 is repainted, row by row.
///
/// # Errors
/// If the resampler fails.
pub fn mask(mask: &Image, width: u32, height: u32) -> Result<Vec<f32>> {
    let scaled: Vec<u8> = lanczos(mask, width, height)?.rgba().chunks_exact(4).map(luma).collect();
    Ok(scaled
        .into_iter()
        .map(|level| if f32::from(level) / 255.0 >= 0.5 { 1.0 } else { 0.0 })
        .collect())
}

/// Bilinear without antialiasing and with half-pixel centres, `mask` row by row.
#[must_use]
pub fn shrink_mask(mask: &[f32], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
    let axis = |from: usize, to: usize, index: usize| {
        let centre = ((index as f32 + 0.5) * (from as f32 / to as f32) - 0.5).max(0.0);
        let low = (centre as usize).min(from - 1);
        (low, (low + 1).min(from - 1), centre - low as f32)
    };
    let (width, height) = from;
    let mut out = Vec::with_capacity(to.0 * to.1);
    for y in 0..to.1 {
        let (top, bottom, down) = axis(height, to.1, y);
        for x in 0..to.0 {
            let (left, right, across) = axis(width, to.0, x);
            let row = |y: usize| {
                mask[y * width + left] * (1.0 - across) + mask[y * width + right] * across
            };
            out.push(row(top) * (1.0 - down) + row(bottom) * down);
        }
    }
    out
}

/// `[1, 3, h, w]` from −1 to 1, in f32.
///
/// # Errors
/// If the device has no memory.
pub fn to_tensor(image: &Rgb, device: &Device) -> TensorResult<Tensor> {
    let size = (1, image.height as usize, image.width as usize, 3);
    let levels: Vec<f32> =
        image.pixels.iter().map(|&level| f32::from(level) / 255.0 * 2.0 - 1.0).collect();
    Tensor::from_vec(levels, size, &Device::Cpu)?
        .permute((0, 3, 1, 2))?
        .contiguous()?
        .to_device(device)
}

/// Pixels `[1, 3, h, w]` to values from 0 to 1, `[1, 3, h, w]` in f32 on the CPU.
///
/// # Errors
/// If the device fails.
pub fn to_unit(pixels: &Tensor) -> TensorResult<Tensor> {
    let pixels = pixels.to_dtype(DType::F32)?.to_device(&Device::Cpu)?;
    ((pixels / 2.0)? + 0.5)?.clamp(0f32, 1f32)
}

/// Values `[3 or 4, h, w]` from 0 to 1 to a picture; halves are rounded to even, as numpy does.
///
/// # Errors
/// If shapes do not fit.
pub fn to_image(unit: &Tensor) -> Result<Image> {
    let broken = Error::compute("decode");
    let (channels, height, width) = unit.dims3().map_err(&broken)?;
    let planes = unit.flatten_all().and_then(|values| values.to_vec1::<f32>()).map_err(&broken)?;
    let level = |value: f32| (value * 255.0).round_ties_even() as u8;
    let area = width * height;
    let mut rgba = Vec::with_capacity(area * 4);
    for pixel in 0..area {
        rgba.extend((0..channels.min(4)).map(|channel| level(planes[channel * area + pixel])));
        rgba.resize((pixel + 1) * 4, 255);
    }
    Image::new(width as u32, height as u32, rgba)
}

/// The picture at the size at which it is taken apart: about `side`² pixels, its own shape as far
/// as multiples of 32 allow.
///
/// # Errors
/// If the resampler fails.
pub fn bucket(image: &Image, side: u32) -> Result<Image> {
    let (width, height) = bucket_size(image.width(), image.height(), side);
    lanczos(image, width, height)
}

/// Width and height that [`bucket`] gives; halves are rounded to even, as Python does.
#[must_use]
pub fn bucket_size(width: u32, height: u32, side: u32) -> (u32, u32) {
    let ratio = f64::from(width) / f64::from(height);
    let across = (f64::from(side) * f64::from(side) * ratio).sqrt();
    let round =
        |pixels: f64| ((pixels / BUCKET_STEP).round_ties_even().max(1.0) * BUCKET_STEP) as u32;
    (round(across), round(across / ratio))
}

/// `[1, 4, h, w]` from −1 to 1, alpha like a colour, in f32.
///
/// # Errors
/// If the device has no memory.
pub fn rgba_to_tensor(image: &Image, device: &Device) -> TensorResult<Tensor> {
    let size = (1, image.height() as usize, image.width() as usize, 4);
    let levels: Vec<f32> =
        image.rgba().iter().map(|&level| f32::from(level) / 255.0 * 2.0 - 1.0).collect();
    Tensor::from_vec(levels, size, &Device::Cpu)?
        .permute((0, 3, 1, 2))?
        .contiguous()?
        .to_device(device)
}

fn at_most_a_megapixel(image: &Image) -> Result<Image> {
    let (width, height) = (image.width(), image.height());
    let pixels = u64::from(width) * u64::from(height);
    if pixels <= u64::from(MAX_PIXELS) {
        return Ok(image.clone());
    }
    let scale = (f64::from(MAX_PIXELS) / pixels as f64).sqrt();
    lanczos(image, (f64::from(width) * scale) as u32, (f64::from(height) * scale) as u32)
}

fn crop_middle(image: &Image, (width, height): (u32, u32)) -> Rgb {
    let (left, top) = ((image.width() - width) / 2, (image.height() - height) / 2);
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in top..top + height {
        let row = (y * image.width() + left) as usize * 4;
        let row = &image.rgba()[row..row + width as usize * 4];
        pixels.extend(row.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]));
    }
    Rgb { width, height, pixels }
}

fn floor(pixels: u32) -> u32 {
    pixels / SIZE_STEP * SIZE_STEP
}

/// Luminance in Pillow's fixed point.
pub(crate) fn luma(pixel: &[u8]) -> u8 {
    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8
}
