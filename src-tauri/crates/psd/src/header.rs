//! The file header: 26 bytes, and what PSD and PSB differ in.

use document::Depth;

use crate::Error;

/// Whether bytes begin as a PSD or PSB does.
#[must_use]
pub fn is_psd(bytes: &[u8]) -> bool {
    bytes.starts_with(b"8BPS\0\x01") || bytes.starts_with(b"8BPS\0\x02")
}

/// Which of the two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Up to 30 000 pixels a side and 2 GB.
    Psd,
    /// Up to 300 000 pixels a side.
    Psb,
}

impl Version {
    /// The longest side of a document or a layer.
    pub(crate) fn max_side(self) -> u32 {
        match self {
            Self::Psd => 30_000,
            Self::Psb => 300_000,
        }
    }

    /// Bytes that a whole file may take.
    pub(crate) fn max_file(self) -> u64 {
        match self {
            Self::Psd => i32::MAX as u64,
            Self::Psb => i64::MAX as u64,
        }
    }

    /// Bytes of the fields that hold the length of a section or a channel.
    pub(crate) fn length_bytes(self) -> usize {
        match self {
            Self::Psd => 4,
            Self::Psb => 8,
        }
    }

    /// Bytes of the fields that hold the length of a packed row.
    pub(crate) fn row_length_bytes(self) -> usize {
        match self {
            Self::Psd => 2,
            Self::Psb => 4,
        }
    }
}

/// How the colours of a file are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Bitmap,
    Gray,
    Indexed,
    Rgb,
    Cmyk,
    Multichannel,
    Duotone,
    Lab,
}

impl Mode {
    fn of(code: u16) -> Option<Self> {
        Some(match code {
            0 => Self::Bitmap,
            1 => Self::Gray,
            2 => Self::Indexed,
            3 => Self::Rgb,
            4 => Self::Cmyk,
            7 => Self::Multichannel,
            8 => Self::Duotone,
            9 => Self::Lab,
            _ => return None,
        })
    }
}

/// The header of a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: Version,
    pub(crate) channels: u16,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1, 8, 16 or 32.
    pub(crate) bits: u16,
    pub(crate) mode: Mode,
}

impl Header {
    /// Its length in a file.
    pub(crate) const BYTES: usize = 26;

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        if !is_psd(bytes) {
            return Err(Error::NotPsd);
        }
        let Some(bytes) = bytes.first_chunk::<{ Self::BYTES }>() else {
            return Err(Error::Damaged("it ends within its header"));
        };
        let two = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let four = |at: usize| u32::from(two(at)) << 16 | u32::from(two(at + 2));
        let version = if two(4) == 1 { Version::Psd } else { Version::Psb };
        let (channels, height, width, bits) = (two(12), four(14), four(18), two(22));
        let mode = Mode::of(two(24)).ok_or(Error::Damaged("its colour mode is unknown"))?;
        if width == 0 || height == 0 || width.max(height) > Version::Psb.max_side() {
            return Err(Error::Damaged("its size is impossible"));
        }
        if !(1..=56).contains(&channels) {
            return Err(Error::Damaged("its number of channels is impossible"));
        }
        let bits_fit = match mode {
            Mode::Bitmap => bits == 1,
            Mode::Indexed => bits == 8,
            _ => matches!(bits, 8 | 16 | 32),
        };
        if !bits_fit {
            return Err(Error::Damaged("its depth is impossible"));
        }
        Ok(Self { version, channels, width, height, bits, mode })
    }

    /// The header of an RGB file.
    pub(crate) fn rgb(
        version: Version,
        (width, height): (u32, u32),
        channels: u16,
        depth: Depth,
    ) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(b"8BPS");
        bytes[5] = if version == Version::Psd { 1 } else { 2 };
        bytes[12..14].copy_from_slice(&channels.to_be_bytes());
        bytes[14..18].copy_from_slice(&height.to_be_bytes());
        bytes[18..22].copy_from_slice(&width.to_be_bytes());
        bytes[22..24].copy_from_slice(&depth.bits().to_be_bytes());
        bytes[25] = 3;
        bytes
    }
}
