use std::path::Path;

/// What a document can be saved as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Photoshop, up to 30 000 pixels a side.
    Psd,
    /// Photoshop, larger.
    Psb,
    /// OpenRaster: the project format, which loses nothing.
    Ora,
    /// One flat picture, 8 or 16 bits.
    Png,
    /// One flat picture without transparency, 8 bits, smaller and not exact.
    Jpeg,
    /// One flat picture, 8 bits.
    WebP,
    /// A zip with a PNG of every layer and a list; cannot be opened again.
    Zip,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Psd, Self::Psb, Self::Ora, Self::Png, Self::Jpeg, Self::WebP, Self::Zip];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Psd => "PSD",
            Self::Psb => "PSB",
            Self::Ora => "OpenRaster",
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Zip => "zip of layers",
        }
    }

    /// How its files' names end, the usual ending first.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Psd => &["psd"],
            Self::Psb => &["psb"],
            Self::Ora => &["ora"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::WebP => &["webp"],
            Self::Zip => &["zip"],
        }
    }

    /// The format that the name of a file to write asks for.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.extensions().contains(&&*extension))
    }
}

/// What a file is, from its bytes; a beginning suffices for all but some OpenRaster files.
#[must_use]
pub fn detect(bytes: &[u8]) -> Option<Format> {
    if psd::is_psd(bytes) {
        let is_large = bytes.get(4..6) == Some(&[0, 2]);
        return Some(if is_large { Format::Psb } else { Format::Psd });
    }
    if ora::is_ora(bytes) {
        return Some(Format::Ora);
    }
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Format::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_to_be_written() {
        assert_eq!(Format::from_path(Path::new("a/fox.PSD")), Some(Format::Psd));
        assert_eq!(Format::from_path(Path::new("fox.tar.jpeg")), Some(Format::Jpeg));
        assert_eq!(Format::from_path(Path::new("psd")), None);
        assert_eq!(Format::from_path(Path::new("fox.gif")), None);
    }

    #[test]
    fn bytes_say_what_is_read() {
        assert_eq!(detect(b"8BPS\0\x01\0\0\0\0\0\0"), Some(Format::Psd));
        assert_eq!(detect(b"8BPS\0\x02\0\0\0\0\0\0"), Some(Format::Psb));
        assert_eq!(detect(b"\x89PNG\r\n\x1a\n"), Some(Format::Png));
        assert_eq!(detect(b"\xff\xd8\xff\xe0"), Some(Format::Jpeg));
        assert_eq!(detect(b"RIFF\0\0\0\0WEBPVP8L"), Some(Format::WebP));
        assert_eq!(detect(b"GIF89a"), None);
        assert_eq!(detect(b""), None);
    }
}
