//! Where tokens stand.

pub use crate::patches::{pack, patchify, unpack, unpatchify};

/// A token's place: always 0, row, column.
pub type Position = [u32; 3];

/// Places of `length` text tokens, which all stand in the corner, then of the picture's `h · w`
/// tokens.
#[must_use]
pub fn positions(length: usize, h: usize, w: usize) -> Vec<Position> {
    let text = std::iter::repeat_n([0, 0, 0], length);
    text.chain((0..h as u32).flat_map(|y| (0..w as u32).map(move |x| [0, y, x]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_in_the_corner_before_the_picture() {
        assert_eq!(
            positions(2, 2, 2),
            [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]]
        );
    }
}
