use std::{
    io::{BufWriter, Seek, Write},
    path::Path,
};

use document::Document;

use crate::{Error, Format, atomic, error::Cause, flat, layers_zip};

/// The longest side that PSD holds.
const MAX_PSD_SIDE: u32 = 30_000;

/// Saves a document, whole or not at all; says what the format cannot hold.
///
/// # Errors
/// If the format has no room for it or the disk fails; a file that was there is untouched.
pub fn save(document: &Document, path: &Path, format: Format) -> Result<Vec<String>, Error> {
    atomic::write(path, |file| {
        let mut sink = BufWriter::with_capacity(1 << 18, file);
        let notes = write(document, format, &mut sink)?;
        sink.flush()?;
        Ok(notes)
    })
}

fn write(
    document: &Document,
    format: Format,
    sink: &mut (impl Write + Seek),
) -> Result<Vec<String>, Cause> {
    match format {
        Format::Psd => {
            psd::write(document, sink)?;
            let is_large = document.width > MAX_PSD_SIDE || document.height > MAX_PSD_SIDE;
            let note = format!("PSD holds {MAX_PSD_SIDE} pixels a side: it became a PSB file");
            Ok(is_large.then_some(note).into_iter().collect())
        }
        Format::Psb => {
            psd::write_as(document, psd::Version::Psb, sink)?;
            Ok(Vec::new())
        }
        Format::Ora => {
            ora::write(document, sink)?;
            Ok(Vec::new())
        }
        Format::Png => flat::write_png(document, sink),
        Format::Jpeg => flat::write_jpeg(document, sink),
        Format::WebP => flat::write_webp(document, sink),
        Format::Zip => layers_zip::write(document, sink),
    }
}
