//! The weights of a part of a model, from whatever files hold them, under the names that the model
//! asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use candle_core::{DType, Device, Result as TensorResult, Shape, Tensor};
use nn::{Format, Memory, ParamSource, Stored};

use crate::{
    Error, Kind,
    folder::files_of,
    header::{Entry, Refusal, WeightFile},
    kind::{Found, recognise},
    mmap::Mapped,
    names::{Rows, to_model},
    scales,
};

/// What may stand before every name; files that hold several parts keep them apart like this.
const PREFIXES: [&str; 12] = [
    "",
    "model.diffusion_model.",
    "diffusion_model.",
    "transformer.",
    "vae.",
    "first_stage_model.",
    "text_encoders.qwen3_4b.transformer.",
    "text_encoders.qwen3_8b.transformer.",
    "text_encoders.qwen25_7b.transformer.",
    "text_encoders.t5xxl.transformer.",
    "text_encoders.clip_l.transformer.text_model.",
    "text_model.",
];

/// Bytes that a thread brings into memory at a time.
const POPULATED: usize = 16 << 20;
/// A gap that is not worth leaving out.
const PAGE: usize = 4096;

/// Weights by the model's names, used from memory maps as they are. Opening reads headers only.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    files: Vec<WeightFile>,
    found: Found,
    weights: BTreeMap<String, Weight>,
}

/// Where a weight of the model lies.
#[derive(Debug, Clone)]
struct Weight {
    file: usize,
    entry: Entry,
    rows: Rows,
    /// As the model sees it.
    shape: Vec<usize>,
    scale: f32,
}

impl Checkpoint {
    /// Opens the weights in a component's folder.
    ///
    /// # Errors
    /// If a file is missing, unreadable or damaged; one line that names it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::Missing { path: folder.to_owned() });
        }
        Self::open_files(folder, &files_of(folder)?, None)
    }

    /// Opens one safetensors or GGUF file, whatever it holds.
    ///
    /// # Errors
    /// If it is missing, unreadable or damaged.
    pub fn open_file(path: &Path) -> Result<Self, Error> {
        Self::open_files(path, &[path.to_owned()], None)
    }

    /// Opens a part of a model: a component's folder, or a file that holds such weights, whatever it
    /// is called.
    ///
    /// # Errors
    /// As [`Self::open`], and if it holds something else.
    pub fn open_part(path: &Path, kind: Kind) -> Result<Self, Error> {
        let is_folder = path.is_dir();
        let files = if is_folder { files_of(path)? } else { vec![path.to_owned()] };
        let checkpoint = Self::open_files(path, &files, Some(kind))?;
        let is_what = match checkpoint.found {
            Found::Known(found) if found == kind => return Ok(checkpoint),
            // A folder says in its configuration what it is; a weight that is missing is named later.
            Found::Nothing | Found::Other(_) if is_folder => return Ok(checkpoint),
            Found::Known(found) => format!("it is {found}"),
            Found::Other(what) => format!("it is {what}"),
            Found::Nothing => "it holds no weights of a model that is known here".to_owned(),
        };
        Err(Error::Unsupported {
            path: path.to_owned(),
            reason: format!("{is_what}; {kind} is needed"),
        })
    }

    /// What it holds, if that is known.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self.found {
            Found::Known(kind) => Some(kind),
            Found::Other(_) | Found::Nothing => None,
        }
    }

    /// What it holds, if that is known and nothing here can use it; what would work instead.
    #[must_use]
    pub fn stranger(&self) -> Option<&'static str> {
        match self.found {
            Found::Other(what) => Some(what),
            Found::Known(_) | Found::Nothing => None,
        }
    }

    /// Whether there is a weight of that name, as the model calls it.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.weights.contains_key(name)
    }

    /// Names and shapes as the model sees them, in alphabetical order.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.weights.iter().map(|(name, weight)| (name.as_str(), weight.shape.as_slice()))
    }

    /// How many numbers all weights together have.
    #[must_use]
    pub fn parameter_count(&self) -> u64 {
        self.weights
            .values()
            .map(|weight| weight.shape.iter().map(|&dim| dim as u64).product::<u64>())
            .sum()
    }

    /// Bytes of all weights as they are stored.
    #[must_use]
    pub fn byte_count(&self) -> u64 {
        self.byte_count_of(|_| true)
    }

    /// As [`Self::byte_count`], of the weights whose names are `read`.
    pub fn byte_count_of(&self, read: impl Fn(&str) -> bool) -> u64 {
        self.weights
            .iter()
            .filter(|(name, _)| read(name))
            .filter_map(|(_, weight)| weight.entry.format?.bytes(&weight.shape))
            .map(|bytes| bytes as u64)
            .sum()
    }

    /// Says how many bytes of the files stay in memory once they were read. What lies behind is let
    /// go of after each use, and comes from the file again for the next.
    pub fn keep(&self, mut bytes: u64) {
        for file in &self.files {
            let kept = bytes.min(file.map.bytes().len() as u64);
            bytes -= kept;
            file.map.keep(kept as usize);
        }
    }

    /// Brings the weights whose names are `read` into memory, as far as they are kept, as fast as the
    /// disk gives them. `goes_on` is told the bytes that are there, and may stop it.
    pub fn populate(&self, read: impl Fn(&str) -> bool, goes_on: &(dyn Fn(u64) -> bool + Sync)) {
        let mut ranges: Vec<Vec<Range<usize>>> = vec![Vec::new(); self.files.len()];
        for (_, weight) in self.weights.iter().filter(|(name, _)| read(name)) {
            let Range { start, end } = weight.entry.range;
            ranges[weight.file].push(start..end.min(self.files[weight.file].map.kept()));
        }
        let pieces: Vec<(&Mapped, Range<usize>)> = self
            .files
            .iter()
            .zip(ranges)
            .flat_map(|(file, ranges)| {
                pieces(ranges).into_iter().map(|range| (file.map.as_ref(), range))
            })
            .collect();
        let (next, done) = (AtomicUsize::new(0), AtomicU64::new(0));
        let fetch = || {
            // One after the other, so that the disk reads forwards.
            while let Some((map, range)) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                map.populate(range.clone());
                let length = range.len() as u64;
                if !goes_on(done.fetch_add(length, Ordering::Relaxed) + length) {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8) {
                scope.spawn(fetch);
            }
        });
    }

    /// A text or number of the files' metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.files.iter().find_map(|file| file.header.metadata.get(key)).map(String::as_str)
    }

    /// A tensor in the shape it has, in f32 on the CPU; integers are not read.
    ///
    /// # Errors
    /// If there is none of that name, or it holds no floating point numbers.
    pub fn tensor_as_stored(&self, name: &str) -> TensorResult<Tensor> {
        let Some(weight) = self.weights.get(name) else {
            candle_core::bail!("tensor `{name}` is missing in `{}`", self.path.display());
        };
        let shape = Shape::from(weight.shape.clone());
        self.stored(name, &shape)?.to_tensor(DType::F32, &Device::Cpu)
    }

    /// The file or folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn open_files(path: &Path, paths: &[PathBuf], wanted: Option<Kind>) -> Result<Self, Error> {
        let files =
            paths.iter().map(|path| WeightFile::open(path)).collect::<Result<Vec<_>, _>>()?;
        let (prefix, found) = look_at(&files, wanted);
        let mut checkpoint =
            Self { path: path.to_owned(), files: Vec::new(), found, weights: BTreeMap::new() };
        for file in files {
            checkpoint.add(file, prefix).map_err(|(path, refusal)| match refusal {
                Refusal::Damaged(reason) => Error::Damaged { path, reason },
                Refusal::Unsupported(reason) => Error::Unsupported { path, reason },
            })?;
        }
        Ok(checkpoint)
    }

    fn add(&mut self, file: WeightFile, prefix: &str) -> Result<(), (PathBuf, Refusal)> {
        let refused = |refusal: Refusal| (file.path.clone(), refusal);
        let damaged = |reason: String| refused(Refusal::Damaged(reason));
        let scales = scales::scales(&file).map_err(refused)?;
        for (full_name, entry) in &file.header.tensors {
            let Some(name) = full_name.strip_prefix(prefix) else { continue };
            if scales::is_companion(name) {
                continue;
            }
            let is_fp8 = matches!(entry.format, Some(Format::F8E4M3 | Format::F8E5M2));
            let layer = full_name.strip_suffix(".weight").filter(|_| is_fp8);
            let scale = layer.and_then(|layer| scales.get(layer)).copied().unwrap_or(1.0);
            let renamed = match self.found {
                Found::Known(kind) => to_model(kind, name),
                Found::Other(_) | Found::Nothing => vec![(name.to_owned(), Rows::All)],
            };
            for (model_name, rows) in renamed {
                let mut shape = entry.shape.clone();
                if let Some(count) = shape.first_mut() {
                    let ranges = rows.of(*count).ok_or_else(|| {
                        damaged(format!("`{full_name}` of {count} rows cannot be split"))
                    })?;
                    *count = ranges.iter().map(ExactSizeIterator::len).sum();
                }
                let weight =
                    Weight { file: self.files.len(), entry: entry.clone(), rows, shape, scale };
                if self.weights.insert(model_name, weight).is_some() {
                    return Err(damaged(format!("tensor `{full_name}` is there more than once")));
                }
            }
        }
        self.files.push(file);
        Ok(())
    }
}

/// Ranges in order, joined where they touch, cut into what a thread fetches at a time.
fn pieces(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            // Splits of a fused weight are the same range several times.
            Some(last) if range.start <= last.end + PAGE => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    let cut = |range: Range<usize>| {
        range
            .clone()
            .step_by(POPULATED)
            .map(move |start| start..range.end.min(start + POPULATED))
            .collect::<Vec<_>>()
    };
    joined.into_iter().flat_map(cut).collect()
}

/// What stands before the names of the part that is wanted, and what that part is.
fn look_at(files: &[WeightFile], wanted: Option<Kind>) -> (&'static str, Found) {
    let mut best = ("", Found::Nothing);
    for prefix in PREFIXES {
        let names: BTreeSet<&str> = files
            .iter()
            .flat_map(|file| file.header.tensors.keys())
            .filter_map(|name| name.strip_prefix(prefix))
            .collect();
        let found = recognise(&names);
        let is_wanted = match found {
            Found::Known(kind) => wanted.is_none_or(|wanted| wanted == kind),
            Found::Other(_) | Found::Nothing => false,
        };
        if is_wanted {
            return (prefix, found);
        }
        if best.1 == Found::Nothing {
            best = (prefix, found);
        }
    }
    if best.1 == Found::Nothing { ("", Found::Nothing) } else { best }
}

impl ParamSource for Checkpoint {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.weights.get(name).map(|weight| weight.shape.clone())
    }

    fn stored(&self, name: &str, shape: &Shape) -> TensorResult<Stored> {
        let Some(weight) = self.weights.get(name) else {
            candle_core::bail!("tensor `{name}` is missing in `{}`", self.path.display());
        };
        let file = &self.files[weight.file];
        // Layers of single pixels are saved as convolutions by some.
        let flat = weight.shape.strip_suffix(&[1, 1]).unwrap_or(&weight.shape);
        if weight.shape != shape.dims() && flat != shape.dims() {
            candle_core::bail!(
                "tensor `{name}` in `{}` has the shape {:?}, the model needs {:?}",
                file.path.display(),
                weight.shape,
                shape.dims()
            );
        }
        let Some(format) = weight.entry.format else {
            candle_core::bail!(
                "tensor `{name}` in `{}` is stored as {}, which is not read",
                file.path.display(),
                weight.entry.dtype
            );
        };
        let Entry { range, shape: whole, .. } = &weight.entry;
        let stored = Stored::new(file.map.clone(), range.clone(), format, whole.clone())?;
        let stored = match (weight.rows, whole.first()) {
            (Rows::All, _) | (_, None) => stored,
            (rows, Some(&count)) => stored.take_rows(&rows.of(count).unwrap_or_default())?,
        };
        let stored =
            if weight.shape == shape.dims() { stored } else { stored.reshape(shape.dims())? };
        Ok(stored.scaled(weight.scale))
    }
}
