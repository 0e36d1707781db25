//! The stages once more with rounded products, as large models run on processors with units for them:
//! in bf16, or in bytes where weights are packed in blocks. Against the same references, to within a
//! share of their length: about twice what was measured with AMX. The cosine of their angle is then at
//! least 0.998 in every stage. The tiny models have random weights, through which rounding spreads more
//! than through trained ones; the deepest, of 27 blocks, most.
//!
//! Where a processor has no such unit, that is said on the standard error stream, past what keeps the
//! output of tests that succeed.

use std::{io::Write, path::Path};

use crate::{
    autoencoder, flux1, formats, layered_autoencoder, layered_pipelines, layered_text_encoder,
    layered_transformer, near::rounded, pipelines, text_encoder, transformer,
};

/// What a unit multiplies.
#[derive(Debug, Clone, Copy)]
enum Factors {
    Halves,
    Bytes,
}

/// Whether this processor has a unit, by its own word: a build that does not find it has to fail.
fn has_unit(factors: Factors) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        let is_wide = has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
        match factors {
            Factors::Halves => is_wide && has!("avx512bf16"),
            Factors::Bytes => (is_wide && has!("avx512vnni")) || (has!("avx2") && has!("avxvnni")),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = factors;
        false
    }
}

/// A stage in rounded products, or word that there are none.
fn stage(name: &str, factors: Factors, accepted: f64, work: impl FnOnce()) {
    if has_unit(factors) {
        return rounded(name, accepted, work);
    }
    let line = format!("NOT CHECKED: {name} in {factors:?}: this processor has no unit for them\n");
    std::io::stderr().write_all(line.as_bytes()).expect("someone listens");
}

#[test]
fn flux2_transformer() {
    stage("the FLUX.2 transformer", Factors::Halves, 0.04, || {
        ["noref", "refs2", "batch2"].into_iter().for_each(transformer::check);
    });
}

#[test]
fn flux2_text_encoder() {
    stage("the FLUX.2 text encoder", Factors::Halves, 0.05, || {
        text_encoder::check_prompts();
        text_encoder::check_hidden_states();
    });
}

#[test]
fn flux2_autoencoder() {
    stage("the FLUX.2 autoencoder", Factors::Halves, 0.03, autoencoder::check);
}

#[test]
fn flux2_pictures() {
    stage("a FLUX.2 picture", Factors::Halves, 0.05, || {
        pipelines::Case::new("pipe_t2i_distilled", &[0]).run();
    });
    stage("an edited FLUX.2 picture", Factors::Halves, 0.06, || {
        pipelines::Case::new("pipe_edit_3refs", &[2]).run();
    });
}

#[test]
fn flux1_stages() {
    stage("the FLUX.1 text encoders", Factors::Halves, 0.03, flux1::check_text_encoders);
    stage("the FLUX.1 transformer", Factors::Halves, 0.01, flux1::check_blocks);
    stage("the FLUX.1 autoencoder", Factors::Halves, 0.02, flux1::check_autoencoder);
}

#[test]
fn flux1_picture() {
    stage("a FLUX.1 picture", Factors::Halves, 0.01, flux1::check_pictures);
}

#[test]
fn layered_transformer() {
    stage("the layered transformer", Factors::Halves, 0.02, || {
        ["l2", "l3_odd", "batch2_mask"].into_iter().for_each(layered_transformer::check);
    });
}

#[test]
fn layered_text_encoder() {
    stage("the layered text encoder", Factors::Halves, 0.01, || {
        layered_text_encoder::check_prompts();
        layered_text_encoder::check_batch();
    });
    stage("the layered captions", Factors::Halves, 0.01, layered_text_encoder::check_caption);
}

#[test]
fn layered_autoencoder() {
    stage("the layered autoencoder", Factors::Halves, 0.015, layered_autoencoder::check);
}

#[test]
fn layers() {
    stage("layers", Factors::Halves, 0.016, || (0..3).for_each(layered_pipelines::check_small));
}

/// Whether a file's name says that its weights are packed in blocks.
fn is_packed(path: &Path) -> bool {
    let name = path.file_name().expect("a name").to_string_lossy();
    name.ends_with(".gguf") && !name.ends_with("-F16.gguf")
}

#[test]
fn files() {
    for (name, check) in [
        ("FLUX.2", formats::check_flux2 as fn(fn(&Path) -> bool)),
        ("layered", formats::check_layered),
    ] {
        stage(&format!("{name} files"), Factors::Halves, 0.008, || check(|path| !is_packed(path)));
        stage(&format!("{name} files of blocks"), Factors::Bytes, 0.04, || check(is_packed));
    }
}
