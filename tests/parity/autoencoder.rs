use models::{
    autoencoders::kl_flux2::{Autoencoder, Config},
    flux2::latents,
};

use crate::golden::{Golden, config, params};

#[test]
fn pixels_become_the_latents_of_the_reference_and_latents_its_pixels() {
    check();
}

pub(crate) fn check() {
    let golden = Golden::open("flux2-golden/vae.safetensors");
    let config = Config::parse(&config("vae/config.json")).expect("a configuration");
    let autoencoder = Autoencoder::load(config, &params("vae")).expect("weights");

    let image = golden.tensor("image");
    golden.check("moments", &autoencoder.moments(&image).expect("moments"));
    let mode = autoencoder.encode(&image).expect("latents");
    golden.check("latent_mode", &mode);
    let patches = latents::patchify(&mode).expect("patches");
    let normal = autoencoder.normalize(&patches).expect("patches");
    golden.check("latent_patchified_bn", &normal);
    let back = autoencoder
        .denormalize(&normal)
        .and_then(|patches| latents::unpatchify(&patches))
        .expect("latents");
    assert!(crate::near::largest_difference(&back, &mode) < 1e-4);

    golden.check("decoded", &autoencoder.decode(&golden.tensor("latent_mode")).expect("pixels"));
    golden.check("z_decoded", &autoencoder.decode(&golden.tensor("z")).expect("pixels"));
}
