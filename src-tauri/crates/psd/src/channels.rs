//! Planes of channels: out of interleaved pixels, packed, and back.

use document::{Depth, Samples};
use rayon::prelude::*;

use crate::{Error, header::Version, packbits, sink::Sink};

/// A layer's channels have these numbers; colours count from 0.
pub(crate) const ALPHA: i16 = -1;
pub(crate) const MASK: i16 = -2;
pub(crate) const REAL_MASK: i16 = -3;

/// How the bytes of a channel are packed.
pub(crate) const RAW: u16 = 0;
pub(crate) const RLE: u16 = 1;
pub(crate) const ZIP: u16 = 2;
pub(crate) const ZIP_PREDICTION: u16 = 3;

/// A channel below this many samples is not worth a thread.
const PARALLEL: usize = 1 << 16;

/// Pixels from which channels are taken.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) samples: &'a Samples,
    pub(crate) width: usize,
    /// Samples a pixel: 4 or 1.
    pub(crate) step: usize,
}

/// One channel, packed, with the compression in front.
pub(crate) struct Packed {
    bytes: Vec<u8>,
}

impl Packed {
    /// Its length in a file.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn write<W: std::io::Write + std::io::Seek>(
        &self,
        sink: &mut Sink<W>,
    ) -> Result<(), Error> {
        sink.bytes(&self.bytes)
    }
}

/// Channels of a layer in the depth of its file, packed or raw, whichever is smaller.
pub(crate) fn pack(
    source: Source,
    channels: &[usize],
    depth: Depth,
    version: Version,
) -> Vec<Packed> {
    let one = |&channel: &usize| pack_one(source, channel, depth, version);
    if source.samples.len() < PARALLEL {
        channels.iter().map(one).collect()
    } else {
        channels.par_iter().map(one).collect()
    }
}

fn pack_one(source: Source, channel: usize, depth: Depth, version: Version) -> Packed {
    let rows = source.samples.len() / (source.width * source.step).max(1);
    let row_bytes = source.width * depth.bytes();
    let raw_bytes = rows * row_bytes;
    if raw_bytes == 0 {
        return Packed { bytes: RAW.to_be_bytes().to_vec() };
    }
    // Other programs read 16 bits packed by runs as if they were 8, and runs save little there.
    if depth == Depth::Sixteen {
        return pack_raw(source, channel, depth, Vec::new());
    }
    let field = version.row_length_bytes();
    let mut bytes = RLE.to_be_bytes().to_vec();
    bytes.resize(2 + rows * field, 0);
    let mut row = Vec::with_capacity(row_bytes);
    for index in 0..rows {
        row.clear();
        take_row(source, index, channel, depth, &mut row);
        let before = bytes.len();
        packbits::encode(&row, &mut bytes);
        let length = (bytes.len() - before) as u32;
        let at = 2 + index * field;
        bytes[at..at + field].copy_from_slice(&length.to_be_bytes()[4 - field..]);
        if bytes.len() > 2 + raw_bytes {
            return pack_raw(source, channel, depth, bytes);
        }
    }
    bytes.shrink_to_fit();
    Packed { bytes }
}

fn pack_raw(source: Source, channel: usize, depth: Depth, mut bytes: Vec<u8>) -> Packed {
    let rows = source.samples.len() / (source.width * source.step).max(1);
    bytes.clear();
    bytes.reserve_exact(2 + rows * source.width * depth.bytes());
    bytes.extend(RAW.to_be_bytes());
    for index in 0..rows {
        take_row(source, index, channel, depth, &mut bytes);
    }
    Packed { bytes }
}

/// Appends a row of a channel as a file of `depth` holds it.
pub(crate) fn take_row(
    source: Source,
    index: usize,
    channel: usize,
    depth: Depth,
    row: &mut Vec<u8>,
) {
    let length = source.width * source.step;
    let range = index * length..(index + 1) * length;
    match (source.samples, depth) {
        (Samples::Eight(samples), Depth::Eight) => {
            each(&samples[range], source.step, channel, row, |level| [level]);
        }
        (Samples::Eight(samples), Depth::Sixteen) => {
            each(&samples[range], source.step, channel, row, |level| [level, level]);
        }
        (Samples::Sixteen(samples), Depth::Eight) => {
            let narrow = |level| [((u32::from(level) + 128) / 257) as u8];
            each(&samples[range], source.step, channel, row, narrow);
        }
        (Samples::Sixteen(samples), Depth::Sixteen) => {
            each(&samples[range], source.step, channel, row, u16::to_be_bytes);
        }
    }
}

fn each<T: Copy, const N: usize>(
    samples: &[T],
    step: usize,
    channel: usize,
    row: &mut Vec<u8>,
    bytes: impl Fn(T) -> [u8; N],
) {
    // A constant distance lets the compiler shuffle many samples at once.
    if step == 4 {
        let pixels = samples.as_chunks::<4>().0;
        let start = row.len();
        row.resize(start + pixels.len() * N, 0);
        let (places, _) = row[start..].as_chunks_mut::<N>();
        match channel {
            0 => places.iter_mut().zip(pixels).for_each(|(place, pixel)| *place = bytes(pixel[0])),
            1 => places.iter_mut().zip(pixels).for_each(|(place, pixel)| *place = bytes(pixel[1])),
            2 => places.iter_mut().zip(pixels).for_each(|(place, pixel)| *place = bytes(pixel[2])),
            _ => places.iter_mut().zip(pixels).for_each(|(place, pixel)| *place = bytes(pixel[3])),
        }
    } else {
        row.extend(samples.iter().flat_map(|&level| bytes(level)));
    }
}
