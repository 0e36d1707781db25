//! Writes documents that other programs must open alike, each beside a `.json` of the tree that they must find:
//! `cargo run -p psd --example matrix -- FOLDER`.

mod documents;

use std::{
    error::Error,
    fs::{self, File},
    io::BufWriter,
    path::Path,
};

use document::{Content, Document, Layer, Mask};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for (name, version, document) in documents::all() {
        let ending = match version {
            psd::Version::Psd => "psd",
            psd::Version::Psb => "psb",
        };
        let file = BufWriter::new(File::create(folder.join(format!("{name}.{ending}")))?);
        psd::write_as(&document, version, file)?;
        let expected = serde_json::to_string_pretty(&tree(&document))?;
        fs::write(folder.join(format!("{name}.json")), expected)?;
    }
    Ok(())
}

/// The tree, layers from the bottom.
fn tree(document: &Document) -> Value {
    json!({
        "width": document.width,
        "height": document.height,
        "depth": document.depth.bits(),
        "layers": document.layers.iter().map(node).collect::<Vec<_>>(),
    })
}

fn node(layer: &Layer) -> Value {
    let (kind, [x, y, width, height]) = match &layer.content {
        Content::Group(_) => ("group", [0; 4]),
        Content::Pixels(pixels) => {
            let (width, height) = (pixels.raster.width(), pixels.raster.height());
            ("pixels", [i64::from(pixels.x), i64::from(pixels.y), width.into(), height.into()])
        }
    };
    json!({
        "id": layer.id,
        "name": layer.name,
        "kind": kind,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "fill": layer.fill,
        "blend": layer.blend.name(),
        "clipping": layer.clipping,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "mask": layer.mask.as_ref().map(mask),
        "lock": {
            "transparency": layer.lock.transparency,
            "pixels": layer.lock.pixels,
            "position": layer.lock.position,
        },
        "recipe": layer.recipe.is_some(),
        "children": layer.children().iter().map(node).collect::<Vec<_>>(),
    })
}

fn mask(mask: &Mask) -> Value {
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
