//! Tagged blocks, one after the other.

use super::cursor::Cursor;
use crate::{blocks::length_bytes, header::Version};

/// Four letters and the bytes of a block.
pub(super) type Block<'a> = ([u8; 4], &'a [u8]);

/// The blocks of a record or of the file's end, up to the first that is no block.
pub(super) fn all(bytes: &[u8], version: Version) -> Vec<Block<'_>> {
    let mut cursor = Cursor::new(bytes);
    let mut blocks = Vec::new();
    while let Some(block) = next(&mut cursor, version) {
        blocks.push(block);
    }
    blocks
}

fn next<'a>(cursor: &mut Cursor<'a>, version: Version) -> Option<Block<'a>> {
    // Some writers pad behind the length, to 2 or to 4.
    let rest = cursor.rest();
    let is_mark =
        |at: usize| rest.get(at..at + 4).is_some_and(|mark| mark == b"8BIM" || mark == b"8B64");
    cursor.take((0..4).find(|at| is_mark(*at))?)?;
    let mark: [u8; 4] = cursor.array()?;
    let key: [u8; 4] = cursor.array()?;
    let bytes = match (version, &mark) {
        (Version::Psb, b"8B64") => 8,
        _ => length_bytes(key, version),
    };
    let length = cursor.length(bytes)?;
    Some((key, cursor.take(usize::try_from(length).ok()?)?))
}

/// The first block of a name.
pub(super) fn find<'a>(blocks: &[Block<'a>], key: &[u8; 4]) -> Option<&'a [u8]> {
    blocks.iter().find(|(known, _)| known == key).map(|(_, bytes)| *bytes)
}
