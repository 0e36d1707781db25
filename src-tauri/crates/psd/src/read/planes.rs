//! Rows of a channel, unpacked one at a time.

use std::io::Read;

use flate2::bufread::ZlibDecoder;

use crate::{
    channels::{RAW, RLE, ZIP, ZIP_PREDICTION},
    header::Version,
    packbits,
};

/// Deflate makes at most this many bytes of one.
const MAX_DEFLATE: u64 = 1032;

/// The measure of a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 1, 8, 16 or 32.
    pub(super) bits: u16,
    pub(super) version: Version,
}

impl Shape {
    pub(super) fn row_bytes(self) -> usize {
        (self.width * usize::from(self.bits)).div_ceil(8)
    }

    fn bytes(self) -> u64 {
        self.row_bytes() as u64 * self.height as u64
    }
}

/// The packed bytes of a channel, known to be enough for its shape.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packed<'a> {
    Raw(&'a [u8]),
    /// The lengths of the rows, and the rows.
    Rle(&'a [u8], &'a [u8]),
    Zip(&'a [u8]),
    Predicted(&'a [u8]),
}

impl<'a> Packed<'a> {
    /// A channel of a layer, its compression in front; none if it cannot have as many pixels as its shape says, so
    /// that nobody takes memory for them.
    pub(super) fn of_layer(bytes: &'a [u8], shape: Shape) -> Option<Self> {
        let (compression, body) = bytes.split_first_chunk::<2>()?;
        match u16::from_be_bytes(*compression) {
            RAW => (body.len() as u64 >= shape.bytes()).then_some(Self::Raw(body)),
            RLE => {
                let table = shape.height.checked_mul(shape.version.row_length_bytes())?;
                let (lengths, rows) = body.split_at_checked(table)?;
                Self::rle(lengths, rows, shape)
            }
            ZIP => may_inflate(body, shape).then_some(Self::Zip(body)),
            ZIP_PREDICTION => may_inflate(body, shape).then_some(Self::Predicted(body)),
            _ => None,
        }
    }

    /// A channel whose lengths stand apart from its rows.
    pub(super) fn rle(lengths: &'a [u8], rows: &'a [u8], shape: Shape) -> Option<Self> {
        let least = packbits::least(shape.row_bytes());
        let mut sum = 0_usize;
        for length in row_lengths(lengths, shape.version) {
            if length < least {
                return None;
            }
            sum = sum.checked_add(length)?;
        }
        (sum <= rows.len()).then_some(Self::Rle(lengths, rows))
    }

    /// Gives the rows from the top; false if the bytes are damaged.
    pub(super) fn unpack(self, shape: Shape, mut each: impl FnMut(usize, &[u8])) -> bool {
        let row_bytes = shape.row_bytes();
        if row_bytes == 0 {
            return true;
        }
        match self {
            Self::Raw(bytes) => {
                let rows = bytes.chunks_exact(row_bytes).take(shape.height);
                rows.enumerate().for_each(|(index, row)| each(index, row));
                true
            }
            Self::Rle(lengths, mut rows) => {
                let mut row = vec![0; row_bytes];
                row_lengths(lengths, shape.version).enumerate().all(|(index, length)| {
                    let Some((packed, rest)) = rows.split_at_checked(length) else { return false };
                    rows = rest;
                    let is_whole = packbits::decode(packed, &mut row);
                    if is_whole {
                        each(index, &row);
                    }
                    is_whole
                })
            }
            Self::Zip(bytes) => unzip(&mut ZlibDecoder::new(bytes), shape, each),
            Self::Predicted(bytes) => {
                let mut plain = vec![0; row_bytes];
                unzip(&mut ZlibDecoder::new(bytes), shape, |index, row| {
                    plain.copy_from_slice(row);
                    undo_prediction(&mut plain, shape);
                    each(index, &plain);
                })
            }
        }
    }
}

/// Whether a deflated stream is long enough for a shape.
pub(super) fn may_inflate(bytes: &[u8], shape: Shape) -> bool {
    bytes.len() as u64 * MAX_DEFLATE >= shape.bytes()
}

/// Rows of one channel out of a deflated stream.
pub(super) fn unzip(
    stream: &mut impl Read,
    shape: Shape,
    mut each: impl FnMut(usize, &[u8]),
) -> bool {
    let mut row = vec![0; shape.row_bytes()];
    (0..shape.height).all(|index| {
        let is_whole = stream.read_exact(&mut row).is_ok();
        if is_whole {
            each(index, &row);
        }
        is_whole
    })
}

pub(super) fn row_lengths(bytes: &[u8], version: Version) -> impl Iterator<Item = usize> {
    let of_field = |field: &[u8]| field.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    bytes.chunks_exact(version.row_length_bytes()).map(of_field)
}

/// Turns the differences within a row into values again.
pub(super) fn undo_prediction(row: &mut [u8], shape: Shape) {
    match shape.bits {
        16 => {
            let mut sum = 0_u16;
            for pair in row.as_chunks_mut::<2>().0 {
                sum = sum.wrapping_add(u16::from_be_bytes(*pair));
                *pair = sum.to_be_bytes();
            }
        }
        32 => {
            add_up(row);
            // First the highest byte of every value, then the next of every value, and so on.
            let planes = row.to_vec();
            for (index, value) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                for (place, byte) in value.iter_mut().enumerate() {
                    *byte = planes[place * shape.width + index];
                }
            }
        }
        _ => add_up(row),
    }
}

fn add_up(row: &mut [u8]) {
    let mut sum = 0_u8;
    for byte in row {
        sum = sum.wrapping_add(*byte);
        *byte = sum;
    }
}
