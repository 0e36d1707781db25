//! Models against reference tensors, in float32 on the CPU.
//!
//! Another fixture set of the same layout is tested by `REFERENCE_DIR=… cargo test … --test parity`.

#![expect(
    clippy::print_stdout,
    reason = "figures are shown with `--nocapture`, and when a test fails"
)]

mod autoencoder;
mod flux1;
mod flux1_formats;
mod formats;
mod golden;
mod hostile;
mod images;
mod influence;
mod layered_autoencoder;
mod layered_pipelines;
mod layered_text_encoder;
mod layered_transformer;
mod layers_quality;
mod lora;
mod near;
mod noise;
mod pipelines;
mod rounded;
mod scheduler;
mod starter;
mod starter_layered;
mod step_cache;
mod text_encoder;
mod transformer;
