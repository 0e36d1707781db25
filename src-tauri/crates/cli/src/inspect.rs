//! `asset-editor inspect`: what a file holds.

use document::{Content, Document, Layer, Mask, Recipe};
use serde_json::{Value, json};

use crate::{arguments::Inspect, convert::tell, failure::Failure, say};

pub(crate) fn run(options: &Inspect) -> Result<(), Failure> {
    let opened = files::open(&options.file)?;
    tell(&opened.notes);
    if options.json {
        let mut object = as_json(&opened.document);
        object["notes"] = opened.notes.into();
        say(&format!("{object}\n"));
    } else {
        say(&as_text(&opened.document));
    }
    Ok(())
}

fn as_json(document: &Document) -> Value {
    json!({
        "width": document.width,
        "height": document.height,
        "depth": document.depth.bits(),
        "resolution": document.resolution,
        "icc": document.icc.as_ref().map_or(0, |icc| icc.len()),
        "layers": document.layers.iter().map(layer_json).collect::<Vec<_>>(),
    })
}

fn layer_json(layer: &Layer) -> Value {
    let mut object = json!({
        "id": layer.id,
        "name": layer.name,
        "visible": layer.visible,
        "opacity": fraction(layer.opacity),
        "fill": fraction(layer.fill),
        "blend": layer.blend.name(),
        "clipping": layer.clipping,
        "lock": {
            "transparency": layer.lock.transparency,
            "pixels": layer.lock.pixels,
            "position": layer.lock.position,
        },
        "mask": layer.mask.as_ref().map(mask_json),
        "recipe": layer.recipe.as_ref().map(recipe_json),
    });
    match &layer.content {
        Content::Pixels(pixels) => {
            object["kind"] = "pixels".into();
            object["x"] = pixels.x.into();
            object["y"] = pixels.y.into();
            object["width"] = pixels.raster.width().into();
            object["height"] = pixels.raster.height().into();
            object["depth"] = pixels.raster.depth().bits().into();
        }
        Content::Group(group) => {
            object["kind"] = "group".into();
            object["expanded"] = group.expanded.into();
            object["children"] = group.children.iter().map(layer_json).collect();
        }
    }
    object
}

fn mask_json(mask: &Mask) -> Value {
    json!({
        "x": mask.x,
        "y": mask.y,
        "width": mask.plane.width(),
        "height": mask.plane.height(),
        "outside": mask.outside,
        "enabled": mask.enabled,
        "linked": mask.linked,
    })
}

fn recipe_json(recipe: &Recipe) -> Value {
    json!({
        "task": recipe.task,
        "model": recipe.model,
        "prompt": recipe.prompt,
        "negative": recipe.negative,
        // A 64-bit number does not survive every JSON reader.
        "seed": recipe.seed.to_string(),
        "steps": recipe.steps,
        "guidance": recipe.guidance,
        "part": recipe.part.map(|(index, count)| [index, count]),
        "parent": recipe.parent,
    })
}

fn fraction(level: u8) -> f64 {
    f64::from(level) / 255.0
}

/// The tree as lists show it: the topmost layer first.
fn as_text(document: &Document) -> String {
    let (width, height, depth) = (document.width, document.height, document.depth.bits());
    let mut text =
        format!("{width} × {height}, {depth} bits, {} pixels per inch", document.resolution);
    if let Some(icc) = &document.icc {
        text += &format!(", colour profile of {} bytes", icc.len());
    }
    text.push('\n');
    add_lines(&mut text, &document.layers, 1);
    text
}

fn add_lines(text: &mut String, layers: &[Layer], depth: usize) {
    for layer in layers.iter().rev() {
        let name: String = layer
            .name
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        *text += &format!("{}{name}: {}\n", "  ".repeat(depth), properties(layer).join(", "));
        add_lines(text, layer.children(), depth + 1);
    }
}

/// What is special about a layer, in words.
fn properties(layer: &Layer) -> Vec<String> {
    let percent = |level: u8| format!("{:.0} %", fraction(level) * 100.0);
    let mut words = vec![match &layer.content {
        Content::Pixels(pixels) => format!(
            "{} × {} at {}, {}",
            pixels.raster.width(),
            pixels.raster.height(),
            pixels.x,
            pixels.y
        ),
        Content::Group(group) => format!("group of {}", group.children.len()),
    }];
    let mut add = |is_so: bool, word: String| {
        if is_so {
            words.push(word);
        }
    };
    add(!layer.visible, "hidden".into());
    add(true, layer.blend.name().into());
    add(layer.opacity != 255, format!("opacity {}", percent(layer.opacity)));
    add(layer.fill != 255, format!("fill {}", percent(layer.fill)));
    add(layer.clipping, "clipped".into());
    add(layer.lock != document::Lock::default(), "locked".into());
    add(layer.mask.is_some(), "mask".into());
    if let Some(recipe) = &layer.recipe {
        add(true, format!("made by {} with seed {}", recipe.model, recipe.seed));
    }
    words
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use document::{Depth, Raster};

    use super::*;

    #[test]
    fn the_tree_reads_from_the_top() {
        let pixels = || Layer::pixels("狐\n", -1, 2, Arc::new(Raster::empty(Depth::Eight)));
        let mut document = Document::new(3, 4);
        document.layers = vec![pixels(), Layer::group("above", vec![pixels()])];
        document.layers[0].opacity = 51;
        document.layers[0].visible = false;
        assert_eq!(
            as_text(&document),
            "3 × 4, 8 bits, 72 pixels per inch\n  above: group of 1, pass-through\n    狐 : 0 × 0 at -1, 2, normal\n  \
             狐 : 0 × 0 at -1, 2, hidden, normal, opacity 20 %\n"
        );
    }
}
