//! Tagged blocks: "8BIM", four letters, a length, and bytes; at the end of a layer's record and of the file's layers.

use std::io::{Seek, Write};

use document::Extra;

use crate::{
    Error,
    header::Version,
    sink::{Blank, Sink},
};

/// Keys whose length takes 8 bytes in a PSB.
const WIDE: [&[u8; 4]; 21] = [
    b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2",
    b"lnk3", b"lnkE", b"FEid", b"FXid", b"FELS", b"PxSD", b"pths", b"extd", b"extn", b"cinf",
    b"artd",
];

/// Blocks of a layer that are made from its properties.
const LAYER_OURS: [&[u8; 4]; 6] = [b"luni", b"lyid", b"lsct", b"lsdk", b"iOpa", b"lspf"];
/// Blocks of a file that hold its layers or say something of them.
const GLOBAL_OURS: [&[u8; 4]; 6] = [b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn"];

/// Prefixes of [`Extra::key`].
const LAYER: &str = "psd:layer:";
const GLOBAL: &str = "psd:global:";

/// Bytes of the length field of a block.
pub(crate) fn length_bytes(key: [u8; 4], version: Version) -> usize {
    if WIDE.contains(&&key) { version.length_bytes() } else { 4 }
}

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Layer,
    Global,
}

impl Place {
    fn prefix(self) -> &'static str {
        match self {
            Self::Layer => LAYER,
            Self::Global => GLOBAL,
        }
    }

    fn ours(self) -> &'static [&'static [u8; 4]] {
        match self {
            Self::Layer => &LAYER_OURS,
            Self::Global => &GLOBAL_OURS,
        }
    }

    /// A block to carry through; none for those that are made anew, and for names that are no letters.
    pub(crate) fn extra(self, key: [u8; 4], bytes: &[u8]) -> Option<Extra> {
        let is_plain = key.iter().all(|letter| matches!(letter, b' '..=b'~'));
        if !is_plain || self.ours().contains(&&key) {
            return None;
        }
        let letters: String = key.iter().map(|&letter| char::from(letter)).collect();
        Some(Extra { key: self.prefix().to_owned() + &letters, bytes: bytes.to_vec() })
    }

    /// The four letters of a block that was carried through.
    pub(crate) fn key(self, extra: &Extra) -> Option<[u8; 4]> {
        let letters = extra.key.strip_prefix(self.prefix())?;
        let key = <[u8; 4]>::try_from(letters.as_bytes()).ok()?;
        (!self.ours().contains(&&key)).then_some(key)
    }
}

/// Starts a block; its length is closed with [`close`].
pub(crate) fn open<W: Write + Seek>(
    sink: &mut Sink<W>,
    key: [u8; 4],
    version: Version,
) -> Result<Blank, Error> {
    sink.bytes(b"8BIM")?;
    sink.bytes(&key)?;
    sink.blank(length_bytes(key, version))
}

/// Ends a block, padding within its length, which no reader counts wrongly.
pub(crate) fn close<W: Write + Seek>(
    sink: &mut Sink<W>,
    block: Blank,
    unit: u64,
) -> Result<(), Error> {
    sink.pad(sink.after(block), unit)?;
    sink.close(block)
}

/// Writes a block of a layer.
pub(crate) fn write_layer<W: Write + Seek>(
    sink: &mut Sink<W>,
    key: [u8; 4],
    bytes: &[u8],
    version: Version,
) -> Result<(), Error> {
    let block = open(sink, key, version)?;
    sink.bytes(bytes)?;
    close(sink, block, 2)
}

/// Writes a block of the file; it is padded to 4 behind its length, as Photoshop does.
pub(crate) fn write_global<W: Write + Seek>(
    sink: &mut Sink<W>,
    key: [u8; 4],
    bytes: &[u8],
    version: Version,
) -> Result<(), Error> {
    let block = open(sink, key, version)?;
    sink.bytes(bytes)?;
    sink.close(block)?;
    sink.pad(sink.after(block), 4)
}
