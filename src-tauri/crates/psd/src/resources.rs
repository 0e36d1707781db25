//! Image resources: "8BIM", a number, a Pascal name, a length, and bytes.

use std::io::{Seek, Write};

use document::{Document, Extra};

use crate::{Error, composite::Composite, name, profile, sink::Sink, xmp};

pub(crate) const RESOLUTION: u16 = 1005;
pub(crate) const ALPHA_NAMES: u16 = 1006;
pub(crate) const THUMBNAIL: u16 = 1036;
pub(crate) const PROFILE: u16 = 1039;
pub(crate) const UNICODE_ALPHA_NAMES: u16 = 1045;
pub(crate) const TRANSPARENT_INDEX: u16 = 1047;
pub(crate) const VERSION: u16 = 1057;
pub(crate) const XMP: u16 = 1060;

/// Resources that are made anew, or that would be wrong in a file that was changed: which layers are selected and
/// linked, what extra channels are called, the old thumbnail, the mark of an untagged file, the next layer's id.
const NOT_CARRIED: [u16; 21] = [
    1000,
    1003,
    RESOLUTION,
    ALPHA_NAMES,
    1007,
    1024,
    1026,
    1033,
    THUMBNAIL,
    PROFILE,
    1041,
    1044,
    UNICODE_ALPHA_NAMES,
    1046,
    TRANSPARENT_INDEX,
    1053,
    VERSION,
    XMP,
    1069,
    1072,
    1077,
];

const PREFIX: &str = "psd:resource:";
const PROGRAM: &str = "Veetance Asset Editor";

/// A resource to carry through, unless it is made anew.
pub(crate) fn extra(id: u16, bytes: &[u8]) -> Option<Extra> {
    (!NOT_CARRIED.contains(&id)).then(|| verbatim(id, bytes))
}

/// What other programs wrote into XMP.
pub(crate) fn foreign_xmp(bytes: &[u8]) -> Extra {
    verbatim(XMP, bytes)
}

fn verbatim(id: u16, bytes: &[u8]) -> Extra {
    Extra { key: format!("{PREFIX}{id}"), bytes: bytes.to_vec() }
}

fn id(extra: &Extra) -> Option<u16> {
    extra.key.strip_prefix(PREFIX)?.parse().ok()
}

/// Writes the section.
pub(crate) fn write<W: Write + Seek>(
    document: &Document,
    composite: &Composite,
    sink: &mut Sink<W>,
) -> Result<(), Error> {
    let section = sink.blank(4)?;
    write_one(sink, RESOLUTION, &resolution(document.resolution))?;
    match &document.icc {
        Some(profile) => write_one(sink, PROFILE, profile)?,
        None => write_one(sink, PROFILE, &profile::srgb())?,
    }
    write_one(sink, THUMBNAIL, &composite.thumbnail.resource()?)?;
    write_one(sink, VERSION, &version())?;
    let carried = || document.extra.iter().filter_map(|extra| Some((id(extra)?, &extra.bytes)));
    let foreign = carried().find(|(id, _)| *id == XMP).map(|(_, bytes)| bytes.as_slice());
    if let Some(packet) = xmp::packet(foreign, document::recipe::write(document).as_deref()) {
        write_one(sink, XMP, &packet)?;
    }
    for (id, bytes) in carried().filter(|(id, _)| !NOT_CARRIED.contains(id)) {
        write_one(sink, id, bytes)?;
    }
    sink.close(section)
}

fn write_one<W: Write + Seek>(sink: &mut Sink<W>, id: u16, bytes: &[u8]) -> Result<(), Error> {
    sink.bytes(b"8BIM")?;
    sink.u16(id)?;
    // No name.
    sink.u16(0)?;
    let length = sink.blank(4)?;
    sink.bytes(bytes)?;
    sink.close(length)?;
    sink.pad(sink.after(length), 2)
}

fn resolution(pixels_per_inch: f64) -> Vec<u8> {
    let sound =
        if pixels_per_inch.is_finite() { pixels_per_inch.clamp(1.0, 30_000.0) } else { 72.0 };
    let fixed = (sound * 65_536.0).round() as u32;
    // Shown per inch, and sizes in inches.
    let mut half = fixed.to_be_bytes().to_vec();
    half.extend([0, 1, 0, 1]);
    half.repeat(2)
}

/// The resolution of [`RESOLUTION`], in pixels per inch whatever unit is shown.
pub(crate) fn read_resolution(bytes: &[u8]) -> Option<f64> {
    let fixed = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
    let value = f64::from(fixed) / 65_536.0;
    (1.0..=30_000.0).contains(&value).then_some(value)
}

fn version() -> Vec<u8> {
    // The last byte says that the merged picture is a real one.
    let mut bytes = vec![0, 0, 0, 1, 1];
    for _ in ["writer", "reader"] {
        bytes.extend((PROGRAM.len() as u32).to_be_bytes());
        bytes.extend(PROGRAM.encode_utf16().flat_map(u16::to_be_bytes));
    }
    bytes.extend([0, 0, 0, 1]);
    bytes
}

/// Whether the first of the extra channels is the merged picture's transparency, by its name.
pub(crate) fn names_transparency(id: u16, bytes: &[u8]) -> bool {
    match id {
        ALPHA_NAMES => bytes
            .split_first()
            .and_then(|(length, rest)| rest.get(..usize::from(*length)))
            .is_some_and(|text| text == b"Transparency"),
        UNICODE_ALPHA_NAMES => name::from_unicode(bytes).is_some_and(|text| text == "Transparency"),
        _ => false,
    }
}
