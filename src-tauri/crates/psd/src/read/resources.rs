//! The image resources of a file.

use std::sync::Arc;

use document::Extra;

use super::cursor::Cursor;
use crate::{profile, resources, xmp};

#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) resolution: Option<f64>,
    /// None where it is the profile that our writer puts in for sRGB.
    pub(super) icc: Option<Arc<[u8]>>,
    pub(super) recipes: Option<String>,
    pub(super) names_transparency: bool,
    pub(super) transparent_index: Option<u16>,
    pub(super) extra: Vec<Extra>,
}

/// Reads as many resources as are sound.
pub(super) fn read(bytes: &[u8]) -> Resources {
    let mut found = Resources::default();
    let mut profile: &[u8] = &[];
    let mut cursor = Cursor::new(bytes);
    while let Some((id, bytes)) = next(&mut cursor) {
        found.names_transparency |= resources::names_transparency(id, bytes);
        match id {
            resources::RESOLUTION => found.resolution = resources::read_resolution(bytes),
            resources::PROFILE => profile = bytes,
            resources::TRANSPARENT_INDEX => {
                found.transparent_index = bytes.first_chunk().map(|two| u16::from_be_bytes(*two));
            }
            resources::XMP => {
                let (recipes, foreign) = xmp::take(bytes);
                found.recipes = recipes;
                found.extra.extend(foreign.map(|bytes| resources::foreign_xmp(&bytes)));
            }
            _ => found.extra.extend(resources::extra(id, bytes)),
        }
    }
    // Compared once, so that a file of nothing but profiles is no work.
    if !profile.is_empty() && profile != profile::srgb() {
        found.icc = Some(profile.into());
    }
    found
}

fn next<'a>(cursor: &mut Cursor<'a>) -> Option<(u16, &'a [u8])> {
    let mark: [u8; 4] = cursor.array()?;
    // Other programs of Adobe's have marks of their own for resources.
    if ![b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"].contains(&&mark) {
        return None;
    }
    let id = cursor.u16()?;
    let name = usize::from(cursor.u8()?);
    // With its length byte, a name takes an even number.
    cursor.take(name + usize::from(name.is_multiple_of(2)))?;
    let bytes = cursor.counted()?;
    if !bytes.len().is_multiple_of(2) {
        cursor.u8();
    }
    Some((id, bytes))
}
