//! How a layer was made, and its JSON: the same text lies in a project and in a PSD's XMP packet.

use serde_json::{Map, Value, json};

use crate::{Document, Layer, layer::Content};

/// How a layer was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recipe {
    /// `generate`, `new`, `edit`, `repaint`, `extend` or `decompose`.
    pub task: String,
    /// The model's id.
    pub model: String,
    /// What was asked for, or the caption that the model gave.
    pub prompt: String,
    /// What to stay away from.
    pub negative: String,
    /// The seed that gives it again.
    pub seed: u64,
    /// Steps of the sampling loop.
    pub steps: u32,
    /// Guidance scale; 1 is none.
    pub guidance: f64,
    /// Layers that were asked for, and which of them this is, from the bottom; none outside of a decomposition.
    pub part: Option<(u32, u32)>,
    /// The id of the layer that it was made from.
    pub parent: Option<u32>,
    /// How far a repainted part may go from what was there; none outside of repainting.
    pub strength: Option<f64>,
    /// The pictures that it was made from, by name, with the influence of each.
    pub references: Vec<(String, f64)>,
    /// How much of itself the start of a step could change for the rest to be taken from the step before;
    /// none where every step was computed whole.
    pub step_cache: Option<f64>,
}

impl Recipe {
    fn to_json(&self) -> Value {
        let mut value = json!({
            "task": self.task,
            "model": self.model,
            "prompt": self.prompt,
            "negative": self.negative,
            // A 64-bit number does not survive every JSON reader.
            "seed": self.seed.to_string(),
            "steps": self.steps,
            "guidance": self.guidance,
            "part": self.part.map(|(index, count)| json!([index, count])),
            "parent": self.parent,
        });
        // Only where there is something to say: files stay as they were.
        if let Some(strength) = self.strength {
            value["strength"] = json!(strength);
        }
        if !self.references.is_empty() {
            value["references"] = json!(self.references);
        }
        if let Some(threshold) = self.step_cache {
            value["step_cache"] = json!(threshold);
        }
        value
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text =
            |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        Some(Self {
            task: text("task"),
            model: text("model"),
            prompt: text("prompt"),
            negative: text("negative"),
            seed: text("seed").parse().ok()?,
            steps: value.get("steps").and_then(number)?,
            guidance: value.get("guidance").and_then(Value::as_f64)?,
            part: value.get("part").and_then(|part| {
                Some((part.get(0).and_then(number)?, part.get(1).and_then(number)?))
            }),
            parent: value.get("parent").and_then(number),
            strength: value.get("strength").and_then(Value::as_f64),
            references: value
                .get("references")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|entry| {
                    Some((entry.get(0)?.as_str()?.to_owned(), entry.get(1)?.as_f64()?))
                })
                .collect(),
            step_cache: value.get("step_cache").and_then(Value::as_f64),
        })
    }
}

/// The recipes of a document as JSON, by layer id; `None` if it has none. Layers without an id are left out.
#[must_use]
pub fn write(document: &Document) -> Option<String> {
    let recipes: Map<String, Value> = document
        .walk()
        .filter(|layer| layer.id != 0)
        .filter_map(|layer| Some((layer.id.to_string(), layer.recipe.as_ref()?.to_json())))
        .collect();
    if recipes.is_empty() {
        return None;
    }
    Some(json!({ "version": 1, "recipes": recipes }).to_string())
}

/// Gives the layers of a document the recipes that [`write`] wrote; what is damaged is left out.
pub fn read(document: &mut Document, text: &str) {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let Some(recipes) = value.get("recipes").and_then(Value::as_object) else { return };
    attach(&mut document.layers, recipes);
}

fn attach(layers: &mut [Layer], recipes: &Map<String, Value>) {
    for layer in layers {
        layer.recipe = recipes.get(&layer.id.to_string()).and_then(Recipe::from_json);
        if let Content::Group(group) = &mut layer.content {
            attach(&mut group.children, recipes);
        }
    }
}
