//! Between the document as the page has it and the document itself.

mod incoming;
mod outgoing;

use document::Recipe;

pub(crate) use incoming::{Incoming, to_document, to_shown};
pub(crate) use outgoing::to_wire;

use crate::{
    error::{AppError, Code, Result},
    wire::document::RecipeWire,
};

/// The longest side of a document, as PSB has it.
const MAX_SIDE: u32 = 300_000;
/// The most pixels of a document: 1 GiB of 8-bit RGBA.
const MAX_PIXELS: u64 = 1 << 28;
/// More than half of what a PSD can count, since a group counts twice.
const MAX_LAYERS: usize = 16_000;
/// JSON is read 127 levels deep, and a group takes two.
const MAX_DEPTH: usize = 50;

fn check_size(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width == 0 || height == 0 || width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(invalid(format!("a document of {width} × {height} cannot be made")));
    }
    Ok(())
}

fn check_count(layers: usize) -> Result<()> {
    if layers > MAX_LAYERS {
        return Err(invalid(format!("a document has at most {MAX_LAYERS} layers")));
    }
    Ok(())
}

fn check_depth(depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(invalid(format!("groups are nested at most {MAX_DEPTH} deep")));
    }
    Ok(())
}

fn invalid(message: impl AsRef<str>) -> AppError {
    AppError::new(Code::InvalidRequest, message)
}

impl From<&Recipe> for RecipeWire {
    fn from(recipe: &Recipe) -> Self {
        Self {
            task: recipe.task.clone(),
            model: recipe.model.clone(),
            prompt: recipe.prompt.clone(),
            negative: recipe.negative.clone(),
            seed: recipe.seed.to_string(),
            steps: recipe.steps,
            guidance: recipe.guidance,
            part: recipe.part,
            parent: recipe.parent,
            strength: recipe.strength,
            references: recipe.references.clone(),
            step_cache: recipe.step_cache,
        }
    }
}

impl From<&RecipeWire> for Recipe {
    fn from(wire: &RecipeWire) -> Self {
        Self {
            task: wire.task.clone(),
            model: wire.model.clone(),
            prompt: wire.prompt.clone(),
            negative: wire.negative.clone(),
            // Digits were checked when it was read; absent is 0.
            seed: wire.seed.parse().unwrap_or_default(),
            steps: wire.steps,
            guidance: wire.guidance,
            part: wire.part,
            parent: wire.parent,
            strength: wire.strength,
            references: wire.references.clone(),
            step_cache: wire.step_cache,
        }
    }
}

#[cfg(test)]
mod tests;
