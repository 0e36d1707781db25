//! Between pixels and latents.

pub mod kl_flux2;
pub mod kl_qwen_image;
