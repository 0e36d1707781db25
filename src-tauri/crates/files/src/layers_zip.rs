//! Every layer as a PNG in a zip, with a list that says where each belongs.

use std::{
    collections::BTreeSet,
    io::{Seek, Write},
};

use document::{Content, Document, Layer, Pixels};
use ora::{Sink, pixels};
use serde_json::{Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::error::Cause;

const LIST: &str = "layers.json";
/// Bytes of a name, well below what any disk takes.
const MAX_NAME: usize = 120;
/// Names that Windows keeps for devices.
const RESERVED: &[&str] = &["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Writes the zip.
pub(crate) fn write(document: &Document, sink: impl Write + Seek) -> Result<Vec<String>, Cause> {
    let mut writer = LayersWriter {
        archive: ZipWriter::new(Sink::new(sink)),
        icc: document.icc.as_deref(),
        // The list has a name too.
        taken: BTreeSet::from([LIST.to_owned()]),
    };
    let layers = writer.layers(&document.layers)?;
    let list = json!({
        "width": document.width,
        "height": document.height,
        "depth": document.depth.bits(),
        "resolution": document.resolution,
        "layers": layers,
    });
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.archive.start_file(LIST, options)?;
    writer.archive.write_all(serde_json::to_string_pretty(&list)?.as_bytes())?;
    writer.archive.finish()?.finish()?;

    let has_mask = document.walk().any(|layer| layer.mask.is_some());
    let note = "the pictures are of layers without their masks".to_owned();
    Ok(has_mask.then_some(note).into_iter().collect())
}

struct LayersWriter<'a, W: Write + Seek> {
    archive: ZipWriter<W>,
    icc: Option<&'a [u8]>,
    /// In lower case, since some disks see no difference.
    taken: BTreeSet<String>,
}

impl<W: Write + Seek> LayersWriter<'_, W> {
    fn layers(&mut self, layers: &[Layer]) -> Result<Vec<Value>, Cause> {
        layers.iter().map(|layer| self.layer(layer)).collect()
    }

    fn layer(&mut self, layer: &Layer) -> Result<Value, Cause> {
        let mut entry = json!({
            "name": layer.name,
            "visible": layer.visible,
            "opacity": f64::from(layer.opacity) / 255.0,
            "fill": f64::from(layer.fill) / 255.0,
            "blend": layer.blend.name(),
            "clipping": layer.clipping,
        });
        match &layer.content {
            Content::Group(group) => {
                entry["kind"] = "group".into();
                entry["children"] = self.layers(&group.children)?.into();
            }
            Content::Pixels(pixels) => {
                entry["kind"] = "pixels".into();
                self.pixels(layer, pixels, &mut entry)?;
            }
        }
        Ok(entry)
    }

    fn pixels(&mut self, layer: &Layer, pixels: &Pixels, entry: &mut Value) -> Result<(), Cause> {
        let (left, top, raster) = pixels.raster.crop_to_content();
        if raster.samples().is_empty() {
            entry["file"] = Value::Null;
            return Ok(());
        }
        let file = self.file_name(&layer.name);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(raster.samples().len() as u64 > 1 << 30);
        self.archive.start_file(&*file, options)?;
        pixels::encode(&mut self.archive, &raster, self.icc)?;
        entry["file"] = file.into();
        entry["x"] = (i64::from(pixels.x) + i64::from(left)).into();
        entry["y"] = (i64::from(pixels.y) + i64::from(top)).into();
        entry["width"] = raster.width().into();
        entry["height"] = raster.height().into();
        Ok(())
    }

    /// A name that every disk takes and that no other layer has.
    fn file_name(&mut self, name: &str) -> String {
        let stem = safe(name);
        let mut file = format!("{stem}.png");
        let mut count = 1_usize;
        while !self.taken.insert(file.to_lowercase()) {
            count += 1;
            file = format!("{stem} ({count}).png");
        }
        file
    }
}

/// A name without what disks refuse or what would lead elsewhere.
fn safe(name: &str) -> String {
    let is_unfit = |character: char| {
        character.is_control()
            || r#"/\:*?"<>|"#.contains(character)
            // Marks that turn the direction of writing make a name look like another.
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name = name.replace(is_unfit, "_");
    let name = name.trim_start().trim_start_matches('.');
    let mut stem = String::new();
    for character in name.chars() {
        if stem.len() + character.len_utf8() > MAX_NAME {
            break;
        }
        stem.push(character);
    }
    let stem = stem.trim_end_matches(['.', ' ']);
    if stem.is_empty() {
        return "layer".into();
    }
    if is_reserved(stem) {
        return format!("_{stem}");
    }
    stem.to_owned()
}

fn is_reserved(stem: &str) -> bool {
    let device = stem.split('.').next().unwrap_or(stem).trim_end().to_uppercase();
    let is_numbered = ["COM", "LPT"].iter().any(|kind| {
        device.strip_prefix(kind).is_some_and(|number| {
            let mut digits = number.chars();
            matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    });
    is_numbered || RESERVED.contains(&&*device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ones_that_every_disk_takes() {
        for (name, expected) in [
            ("狐 1", "狐 1"),
            ("a/b\\c:d", "a_b_c_d"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("con", "_con"),
            ("Aux.tar", "_Aux.tar"),
            ("COM1 .x", "_COM1 .x"),
            ("COM10", "COM10"),
            ("dots... ", "dots"),
            ("", "layer"),
            (" . ", "layer"),
            ("\u{202e}gnp", "_gnp"),
            ("a\n\0b", "a__b"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
        assert_eq!(safe(&"狐".repeat(200)).len(), 120);
    }
}
