//! Hashes that name a content.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    str::FromStr,
};

use sha1::Sha1;
use sha2::Digest as _;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// A SHA-256, which names a content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// That of a file. `stop` is asked with the number of bytes that were read, and gives up when it
    /// says so.
    ///
    /// # Errors
    /// If the file cannot be read; [`io::ErrorKind::Interrupted`] when `stop` says so.
    pub fn of_file(path: &Path, mut stop: impl FnMut(u64) -> bool) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut hash, mut done, mut chunk) = (sha2::Sha256::new(), 0, vec![0; CHUNK]);
        loop {
            if stop(done) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            match file.read(&mut chunk)? {
                0 => return Ok(Self(hash.finalize().into())),
                read => {
                    hash.update(&chunk[..read]);
                    done += read as u64;
                }
            }
        }
    }
}

impl FromStr for Sha256 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no SHA-256, which has 64 digits from 0 to f");
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_error| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_error| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, formatter)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What names a content, as a catalogue or a server states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Sha256(Sha256),
    /// SHA-1 of `blob SIZE\0` and the content, as Git names small files.
    GitBlob(String),
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(hash) => hash.fmt(formatter),
            Self::GitBlob(hash) => formatter.write_str(hash),
        }
    }
}

/// Takes a content bit by bit and names it in the end.
pub(crate) enum Hasher {
    Sha256(sha2::Sha256),
    GitBlob(Sha1),
}

impl Hasher {
    /// For a content of `size` bytes that should turn out to be `name`.
    pub(crate) fn for_name(name: Option<&Name>, size: Option<u64>) -> Self {
        match (name, size) {
            (Some(Name::GitBlob(_)), Some(size)) => {
                Self::GitBlob(Sha1::new_with_prefix(format!("blob {size}\0")))
            }
            _ => Self::Sha256(sha2::Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::GitBlob(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Name {
        match self {
            Self::Sha256(hash) => Name::Sha256(Sha256(hash.finalize().into())),
            Self::GitBlob(hash) => {
                Name::GitBlob(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
            }
        }
    }
}

fn hex(bytes: &[u8], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf abc | sha256sum`
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_hash_is_read_as_it_is_written_and_nothing_else_is() {
        assert_eq!(ABC.parse::<Sha256>().map(|hash| hash.to_string()), Ok(ABC.to_owned()));
        assert_eq!(ABC.to_uppercase().parse(), ABC.parse::<Sha256>());
        for wrong in ["", &ABC[1..], &format!("+{}", &ABC[1..]), &format!("g{}", &ABC[1..])] {
            assert!(wrong.parse::<Sha256>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn contents_are_named_as_sha256sum_and_git_name_them() {
        let name = |mut hasher: Hasher| {
            hasher.update(b"ab");
            hasher.update(b"c");
            hasher.finish().to_string()
        };
        assert_eq!(name(Hasher::for_name(None, None)), ABC);
        // `printf abc | git hash-object --stdin`
        let git = Name::GitBlob("f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f".into());
        assert_eq!(name(Hasher::for_name(Some(&git), Some(3))), git.to_string());
    }
}
