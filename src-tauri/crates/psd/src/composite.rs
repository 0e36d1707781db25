//! The merged picture, which every program shows that knows no layers.

use std::io::{Seek, Write};

use document::{Depth, Document, Samples};
use rayon::prelude::*;

use crate::{
    Error,
    channels::{RLE, Source, take_row},
    header::Version,
    packbits,
    sink::Sink,
    thumbnail::Thumbnail,
};

/// Pixels that are flattened at once.
const BAND: u32 = 1 << 20;

/// The merged picture, packed, so that it takes less memory than its pixels.
pub(crate) struct Composite {
    planes: [Plane; 4],
    /// Whether no pixel lets anything through; alpha is left out then.
    pub(crate) opaque: bool,
    pub(crate) thumbnail: Thumbnail,
}

#[derive(Default)]
struct Plane {
    /// Of each packed row.
    lengths: Vec<u32>,
    bytes: Vec<u8>,
}

impl Composite {
    pub(crate) fn render(document: &Document) -> Self {
        let (width, height) = (document.width, document.height);
        let mut composite = Self {
            planes: Default::default(),
            opaque: true,
            thumbnail: Thumbnail::new(width, height),
        };
        let rows = (BAND / width.max(1)).max(1);
        for top in (0..height).step_by(rows as usize) {
            let band = document::flatten_rows(document, top..(top + rows).min(height));
            let mut samples = band.into_samples();
            composite.opaque &= onto_white(&mut samples);
            composite.thumbnail.add(top, &samples);
            composite.pack(&samples, width as usize, document.depth);
        }
        composite
    }

    fn pack(&mut self, samples: &Samples, width: usize, depth: Depth) {
        let source = Source { samples, width, step: 4 };
        let rows = samples.len() / 4 / width.max(1);
        self.planes.par_iter_mut().enumerate().for_each(|(channel, plane)| {
            let mut row = Vec::with_capacity(width * depth.bytes());
            for index in 0..rows {
                row.clear();
                take_row(source, index, channel, depth, &mut row);
                let before = plane.bytes.len();
                packbits::encode(&row, &mut plane.bytes);
                plane.lengths.push((plane.bytes.len() - before) as u32);
            }
        });
    }

    /// 3, or 4 with alpha.
    pub(crate) fn channels(&self) -> u16 {
        if self.opaque { 3 } else { 4 }
    }

    pub(crate) fn write<W: Write + Seek>(
        &self,
        version: Version,
        sink: &mut Sink<W>,
    ) -> Result<(), Error> {
        let planes = &self.planes[..usize::from(self.channels())];
        sink.u16(RLE)?;
        for length in planes.iter().flat_map(|plane| &plane.lengths) {
            sink.number(u64::from(*length), version.row_length_bytes())?;
        }
        for plane in planes {
            sink.bytes(&plane.bytes)?;
        }
        Ok(())
    }
}

/// Blends colours with white by their alpha, as Photoshop does; returns whether there was nothing to blend.
fn onto_white(samples: &mut Samples) -> bool {
    let mut opaque = true;
    match samples {
        Samples::Eight(samples) => {
            for [red, green, blue, alpha] in samples.as_chunks_mut::<4>().0 {
                if *alpha != u8::MAX {
                    opaque = false;
                    let alpha = u32::from(*alpha);
                    for level in [red, green, blue] {
                        let sum = u32::from(*level) * alpha + 255 * (255 - alpha);
                        *level = ((sum + 127) / 255) as u8;
                    }
                }
            }
        }
        Samples::Sixteen(samples) => {
            for [red, green, blue, alpha] in samples.as_chunks_mut::<4>().0 {
                if *alpha != u16::MAX {
                    opaque = false;
                    let alpha = u64::from(*alpha);
                    for level in [red, green, blue] {
                        let sum = u64::from(*level) * alpha + 65_535 * (65_535 - alpha);
                        *level = ((sum + 32_767) / 65_535) as u16;
                    }
                }
            }
        }
    }
    opaque
}
