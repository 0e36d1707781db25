//! The flattened picture and the thumbnail that a file carries for programs that look no further.

use std::io::{Seek, Write};

use document::{Depth, Document, Samples};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    Error,
    pixels::{self, Channels, Header},
};

const MERGED: &str = "mergedimage.png";
const THUMBNAIL: &str = "Thumbnails/thumbnail.png";
const THUMBNAIL_SIDE: u32 = 256;
/// Pixels that are flattened at once.
const STRIP: u32 = 1 << 22;

/// Writes both; a strip of the picture is in memory at a time.
pub(crate) fn write<W: Write + Seek>(
    document: &Document,
    archive: &mut ZipWriter<W>,
    options: SimpleFileOptions,
) -> Result<(), Error> {
    let mut thumbnail = Thumbnail::new(document.width, document.height);
    archive.start_file(MERGED, options)?;
    let header = Header {
        width: document.width,
        height: document.height,
        depth: document.depth,
        channels: Channels::Rgba,
        icc: document.icc.as_deref(),
        resolution: None,
    };
    pixels::write(&mut *archive, &header, |rows| {
        let height = (STRIP / document.width).clamp(1, document.height);
        let mut top = 0;
        while top < document.height {
            let bottom = top.saturating_add(height).min(document.height);
            let strip = document::flatten_rows(document, top..bottom);
            rows.push(strip.samples())?;
            thumbnail.add(top, strip.samples());
            top = bottom;
        }
        Ok(())
    })?;

    archive.start_file(THUMBNAIL, options)?;
    let (width, height) = (thumbnail.width, thumbnail.height);
    let header = Header { width, height, depth: Depth::Eight, ..header };
    let samples = Samples::Eight(thumbnail.into_rgba());
    pixels::write(archive, &header, |rows| rows.push(&samples))
}

/// Means of the pixels that fall into each of its own, weighted by alpha.
struct Thumbnail {
    source: (u32, u32),
    width: u32,
    height: u32,
    /// Colours times alpha, alpha, and how many pixels.
    sums: Vec<([u64; 4], u64)>,
    /// The highest value of the source.
    top: u64,
}

impl Thumbnail {
    fn new(width: u32, height: u32) -> Self {
        let longest = width.max(height);
        let scaled = |side: u32| {
            if longest <= THUMBNAIL_SIDE {
                return side;
            }
            let side = u64::from(side) * u64::from(THUMBNAIL_SIDE) / u64::from(longest);
            (side as u32).max(1)
        };
        let (small_width, small_height) = (scaled(width), scaled(height));
        let sums = vec![([0; 4], 0); small_width as usize * small_height as usize];
        Self { source: (width, height), width: small_width, height: small_height, sums, top: 255 }
    }

    fn add(&mut self, top: u32, strip: &Samples) {
        match strip {
            Samples::Eight(samples) => self.add_pixels(top, samples),
            Samples::Sixteen(samples) => {
                self.top = 65535;
                self.add_pixels(top, samples);
            }
        }
    }

    fn add_pixels<T: Copy + Into<u64>>(&mut self, top: u32, samples: &[T]) {
        let (width, height) = self.source;
        for (y, row) in (u64::from(top)..).zip(samples.chunks_exact(width as usize * 4)) {
            let line = y * u64::from(self.height) / u64::from(height) * u64::from(self.width);
            for (x, [red, green, blue, alpha]) in (0..).zip(row.as_chunks().0) {
                let at = line + x * u64::from(self.width) / u64::from(width);
                let Some((sums, count)) = self.sums.get_mut(at as usize) else { continue };
                let alpha: u64 = (*alpha).into();
                for (sum, colour) in sums.iter_mut().zip([red, green, blue]) {
                    *sum += (*colour).into() * alpha;
                }
                sums[3] += alpha;
                *count += 1;
            }
        }
    }

    fn into_rgba(self) -> Vec<u8> {
        let narrow = |value: u64| (value * 255 / self.top) as u8;
        let mean = |sum: u64, count: u64| (sum + count / 2).checked_div(count).unwrap_or(0);
        self.sums
            .iter()
            .flat_map(|([red, green, blue, alpha], count)| {
                [
                    narrow(mean(*red, *alpha)),
                    narrow(mean(*green, *alpha)),
                    narrow(mean(*blue, *alpha)),
                    narrow(mean(*alpha, *count)),
                ]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_keeps_the_proportions_and_fits() {
        let sizes = |width, height| {
            let thumbnail = Thumbnail::new(width, height);
            (thumbnail.width, thumbnail.height)
        };
        assert_eq!(sizes(100, 30), (100, 30));
        assert_eq!(sizes(1024, 512), (256, 128));
        assert_eq!(sizes(3, 30_000), (1, 256));
    }

    #[test]
    fn transparent_pixels_do_not_darken_a_thumbnail() {
        let mut thumbnail = Thumbnail::new(512, 1);
        let pixels = [[200, 100, 50, 255], [0, 0, 0, 0]].concat().repeat(256);
        thumbnail.add(0, &Samples::Eight(pixels));
        assert_eq!(thumbnail.into_rgba()[..4], [200, 100, 50, 128]);
    }
}
