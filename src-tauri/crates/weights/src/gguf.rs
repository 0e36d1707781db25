//! Headers of GGUF files.
//!
//! Method: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Nothing in a header is
//! believed: every length is held against what is left of the file before anything is done with it.

use std::collections::BTreeMap;

use nn::Format;

use crate::header::{Entry, Header, Refusal};

/// What tensors' data is aligned to where the file does not say.
const DEFAULT_ALIGNMENT: u64 = 32;
/// Larger alignments are no alignments.
const MAX_ALIGNMENT: u64 = 1 << 20;
/// As many dimensions as GGML knows, and one more for models of video.
const MAX_DIMENSIONS: u32 = 5;
/// Lists in lists; files have none.
const MAX_DEPTH: u32 = 4;

pub(crate) fn read(bytes: &[u8]) -> Result<Header, Refusal> {
    let mut cursor = Cursor { bytes, at: 4 };
    match cursor.u32()? {
        2 | 3 => {}
        1 => {
            return Err(Refusal::Unsupported(
                "it is a GGUF file of version 1; versions 2 and 3 work".into(),
            ));
        }
        version if version.swap_bytes() <= 3 => {
            return Err(Refusal::Unsupported(
                "it is a GGUF file for machines of the other byte order; the usual one works"
                    .into(),
            ));
        }
        version => {
            return Err(Refusal::Unsupported(format!(
                "it is a GGUF file of version {version}; versions 2 and 3 work"
            )));
        }
    }
    let tensor_count = cursor.u64()?;
    let pair_count = cursor.u64()?;
    let mut metadata = BTreeMap::new();
    for _ in 0..pair_count {
        let key = cursor.text()?.to_owned();
        let kind = cursor.u32()?;
        if let Some(value) = cursor.value(kind, 0)? {
            metadata.insert(key, value);
        }
    }
    let mut infos = Vec::new();
    for _ in 0..tensor_count {
        infos.push(Info::read(&mut cursor)?);
    }
    let alignment = match metadata.get("general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|alignment: &u64| alignment.is_power_of_two() && *alignment <= MAX_ALIGNMENT)
            .ok_or_else(|| Refusal::Damaged(format!("`general.alignment` is {text}")))?,
    };
    let data = (cursor.at as u64).next_multiple_of(alignment);
    let mut tensors = BTreeMap::new();
    for info in infos {
        let (name, entry) = info.locate(data, bytes.len())?;
        if tensors.insert(name.clone(), entry).is_some() {
            return Err(Refusal::Damaged(format!("tensor `{name}` is in it twice")));
        }
    }
    Ok(Header { tensors, metadata })
}

/// A tensor as the header describes it.
struct Info {
    name: String,
    shape: Vec<usize>,
    kind: u32,
    offset: u64,
}

impl Info {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Refusal> {
        let name = cursor.text()?.to_owned();
        let dimensions = cursor.u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(Refusal::Damaged(format!(
                "tensor `{name}` has {dimensions} dimensions, at most {MAX_DIMENSIONS} are possible"
            )));
        }
        let mut shape = Vec::with_capacity(dimensions as usize);
        for _ in 0..dimensions {
            let size = cursor.u64()?;
            shape.push(usize::try_from(size).map_err(|_too_large| {
                Refusal::Damaged(format!("tensor `{name}` has {size} numbers in a row"))
            })?);
        }
        // The innermost dimension stands first.
        shape.reverse();
        Ok(Self { name, shape, kind: cursor.u32()?, offset: cursor.u64()? })
    }

    fn locate(self, data: u64, length: usize) -> Result<(String, Entry), Refusal> {
        let Self { name, shape, kind, offset } = self;
        let (dtype, format) = match TYPES.iter().find(|(id, ..)| *id == kind) {
            Some((_, dtype, format)) => (*dtype, *format),
            None => {
                return Err(Refusal::Unsupported(format!(
                    "tensor `{name}` is packed as type {kind}, which is not known; {READ} work"
                )));
            }
        };
        let Some(format) = format else {
            return Err(Refusal::Unsupported(format!(
                "tensor `{name}` is packed as {dtype}, which is not read; {READ} work"
            )));
        };
        let bytes = format.bytes(&shape).ok_or_else(|| {
            Refusal::Damaged(format!("tensor `{name}` of {shape:?} cannot be packed as {dtype}"))
        })?;
        let start = data.checked_add(offset).and_then(|start| usize::try_from(start).ok());
        let range = start.and_then(|start| Some(start..start.checked_add(bytes)?));
        match range {
            Some(range) if range.end <= length => {
                Ok((name, Entry { format: Some(format), dtype: dtype.into(), shape, range }))
            }
            _ => Err(Refusal::Damaged(format!(
                "tensor `{name}` lies outside: the file is cut short or its header is wrong"
            ))),
        }
    }
}

/// What would work instead of a type that is not read.
const READ: &str = "Q8_0, Q6_K, Q5_K, Q5_0, Q4_K, Q4_0, F16 and BF16";

/// GGML's types of tensors, by number.
const TYPES: [(u32, &str, Option<Format>); 33] = [
    (0, "F32", Some(Format::F32)),
    (1, "F16", Some(Format::F16)),
    (2, "Q4_0", Some(Format::Q4_0)),
    (3, "Q4_1", Some(Format::Q4_1)),
    (6, "Q5_0", Some(Format::Q5_0)),
    (7, "Q5_1", Some(Format::Q5_1)),
    (8, "Q8_0", Some(Format::Q8_0)),
    (9, "Q8_1", None),
    (10, "Q2_K", Some(Format::Q2K)),
    (11, "Q3_K", Some(Format::Q3K)),
    (12, "Q4_K", Some(Format::Q4K)),
    (13, "Q5_K", Some(Format::Q5K)),
    (14, "Q6_K", Some(Format::Q6K)),
    (15, "Q8_K", None),
    (16, "IQ2_XXS", None),
    (17, "IQ2_XS", None),
    (18, "IQ3_XXS", None),
    (19, "IQ1_S", None),
    (20, "IQ4_NL", None),
    (21, "IQ3_S", None),
    (22, "IQ2_S", None),
    (23, "IQ4_XS", None),
    (24, "I8", None),
    (25, "I16", None),
    (26, "I32", None),
    (27, "I64", None),
    (28, "F64", Some(Format::F64)),
    (29, "IQ1_M", None),
    (30, "BF16", Some(Format::Bf16)),
    (34, "TQ1_0", None),
    (35, "TQ2_0", None),
    (39, "MXFP4", None),
    (40, "NVFP4", None),
];

/// Reads a header from its beginning to its end.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], Refusal> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken =
            taken.ok_or_else(|| Refusal::Damaged("its header is longer than the file".into()))?;
        self.at += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut raw = [0; N];
        raw.copy_from_slice(self.take(N as u64)?);
        Ok(raw)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Refusal> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'a str, Refusal> {
        let length = self.u64()?;
        std::str::from_utf8(self.take(length)?)
            .map_err(|error| Refusal::Damaged(format!("a name in its header is no text: {error}")))
    }

    /// A value of the metadata as text; lists, which only tokenizers need, are stepped over.
    fn value(&mut self, kind: u32, depth: u32) -> Result<Option<String>, Refusal> {
        Ok(Some(match kind {
            0 => u8::from_le_bytes(self.array()?).to_string(),
            1 => i8::from_le_bytes(self.array()?).to_string(),
            2 => u16::from_le_bytes(self.array()?).to_string(),
            3 => i16::from_le_bytes(self.array()?).to_string(),
            4 => self.u32()?.to_string(),
            5 => i32::from_le_bytes(self.array()?).to_string(),
            6 => f32::from_le_bytes(self.array()?).to_string(),
            7 => (self.array::<1>()? != [0]).to_string(),
            // The rest of a text that is no UTF-8 is of no use, but no harm either.
            8 => {
                let length = self.u64()?;
                String::from_utf8_lossy(self.take(length)?).into_owned()
            }
            9 => {
                self.skip_list(depth)?;
                return Ok(None);
            }
            10 => self.u64()?.to_string(),
            11 => i64::from_le_bytes(self.array()?).to_string(),
            12 => f64::from_le_bytes(self.array()?).to_string(),
            _ => {
                return Err(Refusal::Damaged(format!(
                    "its header has a value of the unknown type {kind}"
                )));
            }
        }))
    }

    fn skip_list(&mut self, depth: u32) -> Result<(), Refusal> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let size = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => {
                for _ in 0..count {
                    let length = self.u64()?;
                    self.take(length)?;
                }
                return Ok(());
            }
            9 if depth < MAX_DEPTH => {
                for _ in 0..count {
                    self.skip_list(depth + 1)?;
                }
                return Ok(());
            }
            _ => {
                return Err(Refusal::Damaged(format!(
                    "its header has a list of the unknown type {kind}"
                )));
            }
        };
        let bytes = count.checked_mul(size);
        self.take(bytes.unwrap_or(u64::MAX)).map(|_skipped| ())
    }
}
