//! Between pixels and latents.

pub mod kl_flux2;
