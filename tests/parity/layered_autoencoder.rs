use candle_core::Tensor;
use models::autoencoders::kl_qwen_image::{Autoencoder, Config};

use crate::{
    golden::{Golden, layered_dir, params_in, text},
    near::largest_difference,
};

/// `[b, c, 1, h, w]` without the frame that the reference counts.
fn frame(tensor: &Tensor) -> Tensor {
    tensor.squeeze(2).expect("one frame")
}

#[test]
fn rgba_pixels_become_the_latents_of_the_reference_and_latents_its_pixels() {
    check();
}

pub(crate) fn check() {
    let golden = Golden::open("qwen-golden/vae.safetensors");
    let config = Config::parse(&text(&layered_dir().join("vae/config.json"))).expect("numbers");
    let autoencoder =
        Autoencoder::load(config, &params_in(&layered_dir().join("vae"))).expect("weights");
    let check = |name: &str, actual: &Tensor| golden.check(name, &actual.unsqueeze(2).expect("a"));

    let image = frame(&golden.tensor("image"));
    check("moments", &autoencoder.moments(&image).expect("moments"));
    let mode = autoencoder.encode(&image).expect("latents");
    check("latent_mode", &mode);
    let normal = autoencoder.normalize(&mode).expect("latents");
    check("latent_normalized", &normal);
    let back = autoencoder.denormalize(&normal).expect("latents");
    assert!(largest_difference(&back, &mode) < 1e-5);

    let mode = frame(&golden.tensor("latent_mode"));
    check("decoded", &autoencoder.decode(&mode).expect("pixels"));
    check("z_decoded", &autoencoder.decode(&frame(&golden.tensor("z"))).expect("pixels"));
}
