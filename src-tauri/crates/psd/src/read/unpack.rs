//! The pixels and the mask of a record.

use document::{Depth, Plane, Raster};
use rayon::prelude::*;

use super::{
    budget::Budget,
    pixels::{self, Canvas},
    planes::{Packed, Shape},
    records::{Record, Rect},
};
use crate::{
    Error,
    channels::{ALPHA, MASK},
    header::{Header, Mode},
};

/// What was packed in a record.
pub(super) struct Unpacked {
    /// Empty if it is damaged.
    pub(super) raster: Raster,
    pub(super) is_damaged: bool,
    pub(super) mask: MaskPixels,
}

pub(super) enum MaskPixels {
    None,
    Damaged,
    Plane(Plane),
}

/// The depth of the document that a file becomes.
pub(super) fn depth(header: &Header) -> Depth {
    if header.bits > 8 { Depth::Sixteen } else { Depth::Eight }
}

/// Colours of a mode, and how many channels they take.
pub(super) fn colors(mode: Mode) -> usize {
    match mode {
        Mode::Rgb | Mode::Lab => 3,
        Mode::Cmyk => 4,
        _ => 1,
    }
}

/// Unpacks all records, in parallel.
pub(super) fn all(
    records: &[Record],
    header: &Header,
    budget: &mut Budget,
) -> Result<Vec<Unpacked>, Error> {
    // What is damaged takes no memory, so that only what the file has bytes for is counted.
    let jobs: Vec<Job> = records.iter().map(|record| Job::new(record, header)).collect();
    for job in &jobs {
        budget.spend(job.bytes)?;
    }
    Ok(jobs.par_iter().map(|job| job.run(header)).collect())
}

struct Job<'a> {
    rect: Rect,
    /// Bytes with the places of a pixel that they fill; none if one of them is damaged.
    colors: Option<Vec<(Packed<'a>, usize)>>,
    alpha: Option<Packed<'a>>,
    mask: Option<(Option<Packed<'a>>, Rect)>,
    /// Memory that its pixels take.
    bytes: u64,
}

impl<'a> Job<'a> {
    fn new(record: &Record<'a>, header: &Header) -> Self {
        let depth = depth(header).bytes() as u64;
        let rect = record.rect;
        let packed = |bytes: &'a [u8], rect: Rect| Packed::of_layer(bytes, shape(rect, header));
        let mut job = Self { rect, colors: None, alpha: None, mask: None, bytes: 0 };
        if !rect.is_empty() {
            let number = |place: usize| record.channel(place as i16).map(|bytes| (bytes, place));
            let found: Vec<_> = (0..colors(header.mode)).filter_map(number).collect();
            let alpha = record.channel(ALPHA);
            job.alpha = alpha.and_then(|bytes| packed(bytes, rect));
            let is_whole = !found.is_empty() && alpha.is_some() == job.alpha.is_some();
            let sound = found.into_iter().map(|(bytes, place)| Some((packed(bytes, rect)?, place)));
            job.colors = if is_whole { sound.collect() } else { None };
            job.bytes += job.colors.as_ref().map_or(0, |_| rect.samples() * depth);
        }
        if let Some((info, bytes)) = record.mask.zip(record.channel(MASK)) {
            let plane = packed(bytes, info.rect);
            job.bytes += plane.map_or(0, |_| info.rect.samples() / 4 * depth);
            job.mask = Some((plane, info.rect));
        }
        job
    }

    fn run(&self, header: &Header) -> Unpacked {
        let raster = self.raster(header);
        let is_damaged = raster.is_none() && !self.rect.is_empty();
        let mask = match self.mask {
            None => MaskPixels::None,
            Some((packed, rect)) => mask(packed, rect, header),
        };
        let raster = raster.unwrap_or_else(|| Raster::empty(depth(header)));
        Unpacked { raster, is_damaged, mask }
    }

    fn raster(&self, header: &Header) -> Option<Raster> {
        let colors = self.colors.as_ref()?;
        let mut canvas = Canvas::new(shape(self.rect, header), header.mode);
        for (packed, place) in colors {
            canvas.take(*packed, *place).then_some(())?;
        }
        canvas.finish_colors();
        if let Some(alpha) = self.alpha {
            canvas.take(alpha, 3).then_some(())?;
        }
        canvas.into_raster()
    }
}

fn mask(packed: Option<Packed>, rect: Rect, header: &Header) -> MaskPixels {
    if rect.is_empty() {
        let empty = Raster::empty(depth(header)).into_samples();
        return Plane::new(0, 0, empty).map_or(MaskPixels::Damaged, MaskPixels::Plane);
    }
    let plane = packed.and_then(|packed| pixels::plane(packed, shape(rect, header)));
    plane.map_or(MaskPixels::Damaged, MaskPixels::Plane)
}

fn shape(rect: Rect, header: &Header) -> Shape {
    Shape { width: rect.width, height: rect.height, bits: header.bits, version: header.version }
}
