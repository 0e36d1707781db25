use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek},
    path::Path,
    sync::Arc,
};

use document::{Document, Layer, Opened};

use crate::{
    Error, Format, detect,
    error::Cause,
    flat::{self, Flat},
};

/// The largest file of one flat picture, in bytes.
const MAX_FLAT_BYTES: u64 = 1 << 30;
/// The largest layered file, in bytes.
const MAX_LAYERED_BYTES: u64 = 16 << 30;

/// Opens a file of any format. A flat picture becomes a document with one layer of its name.
///
/// # Errors
/// If it is no file, of no format that is read, damaged, or too large.
pub fn open(path: &Path) -> Result<Opened, Error> {
    read(path).map_err(|cause| Error::unreadable(path, cause))
}

fn read(path: &Path) -> Result<Opened, Cause> {
    // Asked before it is opened, since opening a pipe waits for somebody to write.
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err("this is a folder".into());
    }
    if !metadata.is_file() {
        return Err("this is not a file".into());
    }
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(64).read_to_end(&mut head)?;
    file.rewind()?;
    if head.is_empty() {
        return Err("the file is empty".into());
    }
    let unknown = "this is not a PSD, PSB, OpenRaster, PNG, JPEG or WebP file";
    // Every zip: whether it is OpenRaster may only its end tell.
    if head.starts_with(b"PK\x03\x04") {
        let is_krita = head.windows(7).any(|part| part == b"x-krita");
        return match ora::read(BufReader::new(file)) {
            Err(ora::Error::NotOpenRaster) if is_krita => {
                Err("this is a file of Krita's own format; save it there as OpenRaster or PSD"
                    .into())
            }
            Err(ora::Error::NotOpenRaster) => Err(unknown.into()),
            result => Ok(result?),
        };
    }
    let format = detect(&head).ok_or(unknown)?;
    let is_layered = matches!(format, Format::Psd | Format::Psb);
    let limit = if is_layered { MAX_LAYERED_BYTES } else { MAX_FLAT_BYTES };
    let bytes = all(file, limit)?;
    if is_layered {
        return Ok(psd::read(&bytes)?);
    }
    let Flat { raster, icc, resolution, notes } = flat::decode(&bytes, format)?;
    let mut document = Document::new(raster.width(), raster.height());
    document.depth = raster.depth();
    document.icc = icc.map(Arc::from);
    document.resolution = resolution.unwrap_or(document.resolution);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut layer = Layer::pixels(name, 0, 0, Arc::new(raster));
    layer.id = 1;
    document.layers.push(layer);
    Ok(Opened { document, notes })
}

/// The whole file, if it is not larger than any real one.
fn all(file: File, limit: u64) -> Result<Vec<u8>, Cause> {
    let length = file.metadata()?.len();
    if length > limit {
        return Err("the file is too large".into());
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length as usize)
        .map_err(|_full| io::Error::from(io::ErrorKind::OutOfMemory))?;
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
