//! A document to a zip.

use std::io::{self, Seek, Write};

use document::{Content, Depth, Document, Layer, Raster, Samples, recipe};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    EXTRAS, Error, MAX_DEPTH, MAX_LAYERS, MAX_SIDE, MIMETYPE, PROFILE, RECIPES, SETTINGS, STACK,
    Sink, check_canvas, pixels, preview,
    read::{MAX_BLANK, MAX_EXTRAS, MAX_TEXT, blank},
    settings, stack,
};

/// A profile up to this size is embedded in every layer's PNG, as other programs expect; a larger one
/// only in the flattened picture.
const MAX_PROFILE_PER_LAYER: usize = 1 << 16;

/// Writes a document. Layers without an id get one.
///
/// # Errors
/// If it is too large to be read again, or the sink fails.
pub fn write(document: &Document, sink: impl Write + Seek) -> Result<(), Error> {
    write_parts(document, sink, true)
}

/// Writes a document that only this program will read: without the flattened picture, which takes long
/// to paint.
///
/// # Errors
/// If it is too large to be read again, or the sink fails.
pub fn write_without_preview(document: &Document, sink: impl Write + Seek) -> Result<(), Error> {
    write_parts(document, sink, false)
}

fn write_parts(
    document: &Document,
    sink: impl Write + Seek,
    has_preview: bool,
) -> Result<(), Error> {
    check(document)?;
    let mut document = document.clone();
    document.number_layers();

    // PNGs are packed already.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = stored.compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Sink::new(sink));
    archive.start_file("mimetype", stored)?;
    archive.write_all(MIMETYPE.as_bytes())?;
    write_text(&mut archive, STACK, &stack::write(&document)?)?;

    let profile = document.icc.as_deref();
    let layer_profile = profile.filter(|profile| profile.len() <= MAX_PROFILE_PER_LAYER);
    let mut blank_bytes = 0;
    for layer in document.walk() {
        if let Content::Pixels(pixels) = &layer.content {
            let raster = &pixels.raster;
            let bytes = (raster.samples().len() * raster.depth().bytes()) as u64;
            archive.start_file(stack::layer_path(layer.id), large(stored, bytes))?;
            let mut sink = Counted { sink: &mut archive, count: 0 };
            if raster.samples().is_empty() {
                pixels::encode(&mut sink, &one_clear_pixel(), None)?;
            } else {
                pixels::encode(&mut sink, raster, layer_profile)?;
            }
            blank_bytes += blank(bytes, sink.count);
        }
        if let Some(mask) = layer.mask.as_ref().filter(|mask| !mask.plane.samples().is_empty()) {
            let bytes = (mask.plane.samples().len() * mask.plane.depth().bytes()) as u64;
            archive.start_file(settings::mask_path(layer.id), large(stored, bytes))?;
            let mut sink = Counted { sink: &mut archive, count: 0 };
            pixels::encode_plane(&mut sink, &mask.plane)?;
            blank_bytes += blank(bytes * 4, sink.count);
        }
        if blank_bytes > MAX_BLANK {
            return Err(Error::TooLarge(
                "its empty parts alone need more memory than a computer has".into(),
            ));
        }
    }

    if has_preview {
        let bytes = u64::from(document.width) * u64::from(document.height) * 8;
        preview::write(&document, &mut archive, large(stored, bytes))?;
    }
    if let Some(profile) = profile {
        write_text(&mut archive, PROFILE, profile)?;
    }
    let extra_bytes: u64 = settings::extras(&document).map(|extra| extra.bytes.len() as u64).sum();
    if extra_bytes > MAX_EXTRAS {
        return Err(Error::TooLarge("what it carries of other programs".into()));
    }
    if extra_bytes > 0 {
        archive.start_file(EXTRAS, packed)?;
        for extra in settings::extras(&document) {
            archive.write_all(&extra.bytes)?;
        }
    }
    write_text(&mut archive, SETTINGS, settings::write(&document).as_bytes())?;
    if let Some(recipes) = recipe::write(&document) {
        write_text(&mut archive, RECIPES, recipes.as_bytes())?;
    }
    Ok(archive.finish()?.finish()?)
}

fn write_text<W: Write + Seek>(
    archive: &mut ZipWriter<W>,
    name: &str,
    bytes: &[u8],
) -> Result<(), Error> {
    if bytes.len() as u64 > MAX_TEXT {
        return Err(Error::TooLarge(format!("its names and settings, `{name}`")));
    }
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file(name, options)?;
    Ok(archive.write_all(bytes)?)
}

/// Refuses what [`crate::read`] would refuse.
fn check(document: &Document) -> Result<(), Error> {
    fn depth(layers: &[Layer]) -> usize {
        layers.iter().map(|layer| 1 + depth(layer.children())).max().unwrap_or(0)
    }
    check_canvas(document.width, document.height)?;
    if document.walk().count() > MAX_LAYERS {
        return Err(Error::TooLarge(format!("more than {MAX_LAYERS} layers")));
    }
    if depth(&document.layers) > MAX_DEPTH {
        return Err(Error::TooLarge(format!("more than {MAX_DEPTH} groups within each other")));
    }
    for layer in document.walk() {
        let raster = match &layer.content {
            Content::Pixels(pixels) => (pixels.raster.width(), pixels.raster.height()),
            Content::Group(_) => (0, 0),
        };
        let mask =
            layer.mask.as_ref().map_or((0, 0), |mask| (mask.plane.width(), mask.plane.height()));
        if [raster.0, raster.1, mask.0, mask.1].into_iter().any(|side| side > MAX_SIDE) {
            return Err(Error::TooLarge(format!(
                "a side of layer `{}`",
                stack::plain(&layer.name)
            )));
        }
    }
    Ok(())
}

/// Entries of 4 GiB need longer numbers, which some programs do not read.
fn large(options: SimpleFileOptions, bytes: u64) -> SimpleFileOptions {
    options.large_file(bytes > 3 << 30)
}

fn one_clear_pixel() -> Raster {
    Raster::new(1, 1, Samples::Eight(vec![0; 4]))
        .unwrap_or_else(|_shape| Raster::empty(Depth::Eight))
}

/// Counts what goes through.
struct Counted<W> {
    sink: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
