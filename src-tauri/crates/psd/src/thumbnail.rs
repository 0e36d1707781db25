//! The small JPEG that file managers show.

use document::Samples;
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

use crate::Error;

const MAX_SIDE: u32 = 160;
const QUALITY: u8 = 80;
/// Pixels looked at for one of the thumbnail, across and down.
const LOOKS: u32 = 4;

/// Gathers rows of the merged picture.
pub(crate) struct Thumbnail {
    width: u32,
    height: u32,
    of: (u32, u32),
    /// Red, green, blue and the number of pixels.
    sums: Vec<[u32; 4]>,
}

impl Thumbnail {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let longest = width.max(height).max(1);
        let scaled = |side: u32| {
            let side = u64::from(side) * u64::from(MAX_SIDE) / u64::from(longest);
            (side as u32).max(1)
        };
        let (small_width, small_height) =
            if longest > MAX_SIDE { (scaled(width), scaled(height)) } else { (width, height) };
        let sums = vec![[0; 4]; small_width as usize * small_height as usize];
        Self { width: small_width, height: small_height, of: (width, height), sums }
    }

    /// Takes rows from `top` on, RGBA of which only the colours count.
    pub(crate) fn add(&mut self, top: u32, samples: &Samples) {
        let (width, height) = self.of;
        let columns = stops(width, self.width);
        let rows = (samples.len() / 4 / width as usize) as u32;
        let step = (height / (self.height * LOOKS)).max(1);
        let first = top.next_multiple_of(step);
        for y in (first..top + rows).step_by(step as usize) {
            let small = u64::from(y) * u64::from(self.height) / u64::from(height);
            let start = small as usize * self.width as usize;
            let line = &mut self.sums[start..start + self.width as usize];
            let row = (y - top) as usize * width as usize;
            for &(x, place) in &columns {
                let at = (row + x) * 4;
                let [red, green, blue, count] = &mut line[place];
                let level = |channel: usize| match samples {
                    Samples::Eight(samples) => u32::from(samples[at + channel]),
                    Samples::Sixteen(samples) => u32::from(samples[at + channel] >> 8),
                };
                *red += level(0);
                *green += level(1);
                *blue += level(2);
                *count += 1;
            }
        }
    }

    /// The content of resource 1036.
    pub(crate) fn resource(&self) -> Result<Vec<u8>, Error> {
        let mean = |&[red, green, blue, count]: &[u32; 4]| {
            [red, green, blue].map(|sum| ((sum + count / 2) / count.max(1)) as u8)
        };
        let rgb: Vec<u8> = self.sums.iter().flat_map(mean).collect();
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
            .encode(&rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(Error::Thumbnail)?;
        let line = (self.width * 24).div_ceil(32) * 4;
        let numbers = [1, self.width, self.height, line, line * self.height, jpeg.len() as u32];
        let mut bytes: Vec<u8> = numbers.into_iter().flat_map(u32::to_be_bytes).collect();
        bytes.extend([0, 24, 0, 1]);
        bytes.extend(jpeg);
        Ok(bytes)
    }
}

/// The columns looked at, and where each falls.
fn stops(side: u32, small: u32) -> Vec<(usize, usize)> {
    let step = (side / (small * LOOKS)).max(1);
    let place = |x: u32| (u64::from(x) * u64::from(small) / u64::from(side)) as usize;
    (0..side).step_by(step as usize).map(|x| (x as usize, place(x))).collect()
}
