//! Latents in patches of 2 × 2 and as rows of tokens, as the transformers of both FLUX families see them.

use candle_core::{Result, Tensor};

/// `[b, c, 2h, 2w]` to `[b, 4c, h, w]`; new channel = c · 4 + dy · 2 + dx.
///
/// # Errors
/// If a side is odd.
pub fn patchify(latents: &Tensor) -> Result<Tensor> {
    let (b, c, h, w) = latents.dims4()?;
    latents.reshape(&[b, c, h / 2, 2, w / 2, 2][..])?.permute([0, 1, 3, 5, 2, 4])?.reshape((
        b,
        c * 4,
        h / 2,
        w / 2,
    ))
}

/// The inverse of [`patchify`].
///
/// # Errors
/// If the channels are not a multiple of 4.
pub fn unpatchify(latents: &Tensor) -> Result<Tensor> {
    let (b, c, h, w) = latents.dims4()?;
    latents.reshape(&[b, c / 4, 2, 2, h, w][..])?.permute([0, 1, 4, 2, 5, 3])?.reshape((
        b,
        c / 4,
        h * 2,
        w * 2,
    ))
}

/// `[b, c, h, w]` to tokens `[b, h · w, c]`, row by row.
///
/// # Errors
/// If it has other than four dimensions.
pub fn pack(latents: &Tensor) -> Result<Tensor> {
    latents.flatten_from(2)?.transpose(1, 2)?.contiguous()
}

/// The inverse of [`pack`].
///
/// # Errors
/// If there are not `h · w` tokens.
pub fn unpack(tokens: &Tensor, h: usize, w: usize) -> Result<Tensor> {
    let (b, _, c) = tokens.dims3()?;
    tokens.transpose(1, 2)?.reshape((b, c, h, w))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    #[test]
    fn patches_go_into_channels_row_first_and_come_back() {
        let latents =
            Tensor::arange(0f32, 32.0, &Device::Cpu).unwrap().reshape((1, 2, 4, 4)).unwrap();
        let patches = patchify(&latents).unwrap();
        let first =
            patches.narrow(2, 0, 1).unwrap().narrow(3, 0, 1).unwrap().flatten_all().unwrap();
        assert_eq!(first.to_vec1::<f32>().unwrap(), [0.0, 1.0, 4.0, 5.0, 16.0, 17.0, 20.0, 21.0]);
        let back = unpatchify(&patches).unwrap().flatten_all().unwrap();
        assert_eq!(
            back.to_vec1::<f32>().unwrap(),
            latents.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
    }

    #[test]
    fn tokens_are_packed_row_by_row_and_come_back() {
        let latents =
            Tensor::arange(0f32, 12.0, &Device::Cpu).unwrap().reshape((1, 2, 2, 3)).unwrap();
        let tokens = pack(&latents).unwrap();
        assert_eq!(tokens.get(0).unwrap().get(1).unwrap().to_vec1::<f32>().unwrap(), [1.0, 7.0]);
        let back = unpack(&tokens, 2, 3).unwrap().flatten_all().unwrap();
        assert_eq!(
            back.to_vec1::<f32>().unwrap(),
            latents.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
    }
}
