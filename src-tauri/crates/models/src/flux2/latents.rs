//! Latents as the autoencoder, the noise and the transformer see them; where tokens stand.

pub use crate::patches::{pack, patchify, unpack, unpatchify};

/// A token's place: time (which picture), row, column, place in the text.
pub type Position = [u32; 4];

/// The distance in time between the picture being painted and each reference.
const REFERENCE_TIME: u32 = 10;

/// Places of `length` text tokens.
#[must_use]
pub fn text_positions(length: usize) -> Vec<Position> {
    (0..length as u32).map(|token| [0, 0, 0, token]).collect()
}

/// Places of the picture's `h · w` tokens.
#[must_use]
pub fn image_positions(h: usize, w: usize) -> Vec<Position> {
    grid(0, h, w)
}

/// Places of the tokens of reference number `index`, from 0.
#[must_use]
pub fn reference_positions(index: usize, h: usize, w: usize) -> Vec<Position> {
    grid(REFERENCE_TIME * (index as u32 + 1), h, w)
}

fn grid(time: u32, h: usize, w: usize) -> Vec<Position> {
    (0..h as u32).flat_map(|y| (0..w as u32).map(move |x| [time, y, x, 0])).collect()
}
