//! Says what the reader makes of files, as a line of JSON for each: `cargo run -p psd --example look -- FILE…`.

use std::{error::Error, fs, io::Write};

use document::{Content, Depth, Layer, Samples};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    for path in std::env::args().skip(1) {
        let said = match psd::read(&fs::read(&path)?) {
            Ok(opened) => json!({
                "file": path,
                "width": opened.document.width,
                "height": opened.document.height,
                "depth": opened.document.depth.bits(),
                "notes": opened.notes,
                "layers": opened.document.layers.iter().map(node).collect::<Vec<_>>(),
            }),
            Err(error) => json!({ "file": path, "error": error.to_string() }),
        };
        writeln!(out, "{said}")?;
    }
    Ok(())
}

fn node(layer: &Layer) -> Value {
    let mut node = json!({
        "id": layer.id,
        "name": layer.name,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "fill": layer.fill,
        "blend": layer.blend.name(),
        "clipping": layer.clipping,
        "children": layer.children().iter().map(self::node).collect::<Vec<_>>(),
        "mask": layer.mask.as_ref().map(|mask| {
            let levels = mask.plane.samples().to_depth(Depth::Eight);
            json!([mask.x, mask.y, mask.plane.width(), mask.plane.height(), sums(&levels, 1)])
        }),
    });
    if let Content::Pixels(pixels) = &layer.content {
        let raster = &pixels.raster;
        let sums = sums(&raster.samples().to_depth(Depth::Eight), 4);
        node["pixels"] = json!([pixels.x, pixels.y, raster.width(), raster.height(), sums]);
    }
    node
}

/// The sum of every channel, in 8 bits.
fn sums(samples: &Samples, channels: usize) -> Vec<u64> {
    let Samples::Eight(samples) = samples else { return Vec::new() };
    let sum = |channel: usize| {
        samples.iter().skip(channel).step_by(channels).map(|&level| u64::from(level)).sum()
    };
    (0..channels).map(sum).collect()
}
