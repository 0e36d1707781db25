//! Layer info: the records of the layers, each with the bytes of its channels.

use super::{blocks, blocks::Block, cursor::Cursor};
use crate::{Error, header::Version, name};

const CUT_OFF: Error = Error::Damaged("its layers are cut off");

/// Left, top, width and height; nothing inside if the file says something impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rect {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Rect {
    fn read(cursor: &mut Cursor) -> Option<Self> {
        let [top, left, bottom, right] =
            [cursor.i32()?, cursor.i32()?, cursor.i32()?, cursor.i32()?];
        let length = |from: i32, to: i32| {
            let length = i64::from(to) - i64::from(from);
            usize::try_from(length).ok().filter(|l| *l <= Version::Psb.max_side() as usize)
        };
        let sides = length(left, right).zip(length(top, bottom));
        let inside = sides.filter(|(width, height)| *width > 0 && *height > 0);
        let found = inside.map(|(width, height)| Self { x: left, y: top, width, height });
        Some(found.unwrap_or_default())
    }

    pub(super) fn is_empty(self) -> bool {
        self.width == 0
    }

    /// Its samples, four a pixel.
    pub(super) fn samples(self) -> u64 {
        self.width as u64 * self.height as u64 * 4
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct MaskInfo {
    pub(super) rect: Rect,
    pub(super) outside: u8,
    flags: u8,
}

impl MaskInfo {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let rect = Rect::read(&mut cursor)?;
        Some(Self { rect, outside: cursor.u8()?, flags: cursor.u8()? })
    }

    pub(super) fn is_linked(self) -> bool {
        self.flags & 1 == 0
    }

    pub(super) fn is_enabled(self) -> bool {
        self.flags & 2 == 0
    }

    /// Whether its pixels were made from a vector mask.
    pub(super) fn is_rendered(self) -> bool {
        self.flags & 8 != 0
    }

    /// Whether density or feather belong to it.
    pub(super) fn is_soft(self) -> bool {
        self.flags & 16 != 0
    }
}

#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) rect: Rect,
    /// Numbers and packed bytes, fewer than the record says if the file ends.
    channels: Vec<(i16, &'a [u8])>,
    pub(super) blend: [u8; 4],
    pub(super) opacity: u8,
    pub(super) clipping: bool,
    flags: u8,
    pub(super) mask: Option<MaskInfo>,
    pub(super) ranges: &'a [u8],
    pub(super) name: String,
    pub(super) blocks: Vec<Block<'a>>,
}

impl<'a> Record<'a> {
    pub(super) fn channel(&self, number: i16) -> Option<&'a [u8]> {
        self.channels.iter().find(|(known, _)| *known == number).map(|(_, bytes)| *bytes)
    }

    pub(super) fn block(&self, key: &[u8; 4]) -> Option<&'a [u8]> {
        blocks::find(&self.blocks, key)
    }

    pub(super) fn has_any(&self, keys: &[&[u8; 4]]) -> bool {
        self.blocks.iter().any(|(key, _)| keys.contains(&key))
    }

    /// A number of 4 bytes at the start of a block.
    pub(super) fn number(&self, key: &[u8; 4]) -> Option<u32> {
        self.block(key)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(super) fn is_visible(&self) -> bool {
        self.flags & 2 == 0
    }

    pub(super) fn locks_transparency(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// The records, from the bottom, and whether the number of layers says that the merged picture has alpha.
pub(super) fn read(bytes: &[u8], version: Version) -> Result<(Vec<Record<'_>>, bool), Error> {
    let mut cursor = Cursor::new(bytes);
    let Some(count) = cursor.i16() else { return Ok((Vec::new(), false)) };
    let mut heads = Vec::new();
    for _ in 0..count.unsigned_abs() {
        heads.push(head(&mut cursor, version).ok_or(CUT_OFF)?);
    }
    let mut records = Vec::with_capacity(heads.len());
    for (mut record, lengths) in heads {
        for (number, length) in lengths {
            record.channels.push((number, cursor.take_up_to(length)));
        }
        records.push(record);
    }
    Ok((records, count < 0))
}

/// A record without the bytes of its channels, and their lengths.
fn head<'a>(cursor: &mut Cursor<'a>, version: Version) -> Option<(Record<'a>, Vec<(i16, u64)>)> {
    let rect = Rect::read(cursor)?;
    let mut lengths = Vec::new();
    for _ in 0..cursor.u16()? {
        lengths.push((cursor.i16()?, cursor.length(version.length_bytes())?));
    }
    // The mark "8BIM".
    cursor.take(4)?;
    let blend = cursor.array()?;
    let [opacity, clipping, flags, _] = cursor.array()?;
    let mut rest = Cursor::new(cursor.counted()?);
    let mask = MaskInfo::read(rest.counted()?);
    let ranges = rest.counted()?;
    let length = usize::from(rest.u8()?);
    let pascal = rest.take(length)?;
    // With its length byte, a name takes a multiple of 4.
    rest.take_up_to((3 - length % 4) as u64);
    let blocks = blocks::all(rest.rest(), version);
    let name = blocks::find(&blocks, b"luni")
        .and_then(name::from_unicode)
        .unwrap_or_else(|| name::from_pascal(pascal));
    let clipping = clipping != 0;
    let channels = Vec::with_capacity(lengths.len());
    let record =
        Record { rect, channels, blend, opacity, clipping, flags, mask, ranges, name, blocks };
    Some((record, lengths))
}
