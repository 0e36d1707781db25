//! PNGs, in and out: any kind is read, row by row; 8 and 16 bits are written, row by row.

use std::{
    borrow::Cow,
    io::{Cursor, Write},
};

use document::{Depth, Plane, Raster, Samples};

use crate::{Error, profile};

/// Deflate makes nothing smaller than this.
const MAX_DEFLATE_RATIO: u64 = 1040;
const INCH: f64 = 0.0254;

/// The channels of a PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// One: a mask.
    Gray,
    /// Three: nothing is transparent.
    Rgb,
    /// Four, straight alpha.
    Rgba,
}

/// What a PNG begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Header<'a> {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bits a channel.
    pub depth: Depth,
    /// What a pixel holds.
    pub channels: Channels,
    /// An ICC profile to embed; none means sRGB.
    pub icc: Option<&'a [u8]>,
    /// Pixels per inch.
    pub resolution: Option<f64>,
}

/// Takes the values of a PNG, strip by strip.
pub struct Rows<'a> {
    sink: &'a mut dyn Write,
    bytes: Vec<u8>,
}

impl Rows<'_> {
    /// Writes the next values, of the depth of the header.
    ///
    /// # Errors
    /// If the sink fails.
    pub fn push(&mut self, samples: &Samples) -> Result<(), Error> {
        match samples {
            Samples::Eight(samples) => self.sink.write_all(samples)?,
            Samples::Sixteen(samples) => {
                for part in samples.chunks(1 << 15) {
                    self.bytes.clear();
                    self.bytes.extend(part.iter().flat_map(|sample| sample.to_be_bytes()));
                    self.sink.write_all(&self.bytes)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a PNG whose values `fill` gives.
///
/// # Errors
/// If a side is 0, values are missing, or the sink fails.
pub fn write(
    sink: impl Write,
    header: &Header<'_>,
    fill: impl FnOnce(&mut Rows<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut info = png::Info::with_size(header.width, header.height);
    let is_bare_and_deep = header.icc.is_none() && header.depth == Depth::Sixteen;
    info.icc_profile = if is_bare_and_deep && header.channels != Channels::Gray {
        Some(Cow::Owned(profile::srgb()))
    } else {
        header.icc.map(Cow::Borrowed)
    };
    info.pixel_dims = header.resolution.map(pixel_dims);
    let mut encoder = png::Encoder::with_info(sink, info)?;
    encoder.set_color(match header.channels {
        Channels::Gray => png::ColorType::Grayscale,
        Channels::Rgb => png::ColorType::Rgb,
        Channels::Rgba => png::ColorType::Rgba,
    });
    encoder.set_depth(match header.depth {
        Depth::Eight => png::BitDepth::Eight,
        Depth::Sixteen => png::BitDepth::Sixteen,
    });
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer()?;
    fill(&mut Rows { sink: &mut stream, bytes: Vec::new() })?;
    stream.finish()?;
    Ok(writer.finish()?)
}

fn pixel_dims(resolution: f64) -> png::PixelDimensions {
    // Out of range becomes the nearest that there is.
    let per_metre = (resolution / INCH).round() as u32;
    png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }
}

/// Writes a raster that has pixels.
///
/// # Errors
/// If it has none or the sink fails.
pub fn encode(sink: impl Write, raster: &Raster, icc: Option<&[u8]>) -> Result<(), Error> {
    let header = Header {
        width: raster.width(),
        height: raster.height(),
        depth: raster.depth(),
        channels: Channels::Rgba,
        icc,
        resolution: None,
    };
    write(sink, &header, |rows| rows.push(raster.samples()))
}

/// Writes a mask that has pixels.
///
/// # Errors
/// If it has none or the sink fails.
pub fn encode_plane(sink: impl Write, plane: &Plane) -> Result<(), Error> {
    let header = Header {
        width: plane.width(),
        height: plane.height(),
        depth: plane.depth(),
        channels: Channels::Gray,
        icc: None,
        resolution: None,
    };
    write(sink, &header, |rows| rows.push(plane.samples()))
}

/// A PNG that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Its pixels, 16 bits where the file has 16.
    pub raster: Raster,
    /// Its ICC profile, unless it is the one that [`write`] adds.
    pub icc: Option<Vec<u8>>,
    /// Pixels per inch.
    pub resolution: Option<f64>,
    /// Its EXIF block.
    pub exif: Option<Vec<u8>>,
}

/// How large a PNG may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of a side.
    pub side: u32,
    /// Bytes of RGBA.
    pub bytes: u64,
}

/// Reads a PNG of any kind. Its size is checked before memory is taken.
///
/// # Errors
/// If it is none, damaged, or too large.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Picture, Error> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let info = reader.info();
    let (width, height) = info.size();
    let is_interlaced = info.interlaced;
    let (color, depth) = reader.output_color_type();
    let is_deep = depth == png::BitDepth::Sixteen;
    let packed_bits = info.bits_per_pixel() as u64;
    check((width, height), is_deep, limits)?;
    // Less is a lie that would only cost memory.
    let unpacked = (u64::from(width) * u64::from(height)).saturating_mul(packed_bits) / 8;
    if unpacked > (bytes.len() as u64).saturating_mul(MAX_DEFLATE_RATIO) {
        return Err(Error::Damaged("a picture in it ends too early".into()));
    }

    let channels = color.samples();
    let mut samples = Collected::new(width as usize * height as usize * 4, is_deep)?;
    if is_interlaced {
        let size = reader.output_buffer_size().ok_or(Error::Memory)?;
        let mut frame = reserved(size)?;
        frame.resize(size, 0);
        reader.next_frame(&mut frame)?;
        samples.push(&frame, channels);
    } else {
        while let Some(row) = reader.next_row()? {
            samples.push(row.data(), channels);
            if samples.is_full() {
                break;
            }
        }
    }
    let info = reader.info();
    let raster = Raster::new(width, height, samples.into_samples()).map_err(Error::damaged)?;
    Ok(Picture {
        raster,
        icc: info.icc_profile.as_deref().map(<[u8]>::to_vec).filter(|icc| *icc != profile::srgb()),
        resolution: info.pixel_dims.and_then(per_inch),
        exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec),
    })
}

/// The bytes of RGBA that a PNG would take, from its first 33 bytes; `None` if it is no PNG.
pub(crate) fn decoded_size(head: &[u8]) -> Option<u64> {
    let number =
        |at: usize| Some(u64::from(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?)));
    if !head.starts_with(b"\x89PNG\r\n\x1a\n") || head.get(12..16)? != b"IHDR" {
        return None;
    }
    let bytes = if *head.get(24)? == 16 { 8 } else { 4 };
    number(16)?.checked_mul(number(20)?)?.checked_mul(bytes)
}

fn check((width, height): (u32, u32), is_deep: bool, limits: Limits) -> Result<(), Error> {
    let too_large = || Error::TooLarge(format!("a picture in it is {width} × {height}"));
    if width > limits.side || height > limits.side {
        return Err(too_large());
    }
    let area = u64::from(width) * u64::from(height);
    if area * if is_deep { 8 } else { 4 } > limits.bytes {
        return Err(too_large());
    }
    Ok(())
}

fn per_inch(dims: png::PixelDimensions) -> Option<f64> {
    let is_known = dims.unit == png::Unit::Meter && dims.xppu > 0;
    // A metre has no whole number of inches; 72 becomes 2835 and comes back as 72.009.
    is_known.then(|| (f64::from(dims.xppu) * INCH * 10.0).round() / 10.0)
}

/// Memory, or an error where there is none.
fn reserved<T>(count: usize) -> Result<Vec<T>, Error> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(count).map_err(|_full| Error::Memory)?;
    Ok(memory)
}

/// RGBA on its way in; grows as rows come, so that a file that claims much and ends early costs little.
enum Collected {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Collected {
    fn new(count: usize, is_deep: bool) -> Result<Self, Error> {
        Ok(if is_deep { Self::Sixteen(reserved(count)?) } else { Self::Eight(reserved(count)?) })
    }

    /// Adds pixels of two channels (grey) or four.
    fn push(&mut self, row: &[u8], channels: usize) {
        match (self, channels) {
            (Self::Eight(samples), 4) => samples.extend_from_slice(row),
            (Self::Eight(samples), _) => {
                samples.extend(row.as_chunks().0.iter().flat_map(|[v, a]| [*v, *v, *v, *a]));
            }
            (Self::Sixteen(samples), 4) => {
                samples.extend(row.as_chunks().0.iter().map(|pair| u16::from_be_bytes(*pair)));
            }
            (Self::Sixteen(samples), _) => {
                samples.extend(row.as_chunks().0.iter().flat_map(|[v, w, a, b]| {
                    let value = u16::from_be_bytes([*v, *w]);
                    [value, value, value, u16::from_be_bytes([*a, *b])]
                }));
            }
        }
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Eight(samples) => samples.len() == samples.capacity(),
            Self::Sixteen(samples) => samples.len() == samples.capacity(),
        }
    }

    fn into_samples(self) -> Samples {
        match self {
            Self::Eight(samples) => Samples::Eight(samples),
            Self::Sixteen(samples) => Samples::Sixteen(samples),
        }
    }
}
