//! Layer info: a record for every layer, then the channels of every layer.

use std::io::{Seek, Write};

use document::{Blend, Content, Depth, Document, Extra, Layer, Mask, Pixels};

use crate::{
    Error, blend,
    blocks::{self, Place},
    channels::{self, ALPHA, MASK, Source},
    header::Version,
    name,
    sink::{Blank, Sink},
};

/// A key of [`Extra`]: blending ranges that are not the usual ones.
pub(crate) const RANGES: &str = "psd:record:ranges";
/// A key of [`Extra`]: the raster mask was made from the vector mask, and Photoshop makes it again.
pub(crate) const RENDERED_MASK: &str = "psd:record:rendered-mask";
/// What the record below a group's children is called.
const DIVIDER: &str = "</Layer group>";
/// Channels of every record: alpha, red, green and blue.
const NUMBERS: [i16; 4] = [ALPHA, 0, 1, 2];
/// The same in the order of interleaved pixels.
const INTERLEAVED: [usize; 4] = [3, 0, 1, 2];

const TRANSPARENCY_LOCKED: u8 = 1;
const HIDDEN: u8 = 2;
/// The next bit means something.
const KNOWN: u8 = 8;
const WITHOUT_PIXELS: u8 = 16;

/// A record of the file.
#[derive(Clone, Copy)]
enum Record<'a> {
    Layer(&'a Layer),
    /// Below the children of a group.
    Divider {
        id: u32,
    },
}

/// How layers are written.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) depth: Depth,
    pub(crate) version: Version,
    /// Whether the merged picture has alpha, which the sign of the layers' number says.
    pub(crate) merged_alpha: bool,
}

/// Writes the number of layers, their records and their channels.
pub(crate) fn write<W: Write + Seek>(
    document: &Document,
    form: Form,
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    let records = records(document);
    let count = i16::try_from(records.len()).map_err(|source| Error::TooLarge(too_many(source)))?;
    sink.u16(if form.merged_alpha { -count } else { count } as u16)?;
    let mut lengths = Vec::with_capacity(records.len());
    for record in &records {
        lengths.push(write_record(*record, form, sink)?);
    }
    for (record, lengths) in records.iter().zip(lengths) {
        write_channels(*record, form, &lengths, sink)?;
    }
    Ok(())
}

fn too_many(_: std::num::TryFromIntError) -> &'static str {
    "a PSD holds at most 32 767 layers and group ends"
}

/// From the bottom; a group stands above its children, and a divider below them.
fn records(document: &Document) -> Vec<Record<'_>> {
    enum Visit<'a> {
        Enter(&'a Layer),
        Leave(&'a Layer),
    }
    let mut next_id = document.walk().map(|layer| layer.id).max().unwrap_or(0);
    let mut open: Vec<Visit> = document.layers.iter().rev().map(Visit::Enter).collect();
    let mut records = Vec::new();
    while let Some(visit) = open.pop() {
        match visit {
            Visit::Enter(layer) => match &layer.content {
                Content::Pixels(_) => records.push(Record::Layer(layer)),
                Content::Group(group) => {
                    next_id = next_id.wrapping_add(1);
                    records.push(Record::Divider { id: next_id });
                    open.push(Visit::Leave(layer));
                    open.extend(group.children.iter().rev().map(Visit::Enter));
                }
            },
            Visit::Leave(layer) => records.push(Record::Layer(layer)),
        }
    }
    records
}

/// Left, top, right and bottom, all zero if there is nothing inside.
fn edges(x: i32, y: i32, width: u32, height: u32) -> Result<[i32; 4], Error> {
    if width == 0 || height == 0 {
        return Ok([0; 4]);
    }
    let far = |start: i32, length: u32| {
        i32::try_from(i64::from(start) + i64::from(length))
            .ok()
            .ok_or(Error::TooLarge("a layer lies too far from the picture for a PSD"))
    };
    Ok([x, y, far(x, width)?, far(y, height)?])
}

fn write_edges<W: Write + Seek>(
    [left, top, right, bottom]: [i32; 4],
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    for edge in [top, left, bottom, right] {
        sink.bytes(&edge.to_be_bytes())?;
    }
    Ok(())
}

/// Returns the fields of the channels' lengths.
fn write_record<W: Write + Seek>(
    record: Record,
    form: Form,
    sink: &mut Sink<W>,
) -> Result<Vec<Blank>, Error> {
    let (pixels, mask) = match record {
        Record::Layer(layer) => (pixels(layer), layer.mask.as_ref()),
        Record::Divider { .. } => (None, None),
    };
    let place = match pixels {
        Some(Pixels { x, y, raster }) => edges(*x, *y, raster.width(), raster.height())?,
        None => [0; 4],
    };
    write_edges(place, sink)?;
    let numbers: Vec<i16> = NUMBERS.into_iter().chain(mask.map(|_| MASK)).collect();
    sink.u16(numbers.len() as u16)?;
    let mut lengths = Vec::with_capacity(numbers.len());
    for number in numbers {
        sink.bytes(&number.to_be_bytes())?;
        lengths.push(sink.blank(form.version.length_bytes())?);
    }
    match record {
        Record::Layer(layer) => write_properties(layer, form.version, sink)?,
        Record::Divider { id } => write_divider(id, form.version, sink)?,
    }
    Ok(lengths)
}

fn pixels(layer: &Layer) -> Option<&Pixels> {
    match &layer.content {
        Content::Pixels(pixels) => Some(pixels),
        Content::Group(_) => None,
    }
}

fn write_properties<W: Write + Seek>(
    layer: &Layer,
    version: Version,
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    sink.bytes(b"8BIM")?;
    // A group that passes through says so in its divider block.
    let own = if layer.blend == Blend::PassThrough { Blend::Normal } else { layer.blend };
    sink.bytes(blend::key(own))?;
    let is_group = matches!(layer.content, Content::Group(_));
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = KNOWN
        | flag(layer.lock.transparency, TRANSPARENCY_LOCKED)
        | flag(!layer.visible, HIDDEN)
        | flag(is_group, WITHOUT_PIXELS);
    sink.bytes(&[layer.opacity, u8::from(layer.clipping), flags, 0])?;
    let rest = sink.blank(4)?;
    let is_rendered = layer.extra.iter().any(|extra| extra.key == RENDERED_MASK);
    match &layer.mask {
        Some(mask) => write_mask(mask, is_rendered, sink)?,
        None => sink.u32(0)?,
    }
    let ranges = layer.extra.iter().find(|extra| extra.key == RANGES);
    write_ranges(ranges, sink)?;
    sink.bytes(&name::pascal(&layer.name))?;
    blocks::write_layer(sink, *b"luni", &name::unicode(&layer.name), version)?;
    blocks::write_layer(sink, *b"lyid", &layer.id.to_be_bytes(), version)?;
    if let Content::Group(group) = &layer.content {
        let mut divider = if group.expanded { 1_u32 } else { 2 }.to_be_bytes().to_vec();
        divider.extend(b"8BIM");
        divider.extend(blend::key(layer.blend));
        blocks::write_layer(sink, *b"lsct", &divider, version)?;
    }
    let lock = layer.lock;
    let locks = flag(lock.transparency, 1) | flag(lock.pixels, 2) | flag(lock.position, 4);
    if locks != 0 {
        blocks::write_layer(sink, *b"lspf", &[0, 0, 0, locks], version)?;
    }
    if layer.fill != 255 {
        blocks::write_layer(sink, *b"iOpa", &[layer.fill, 0, 0, 0], version)?;
    }
    for extra in &layer.extra {
        let Some(key) = Place::Layer.key(extra) else { continue };
        // Someone took the mask away that these would make again.
        let is_stale = is_rendered && layer.mask.is_none();
        if !(is_stale && matches!(&key, b"vmsk" | b"vsms")) {
            blocks::write_layer(sink, key, &extra.bytes, version)?;
        }
    }
    sink.close(rest)
}

fn write_divider<W: Write + Seek>(
    id: u32,
    version: Version,
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    sink.bytes(b"8BIMnorm")?;
    sink.bytes(&[255, 0, KNOWN | WITHOUT_PIXELS, 0])?;
    let rest = sink.blank(4)?;
    sink.u32(0)?;
    write_ranges(None, sink)?;
    sink.bytes(&name::pascal(DIVIDER))?;
    blocks::write_layer(sink, *b"luni", &name::unicode(DIVIDER), version)?;
    blocks::write_layer(sink, *b"lyid", &id.to_be_bytes(), version)?;
    blocks::write_layer(sink, *b"lsct", &3_u32.to_be_bytes(), version)?;
    sink.close(rest)
}

fn write_mask<W: Write + Seek>(
    mask: &Mask,
    is_rendered: bool,
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    let (width, height) = (mask.plane.width(), mask.plane.height());
    sink.u32(20)?;
    write_edges(edges(mask.x, mask.y, width, height)?, sink)?;
    let flags = u8::from(!mask.linked) | u8::from(!mask.enabled) << 1 | u8::from(is_rendered) << 3;
    sink.bytes(&[mask.outside, flags, 0, 0])
}

fn write_ranges<W: Write + Seek>(ranges: Option<&Extra>, sink: &mut Sink<W>) -> Result<(), Error> {
    if let Some(ranges) = ranges {
        sink.u32(ranges.bytes.len() as u32)?;
        return sink.bytes(&ranges.bytes);
    }
    // From black to white, for the layer and what lies below, for gray and the four channels.
    sink.u32(40)?;
    sink.bytes(&[0, 0, 255, 255].repeat(10))
}

fn write_channels<W: Write + Seek>(
    record: Record,
    form: Form,
    lengths: &[Blank],
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    let (pixels, mask) = match record {
        Record::Layer(layer) => (pixels(layer), layer.mask.as_ref()),
        Record::Divider { .. } => (None, None),
    };
    let (colors, masks) = lengths.split_at(NUMBERS.len().min(lengths.len()));
    match pixels {
        Some(Pixels { raster, .. }) => {
            let width = raster.width() as usize;
            let source = Source { samples: raster.samples(), width, step: 4 };
            write_packed(source, &INTERLEAVED, form, colors, sink)?;
        }
        None => {
            for length in colors {
                sink.u16(channels::RAW)?;
                sink.fill(*length, 2)?;
            }
        }
    }
    if let Some(mask) = mask {
        let width = mask.plane.width() as usize;
        let source = Source { samples: mask.plane.samples(), width, step: 1 };
        write_packed(source, &[0], form, masks, sink)?;
    }
    Ok(())
}

fn write_packed<W: Write + Seek>(
    source: Source,
    channels: &[usize],
    form: Form,
    lengths: &[Blank],
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    let packed = channels::pack(source, channels, form.depth, form.version);
    for (channel, length) in packed.iter().zip(lengths) {
        channel.write(sink)?;
        sink.fill(*length, channel.len())?;
    }
    Ok(())
}
