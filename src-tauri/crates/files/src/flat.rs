//! Flat pictures: PNG, JPEG and WebP.

use std::io::{self, Cursor, Write};

use document::{Content, Depth, Document, Raster, Samples};
use image::{
    DynamicImage, ExtendedColorType, ImageBuffer, ImageDecoder, ImageEncoder, ImageFormat,
    ImageReader, codecs::jpeg::JpegEncoder, codecs::webp::WebPEncoder, metadata::Orientation,
};
use ora::pixels::{self, Channels, Header};

use crate::{Format, error::Cause};

/// The longest side of a flat picture that is read, in pixels.
const MAX_SIDE: u32 = 30_000;
/// The largest flat picture that is read, in bytes of decoded pixels.
const MAX_DECODED_BYTES: u64 = 2 << 30;
const JPEG_QUALITY: u8 = 92;
const MAX_JPEG_SIDE: u32 = 65_535;
const MAX_WEBP_SIDE: u32 = 16_383;

/// A picture that was read.
pub(crate) struct Flat {
    pub(crate) raster: Raster,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) resolution: Option<f64>,
    pub(crate) notes: Vec<String>,
}

/// Decodes a flat picture. Its size is checked before memory is taken.
pub(crate) fn decode(bytes: &[u8], format: Format) -> Result<Flat, Cause> {
    let (raster, icc, resolution) = match format {
        Format::Png => {
            let limits = pixels::Limits { side: MAX_SIDE, bytes: MAX_DECODED_BYTES };
            let picture = pixels::decode(bytes, limits).map_err(|error| match error {
                // The words of a file that holds pictures.
                ora::Error::TooLarge(_) => "the picture is too large".into(),
                ora::Error::Damaged(reason) => {
                    Cause::from(reason.replace("a picture in it", "the picture"))
                }
                error => error.into(),
            })?;
            let orientation = picture.exif.as_deref().and_then(Orientation::from_exif_chunk);
            (turned(picture.raster, orientation)?, picture.icc, picture.resolution)
        }
        Format::Jpeg => decode_eight(bytes, ImageFormat::Jpeg)?,
        _ => decode_eight(bytes, ImageFormat::WebP)?,
    };
    let mut notes = Vec::new();
    // Pixels are RGB from here on.
    let icc = icc.filter(|icc| {
        let fits = icc.get(16..20) == Some(b"RGB ");
        if !fits {
            notes.push("the colour profile is not one for RGB and was left out".into());
        }
        fits
    });
    Ok(Flat { raster, icc, resolution, notes })
}

type Decoded = (Raster, Option<Vec<u8>>, Option<f64>);

fn decode_eight(bytes: &[u8], format: ImageFormat) -> Result<Decoded, Cause> {
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) * 4 > MAX_DECODED_BYTES {
        return Err("the picture is too large".into());
    }
    // A photograph from a phone is stored sideways and says so.
    let orientation = decoder.orientation()?;
    let icc = decoder.icc_profile()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    Ok((Raster::from_rgba8(width, height, picture.into_raw())?, icc, None))
}

fn turned(raster: Raster, orientation: Option<Orientation>) -> Result<Raster, Cause> {
    let Some(orientation) = orientation.filter(|way| *way != Orientation::NoTransforms) else {
        return Ok(raster);
    };
    let (width, height) = (raster.width(), raster.height());
    let no_picture = "the picture has no pixels";
    let mut picture = match raster.into_samples() {
        Samples::Eight(samples) => DynamicImage::ImageRgba8(
            ImageBuffer::from_raw(width, height, samples).ok_or(no_picture)?,
        ),
        Samples::Sixteen(samples) => DynamicImage::ImageRgba16(
            ImageBuffer::from_raw(width, height, samples).ok_or(no_picture)?,
        ),
    };
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width(), picture.height());
    let samples = match picture {
        DynamicImage::ImageRgba16(picture) => Samples::Sixteen(picture.into_raw()),
        picture => Samples::Eight(picture.into_rgba8().into_raw()),
    };
    Ok(Raster::new(width, height, samples)?)
}

/// Writes the flattened document as PNG, without an alpha channel where nothing is transparent.
pub(crate) fn write_png(document: &Document, sink: impl Write) -> Result<Vec<String>, Cause> {
    let notes = merged(document, Format::Png);
    let raster = flatten(document)?;
    let is_opaque = is_opaque(raster.samples());
    let header = Header {
        width: raster.width(),
        height: raster.height(),
        depth: raster.depth(),
        channels: if is_opaque { Channels::Rgb } else { Channels::Rgba },
        icc: document.icc.as_deref(),
        resolution: Some(document.resolution),
    };
    let samples = if is_opaque { without_alpha(raster) } else { raster.into_samples() };
    pixels::write(sink, &header, |rows| rows.push(&samples))?;
    Ok(notes)
}

/// Writes the flattened document on white.
pub(crate) fn write_jpeg(document: &Document, sink: impl Write) -> Result<Vec<String>, Cause> {
    check_side(document, MAX_JPEG_SIDE, Format::Jpeg)?;
    let mut notes = merged(document, Format::Jpeg);
    let (width, height, rgba) = flatten_eight(document, &mut notes, Format::Jpeg)?;
    let mut rgb = Vec::new();
    rgb.try_reserve_exact(rgba.len() / 4 * 3)
        .map_err(|_full| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let mut is_opaque = true;
    for [red, green, blue, alpha] in rgba.as_chunks().0 {
        is_opaque &= *alpha == 255;
        let alpha = u32::from(*alpha);
        let on_white =
            |level: &u8| ((u32::from(*level) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        rgb.extend([red, green, blue].map(on_white));
    }
    if !is_opaque {
        notes.push("JPEG knows no transparency: white shows through".into());
    }
    let mut encoder = JpegEncoder::new_with_quality(sink, JPEG_QUALITY);
    if let Some(icc) = &document.icc {
        encoder.set_icc_profile(icc.to_vec())?;
    }
    encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8)?;
    Ok(notes)
}

/// Writes the flattened document, every pixel as it is.
pub(crate) fn write_webp(document: &Document, sink: impl Write) -> Result<Vec<String>, Cause> {
    check_side(document, MAX_WEBP_SIDE, Format::WebP)?;
    let mut notes = merged(document, Format::WebP);
    let (width, height, rgba) = flatten_eight(document, &mut notes, Format::WebP)?;
    let mut encoder = WebPEncoder::new_lossless(sink);
    if let Some(icc) = &document.icc {
        encoder.set_icc_profile(icc.to_vec())?;
    }
    encoder.write_image(&rgba, width, height, ExtendedColorType::Rgba8)?;
    Ok(notes)
}

fn check_side(document: &Document, most: u32, format: Format) -> Result<(), Cause> {
    if document.width > most || document.height > most {
        let name = format.name();
        return Err(format!("{name} holds at most {most} pixels a side").into());
    }
    Ok(())
}

fn flatten(document: &Document) -> Result<Raster, Cause> {
    if document.width == 0 || document.height == 0 {
        return Err("the document has no pixels".into());
    }
    Ok(document::flatten(document))
}

fn flatten_eight(
    document: &Document,
    notes: &mut Vec<String>,
    format: Format,
) -> Result<(u32, u32, Vec<u8>), Cause> {
    let raster = flatten(document)?;
    if document.depth == Depth::Sixteen {
        notes.push(format!("{} holds 8 bits a channel: the finer half is lost", format.name()));
    }
    let (width, height) = (raster.width(), raster.height());
    match raster.into_samples() {
        Samples::Eight(samples) => Ok((width, height, samples)),
        deep @ Samples::Sixteen(_) => match deep.to_depth(Depth::Eight) {
            Samples::Eight(samples) => Ok((width, height, samples)),
            Samples::Sixteen(_) => Err("the picture did not become one of 8 bits".into()),
        },
    }
}

/// What a flat picture does not hold.
fn merged(document: &Document, format: Format) -> Vec<String> {
    let layers =
        document.walk().filter(|layer| matches!(layer.content, Content::Pixels(_))).count();
    if layers < 2 {
        return Vec::new();
    }
    vec![format!("{} holds one flat picture: {layers} layers became one", format.name())]
}

fn is_opaque(samples: &Samples) -> bool {
    match samples {
        Samples::Eight(samples) => samples.iter().skip(3).step_by(4).all(|alpha| *alpha == u8::MAX),
        Samples::Sixteen(samples) => {
            samples.iter().skip(3).step_by(4).all(|alpha| *alpha == u16::MAX)
        }
    }
}

fn without_alpha(raster: Raster) -> Samples {
    fn drop_every_fourth<T: Copy>(mut samples: Vec<T>) -> Vec<T> {
        let pixels = samples.len() / 4;
        for pixel in 0..pixels {
            samples.copy_within(pixel * 4..pixel * 4 + 3, pixel * 3);
        }
        samples.truncate(pixels * 3);
        samples
    }
    match raster.into_samples() {
        Samples::Eight(samples) => Samples::Eight(drop_every_fourth(samples)),
        Samples::Sixteen(samples) => Samples::Sixteen(drop_every_fourth(samples)),
    }
}
