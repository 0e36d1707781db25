//! Between pixels and latents.

mod kl;
pub mod kl_flux1;
pub mod kl_flux2;
pub mod kl_qwen_image;
