//! Pictures as RGBA8 by id; the reading and writing of picture files.

use std::{
    fs,
    io::{Cursor, ErrorKind, Read, Write},
    path::Path,
};

use editing::{Area, Grid};
use image::{ImageDecoder, ImageReader, Limits};

use crate::{Error, Result};

/// Names a picture for as long as the engine runs; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageId(pub u64);

/// The longest side of a picture file that is read, in pixels.
const MAX_IMAGE_SIDE: u32 = 30_000;
/// The largest picture file that is decoded, in bytes of decoded pixels.
const MAX_DECODED_BYTES: u64 = 2 << 30;
/// The largest picture file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// RGBA, 8 bits a channel, straight alpha, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Image {
    /// `rgba` holds `width * height * 4` bytes.
    ///
    /// # Errors
    /// If a side is zero or the length differs.
    pub fn new(width: u32, height: u32, rgba: Vec<u8>) -> Result<Self> {
        let expected = width as usize * height as usize * 4;
        if expected == 0 || rgba.len() != expected {
            return Err(Error::InvalidRequest(format!(
                "{} bytes are not a picture of {width} × {height}",
                rgba.len()
            )));
        }
        Ok(Self { width, height, rgba })
    }

    /// A picture of nothing, of at least one pixel.
    pub(crate) fn blank(width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        Self { width, height, rgba: vec![0; width as usize * height as usize * 4] }
    }

    /// A picture of soft colours, of at least one pixel: for measuring.
    #[must_use]
    pub fn gradient(width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let level = |at: u64, of: u64| (at * 255 / of) as u8;
        let (across, down) = (u64::from(width), u64::from(height));
        let rgba = (0..down)
            .flat_map(|y| (0..across).map(move |x| (x, y)))
            .flat_map(|(x, y)| [level(x, across), level(y, down), level(x + y, across + down), 255])
            .collect();
        Self { width, height, rgba }
    }

    /// Decodes PNG, JPEG or WebP. Dimensions are checked before memory is taken.
    ///
    /// # Errors
    /// The reason as a plain sentence without the file's name.
    pub fn decode(bytes: &[u8]) -> std::result::Result<Self, String> {
        let mut reader = ImageReader::new(Cursor::new(bytes));
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_IMAGE_SIDE);
        limits.max_image_height = Some(MAX_IMAGE_SIDE);
        limits.max_alloc = Some(MAX_DECODED_BYTES);
        reader.limits(limits);
        let reader = reader.with_guessed_format().map_err(|error| error.to_string())?;
        if reader.format().is_none() {
            return Err("this is not a PNG, JPEG or WebP picture".into());
        }
        let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
        if decoder.total_bytes() > MAX_DECODED_BYTES {
            return Err("the picture is too large".into());
        }
        // A photograph from a phone is stored sideways and says so.
        let orientation = decoder.orientation().map_err(|error| error.to_string())?;
        let mut picture =
            image::DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
        picture.apply_orientation(orientation);
        let picture = picture.into_rgba8();
        let (width, height) = picture.dimensions();
        Self::new(width, height, picture.into_raw()).map_err(|error| error.to_string())
    }

    /// Reads a picture file.
    ///
    /// # Errors
    /// [`Error::Unreadable`] with the file's name.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |reason: String| Error::Unreadable { path: path.to_owned(), reason };
        let bytes = read_limited(path).map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(unreadable("the file is too large for a picture".into()));
        }
        Self::decode(&bytes).map_err(unreadable)
    }

    /// Encodes as PNG; without an alpha channel where every pixel is opaque.
    ///
    /// # Errors
    /// If the encoder fails, which it does only when memory does.
    pub fn encode_png(&self) -> std::result::Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        let opaque = self.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255);
        let result = if opaque {
            let rgb = self.rgb();
            image::ImageEncoder::write_image(
                encoder,
                &rgb,
                self.width,
                self.height,
                image::ExtendedColorType::Rgb8,
            )
        } else {
            image::ImageEncoder::write_image(
                encoder,
                &self.rgba,
                self.width,
                self.height,
                image::ExtendedColorType::Rgba8,
            )
        };
        result.map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    /// Writes a PNG file whole or not at all: to a temporary file beside it, renamed at the end.
    ///
    /// # Errors
    /// [`Error::Unwritable`]; a file that was there before is untouched.
    pub fn save_png(&self, path: &Path) -> Result<()> {
        let unwritable = |reason: String| Error::Unwritable { path: path.to_owned(), reason };
        let bytes = self.encode_png().map_err(unwritable)?;
        write_atomically(path, &bytes).map_err(|error| unwritable(plain_words(&error)))
    }

    /// Pixels across.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// `width * height * 4` bytes, straight alpha.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// As what the crate `editing` works on; `None` if a side is zero.
    #[must_use]
    pub fn from_grid(grid: Grid) -> Option<Self> {
        let (width, height) = (grid.width(), grid.height());
        Self::new(width, height, grid.into_bytes()).ok()
    }

    /// A part of it; what reaches outside is left out.
    #[must_use]
    pub fn part(&self, area: Area) -> Grid {
        let area = area.meet(Area { x: 0, y: 0, width: self.width, height: self.height });
        let row_bytes = area.width as usize * 4;
        let mut bytes = Vec::with_capacity(row_bytes * area.height as usize);
        for y in 0..area.height {
            let start = ((area.y as u32 + y) as usize * self.width as usize + area.x as usize) * 4;
            bytes.extend_from_slice(&self.rgba[start..start + row_bytes]);
        }
        Grid::rgba(area.width, area.height, bytes)
    }

    /// The colour channels alone; alpha is dropped, not composited.
    #[must_use]
    pub fn rgb(&self) -> Vec<u8> {
        self.rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
    }
}

/// Fails early if nothing can be written at `path`, before minutes are spent on a picture.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn check_writable(path: &Path) -> Result<()> {
    let unwritable =
        |reason: &str| Error::Unwritable { path: path.to_owned(), reason: reason.to_owned() };
    if path.is_dir() {
        return Err(unwritable("this is a folder"));
    }
    let folder = parent(path);
    if !folder.is_dir() {
        return Err(unwritable("the folder does not exist"));
    }
    tempfile::NamedTempFile::new_in(folder).map_err(|error| unwritable(&plain_words(&error)))?;
    Ok(())
}

/// At most one byte more than a picture file may have: devices and pipes have no end.
fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    // Asked before it is opened, since opening a pipe waits for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("this is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Without the name of the temporary file, which says nothing to the user.
fn plain_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "the folder takes no new files".into(),
        ErrorKind::PermissionDenied => "you may not write there".into(),
        ErrorKind::ReadOnlyFilesystem => "it is on a read-only disk".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        kind => kind.to_string(),
    }
}

fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".asset-editor-").tempfile_in(parent(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private; a saved picture is as readable as any other file.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
