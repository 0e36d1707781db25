//! A whole file: header, colour data, resources, layers, merged picture.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    io::{Seek, SeekFrom, Write},
};

use document::{Content, Depth, Document, Layer};

use crate::{
    Error,
    blocks::{self, Place},
    composite::Composite,
    header::{Header, Version},
    layers::{self, Form},
    resources,
    sink::Sink,
};

/// Writes a document as PSD, or as PSB if it is too large for that.
///
/// Layers without an id get one; needs memory for about one layer besides the document.
///
/// # Errors
/// If the sink fails, or if the document is too large even for a PSB.
pub fn write<W: Write + Seek>(document: &Document, mut sink: W) -> Result<(), Error> {
    let prepared = Prepared::new(document)?;
    if !prepared.fits(Version::Psd) {
        return prepared.write(Version::Psb, &mut sink);
    }
    let start = sink.stream_position()?;
    match prepared.write(Version::Psd, &mut sink) {
        // Every field of a PSB is at least as long, so that it covers what was written so far.
        Err(Error::TooLarge(_)) => {
            sink.seek(SeekFrom::Start(start))?;
            prepared.write(Version::Psb, &mut sink)
        }
        result => result,
    }
}

/// Writes a document in one of the two formats.
///
/// # Errors
/// If the sink fails, or if the document is too large for the format.
pub fn write_as<W: Write + Seek>(
    document: &Document,
    version: Version,
    mut sink: W,
) -> Result<(), Error> {
    let prepared = Prepared::new(document)?;
    if !prepared.fits(version) {
        return Err(Error::TooLarge(match version {
            Version::Psd => "a PSD holds at most 30 000 pixels a side; save it as PSB",
            Version::Psb => "a PSB holds at most 300 000 pixels a side",
        }));
    }
    prepared.write(version, &mut sink)
}

struct Prepared<'a> {
    document: Cow<'a, Document>,
    composite: Composite,
}

impl<'a> Prepared<'a> {
    fn new(document: &'a Document) -> Result<Self, Error> {
        if document.width == 0 || document.height == 0 {
            return Err(Error::Empty);
        }
        if document.width.max(document.height) > Version::Psb.max_side() {
            return Err(Error::TooLarge("a PSB holds at most 300 000 pixels a side"));
        }
        Ok(Self { document: numbered(document), composite: Composite::render(document) })
    }

    fn fits(&self, version: Version) -> bool {
        let side = |layer: &Layer| {
            let pixels = match &layer.content {
                Content::Pixels(pixels) => pixels.raster.width().max(pixels.raster.height()),
                Content::Group(_) => 0,
            };
            let mask = layer.mask.as_ref();
            pixels.max(mask.map_or(0, |mask| mask.plane.width().max(mask.plane.height())))
        };
        let layers = self.document.walk().map(side).max().unwrap_or(0);
        self.document.width.max(self.document.height).max(layers) <= version.max_side()
    }

    fn write<W: Write + Seek>(&self, version: Version, sink: &mut W) -> Result<(), Error> {
        let Self { document, composite } = self;
        let mut sink = Sink::new(sink, version.max_file())?;
        let size = (document.width, document.height);
        sink.bytes(&Header::rgb(version, size, composite.channels(), document.depth))?;
        // No colour table.
        sink.u32(0)?;
        resources::write(document, composite, &mut sink)?;
        let merged_alpha = !composite.opaque;
        let form = Form { depth: document.depth, version, merged_alpha };
        write_layers(document, form, &mut sink)?;
        composite.write(version, &mut sink)?;
        sink.finish()
    }
}

/// The layer and mask information section.
fn write_layers<W: Write + Seek>(
    document: &Document,
    form: Form,
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    let version = form.version;
    let section = sink.blank(version.length_bytes())?;
    let info = sink.blank(version.length_bytes())?;
    let has_layers = !document.layers.is_empty();
    if has_layers && form.depth == Depth::Eight {
        layers::write(document, form, sink)?;
        blocks::close(sink, info, 4)?;
    }
    // No mask for the whole file.
    sink.u32(0)?;
    // The layers come first: some programs look at the first block alone.
    if has_layers && form.depth == Depth::Sixteen {
        let block = blocks::open(sink, *b"Lr16", version)?;
        layers::write(document, form, sink)?;
        blocks::close(sink, block, 4)?;
    }
    if form.merged_alpha && form.depth == Depth::Sixteen {
        blocks::write_global(sink, *b"Mt16", &[], version)?;
    } else if form.merged_alpha && !has_layers {
        blocks::write_global(sink, *b"Mtrn", &[], version)?;
    }
    for extra in &document.extra {
        if let Some(key) = Place::Global.key(extra) {
            blocks::write_global(sink, key, &extra.bytes, version)?;
        }
    }
    sink.close(section)
}

/// The document with ids that are all set and all different.
fn numbered(document: &Document) -> Cow<'_, Document> {
    let mut seen = BTreeSet::new();
    let is_sound = document.walk().all(|layer| layer.id != 0 && seen.insert(layer.id));
    if is_sound {
        return Cow::Borrowed(document);
    }
    let mut document = document.clone();
    document.number_layers();
    Cow::Owned(document)
}
