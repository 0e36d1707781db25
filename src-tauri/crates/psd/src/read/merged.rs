//! The merged picture, where it is all that there is.

use document::Raster;
use flate2::bufread::ZlibDecoder;

use super::{
    budget::Budget,
    pixels::Canvas,
    planes::{self, Packed, Shape},
    resources::Resources,
    unpack::{colors, depth},
};
use crate::{
    Error,
    channels::{RAW, RLE, ZIP, ZIP_PREDICTION},
    header::{Header, Mode},
};

const DAMAGED: Error = Error::Damaged("its picture is cut off or broken");

/// What a merged picture needs from the rest of its file.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) header: &'a Header,
    /// The colour table of an indexed picture.
    pub(super) table: &'a [u8],
    pub(super) resources: &'a Resources,
    /// Whether the first channel behind the colours is the picture's transparency.
    pub(super) has_alpha: bool,
}

/// Unpacks the picture; its pixels are straight.
pub(super) fn read(bytes: &[u8], around: Around, budget: &mut Budget) -> Result<Canvas, Error> {
    let header = around.header;
    let wanted = colors(header.mode) + usize::from(around.has_alpha);
    if usize::from(header.channels) < wanted {
        return Err(Error::Damaged("it has too few channels for its colours"));
    }
    let shape = Shape {
        width: header.width as usize,
        height: header.height as usize,
        bits: header.bits,
        version: header.version,
    };
    let pixels = shape.width as u64 * shape.height as u64;
    let (compression, body) = bytes.split_first_chunk::<2>().ok_or(DAMAGED)?;
    let source = Source::new(u16::from_be_bytes(*compression), body, shape, header.channels)?;
    budget.spend(pixels * 4 * depth(header).bytes() as u64)?;
    let mut canvas = Canvas::new(shape, header.mode);
    source.unpack(&mut canvas, around)?;
    Ok(canvas)
}

impl Canvas {
    fn finish(&mut self, around: Around) -> Result<(), Error> {
        if around.header.mode == Mode::Indexed {
            let table =
                around.table.first_chunk().ok_or(Error::Damaged("it has no colour table"))?;
            self.look_up(table, around.resources.transparent_index);
        } else {
            self.finish_colors();
        }
        Ok(())
    }
}

/// The packed planes, known to be enough.
enum Source<'a> {
    Planes(Vec<Packed<'a>>),
    /// One stream for all, and whether it holds differences.
    Stream(&'a [u8], bool, Shape),
}

impl<'a> Source<'a> {
    fn new(compression: u16, body: &'a [u8], shape: Shape, channels: u16) -> Result<Self, Error> {
        let channels = usize::from(channels);
        match compression {
            RAW => Self::raw(body, shape, channels).ok_or(DAMAGED),
            RLE => Self::rle(body, shape, channels).ok_or(DAMAGED),
            ZIP | ZIP_PREDICTION if planes::may_inflate(body, shape) => {
                Ok(Self::Stream(body, compression == ZIP_PREDICTION, shape))
            }
            _ => Err(DAMAGED),
        }
    }

    fn raw(body: &'a [u8], shape: Shape, channels: usize) -> Option<Self> {
        let length = shape.row_bytes().checked_mul(shape.height)?;
        let whole = body.get(..length.checked_mul(channels)?)?;
        Some(Self::Planes(whole.chunks_exact(length).map(Packed::Raw).collect()))
    }

    fn rle(body: &'a [u8], shape: Shape, channels: usize) -> Option<Self> {
        let length = shape.height.checked_mul(shape.version.row_length_bytes())?;
        let (tables, mut rows) = body.split_at_checked(length.checked_mul(channels)?)?;
        let mut planes = Vec::with_capacity(channels);
        for table in tables.chunks_exact(length) {
            planes.push(Packed::rle(table, rows, shape)?);
            let taken: usize = planes::row_lengths(table, shape.version).sum();
            rows = rows.get(taken..)?;
        }
        Some(Self::Planes(planes))
    }

    /// Colours, then alpha.
    fn unpack(self, canvas: &mut Canvas, around: Around) -> Result<(), Error> {
        let count = colors(around.header.mode);
        let mut source = match self {
            Self::Planes(planes) => Taker::Planes(planes.into_iter()),
            Self::Stream(bytes, predicted, shape) => {
                Taker::Stream(ZlibDecoder::new(bytes), predicted, shape)
            }
        };
        for place in 0..count {
            source.take(canvas, place).then_some(()).ok_or(DAMAGED)?;
        }
        canvas.finish(around)?;
        if around.has_alpha {
            source.take(canvas, 3).then_some(()).ok_or(DAMAGED)?;
            canvas.take_white_out();
        }
        Ok(())
    }
}

enum Taker<'a> {
    Planes(std::vec::IntoIter<Packed<'a>>),
    Stream(ZlibDecoder<&'a [u8]>, bool, Shape),
}

impl Taker<'_> {
    fn take(&mut self, canvas: &mut Canvas, place: usize) -> bool {
        match self {
            Self::Planes(planes) => planes.next().is_some_and(|plane| canvas.take(plane, place)),
            Self::Stream(stream, predicted, shape) => {
                let mut plain = vec![0; shape.row_bytes()];
                planes::unzip(stream, *shape, |row, bytes| {
                    plain.copy_from_slice(bytes);
                    if *predicted {
                        planes::undo_prediction(&mut plain, *shape);
                    }
                    canvas.put(row, &plain, place);
                })
            }
        }
    }
}

/// The picture, or none if nothing of it shows.
pub(super) fn shown(canvas: Canvas, has_alpha: bool) -> Option<Raster> {
    if has_alpha && canvas.is_transparent() { None } else { canvas.into_raster() }
}
