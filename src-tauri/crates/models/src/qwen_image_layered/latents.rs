//! Latents as the autoencoder, the noise and the transformer see them; where tokens stand.

use candle_core::{Result, Tensor};

/// The size of a run in tokens: every frame has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Frames that are painted: the whole picture, then the layers from the bottom.
    pub frames: usize,
    /// Tokens down.
    pub height: usize,
    /// Tokens across.
    pub width: usize,
}

impl Grid {
    /// Tokens of one frame.
    #[must_use]
    pub fn frame_tokens(self) -> usize {
        self.height * self.width
    }

    /// Tokens of all painted frames.
    #[must_use]
    pub fn tokens(self) -> usize {
        self.frames * self.frame_tokens()
    }

    /// Places of all painted frames and of the picture they are made from, row by row:
    /// layer, row, column. The picture stands behind all layers, at −1; rows and columns are
    /// counted from the middle.
    #[must_use]
    pub fn image_positions(self) -> Vec<[i32; 3]> {
        let axis = |length: usize| {
            let before = (length - length / 2) as i32;
            -before..length as i32 - before
        };
        (0..self.frames as i32)
            .chain([-1])
            .flat_map(|frame| {
                axis(self.height).flat_map(move |y| axis(self.width).map(move |x| [frame, y, x]))
            })
            .collect()
    }

    /// Places of `length` text tokens: beyond every row, column and layer.
    #[must_use]
    pub fn text_positions(self, length: usize) -> Vec<[i32; 3]> {
        let start = (self.height / 2).max(self.width / 2).max(self.frames) as i32;
        (start..start + length as i32).map(|position| [position; 3]).collect()
    }
}

/// Frames `[f, c, 2h, 2w]` to tokens `[1, f · h · w, 4c]`; new channel = c · 4 + dy · 2 + dx.
///
/// # Errors
/// If a side is odd.
pub fn pack(frames: &Tensor) -> Result<Tensor> {
    let (f, c, h, w) = frames.dims4()?;
    frames.reshape(&[f, c, h / 2, 2, w / 2, 2][..])?.permute([0, 2, 4, 1, 3, 5])?.reshape((
        1,
        f * (h / 2) * (w / 2),
        4 * c,
    ))
}

/// The inverse of [`pack`].
///
/// # Errors
/// If there are not as many tokens as the grid has.
pub fn unpack(tokens: &Tensor, grid: Grid) -> Result<Tensor> {
    let Grid { frames, height, width } = grid;
    let channels = tokens.dim(2)? / 4;
    tokens
        .reshape(&[frames, height, width, channels, 2, 2][..])?
        .permute([0, 3, 1, 4, 2, 5])?
        .reshape((frames, channels, 2 * height, 2 * width))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn frames_are_packed_one_after_the_other_and_come_back() {
        let frames =
            Tensor::arange(0f32, 96.0, &Device::Cpu).unwrap().reshape((3, 2, 2, 8)).unwrap();
        let tokens = pack(&frames).unwrap();
        assert_eq!(tokens.dims(), [1, 12, 8]);
        let second = tokens.get(0).unwrap().get(1).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(second, [2.0, 3.0, 10.0, 11.0, 18.0, 19.0, 26.0, 27.0]);
        let grid = Grid { frames: 3, height: 1, width: 4 };
        let back = unpack(&tokens, grid).unwrap();
        assert_eq!(
            back.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            frames.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
    }

    #[test]
    fn rows_of_an_odd_picture_have_the_larger_half_before_the_middle() {
        let grid = Grid { frames: 1, height: 3, width: 1 };
        let positions = grid.image_positions();
        assert_eq!(positions[..3], [[0, -2, -1], [0, -1, -1], [0, 0, -1]]);
        assert_eq!(positions[3], [-1, -2, -1]);
    }
}
