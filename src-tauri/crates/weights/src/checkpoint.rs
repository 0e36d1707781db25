//! A component's weights: one safetensors file, or several with an index.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use bytemuck::Pod;
use candle_core::{DType, Device, Result as TensorResult, Shape, Tensor};
use half::{bf16, f16};
use memmap2::Mmap;
use nn::ParamSource;
use safetensors::{Dtype, SafeTensors};

use crate::{Error, mmap};

/// The names under which diffusers and transformers save a component.
const STEMS: [&str; 2] = ["diffusion_pytorch_model", "model"];

/// Weights by name, read from memory maps. Opening reads headers only.
#[derive(Debug)]
pub struct Checkpoint {
    folder: PathBuf,
    maps: Vec<(PathBuf, Mmap)>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    map: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    start: usize,
    end: usize,
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
        let files = files_of(folder)?;
        let mut checkpoint =
            Self { folder: folder.to_owned(), maps: Vec::new(), entries: BTreeMap::new() };
        for file in files {
            checkpoint.add(file)?;
        }
        Ok(checkpoint)
    }

    /// Opens one safetensors file.
    ///
    /// # Errors
    /// If it is missing, unreadable or damaged.
    pub fn open_file(path: &Path) -> Result<Self, Error> {
        let mut checkpoint =
            Self { folder: path.to_owned(), maps: Vec::new(), entries: BTreeMap::new() };
        checkpoint.add(path.to_owned())?;
        Ok(checkpoint)
    }

    /// Names and shapes, in alphabetical order.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.shape.as_slice()))
    }

    /// How many numbers all weights together have.
    #[must_use]
    pub fn parameter_count(&self) -> u64 {
        self.entries
            .values()
            .map(|entry| entry.shape.iter().map(|&dim| dim as u64).product::<u64>())
            .sum()
    }

    /// The average size of a stored parameter, rounded up.
    #[must_use]
    pub fn bytes_per_parameter(&self) -> u64 {
        let bytes: usize = self.entries.values().map(|entry| entry.end - entry.start).sum();
        (bytes as u64).div_ceil(self.parameter_count().max(1))
    }

    /// A tensor in the shape it has, in f32 on the CPU; integers are not read.
    ///
    /// # Errors
    /// If there is none of that name, or it holds no floating point numbers.
    pub fn tensor_as_stored(&self, name: &str) -> TensorResult<Tensor> {
        let Some(entry) = self.entries.get(name) else {
            candle_core::bail!("tensor `{name}` is missing in `{}`", self.folder.display());
        };
        let shape = Shape::from(entry.shape.clone());
        self.tensor(name, &shape, DType::F32, &Device::Cpu)
    }

    fn add(&mut self, path: PathBuf) -> Result<(), Error> {
        let damaged = |reason: String| Error::Damaged { path: path.clone(), reason };
        let map = mmap::map(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: path.clone() },
            std::io::ErrorKind::InvalidData => damaged(source.to_string()),
            _ => Error::Io { path: path.clone(), source },
        })?;
        // `read_metadata` checks that the header fits and that offsets are ordered, without gaps,
        // and end where the file ends.
        let (header, metadata) =
            SafeTensors::read_metadata(&map).map_err(|error| damaged(error.to_string()))?;
        let data = header + size_of::<u64>();
        let index = self.maps.len();
        // Sorted, so that the same damaged file is always refused for the same tensor.
        let tensors: BTreeMap<_, _> = metadata.tensors().into_iter().collect();
        for (name, info) in tensors {
            let (start, end) = info.data_offsets;
            let entry = Entry {
                map: index,
                dtype: info.dtype,
                shape: info.shape.clone(),
                start: data + start,
                end: data + end,
            };
            if entry.end > map.len() {
                return Err(damaged("the file is cut short".into()));
            }
            if self.entries.insert(name.clone(), entry).is_some() {
                return Err(damaged(format!("tensor `{name}` is in more than one file")));
            }
        }
        self.maps.push((path, map));
        Ok(())
    }
}

impl ParamSource for Checkpoint {
    fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    fn tensor(
        &self,
        name: &str,
        shape: &Shape,
        dtype: DType,
        device: &Device,
    ) -> TensorResult<Tensor> {
        let Some(entry) = self.entries.get(name) else {
            candle_core::bail!("tensor `{name}` is missing in `{}`", self.folder.display());
        };
        let (path, map) = &self.maps[entry.map];
        if entry.shape != shape.dims() {
            candle_core::bail!(
                "tensor `{name}` in `{}` has the shape {:?}, the model needs {:?}",
                path.display(),
                entry.shape,
                shape.dims()
            );
        }
        let bytes = &map[entry.start..entry.end];
        let shape = shape.clone();
        let tensor = match entry.dtype {
            Dtype::F32 => Tensor::from_vec(numbers::<f32>(bytes), shape, &Device::Cpu),
            Dtype::F16 => Tensor::from_vec(numbers::<f16>(bytes), shape, &Device::Cpu),
            Dtype::BF16 => Tensor::from_vec(numbers::<bf16>(bytes), shape, &Device::Cpu),
            Dtype::F64 => Tensor::from_vec(numbers::<f64>(bytes), shape, &Device::Cpu),
            other => candle_core::bail!(
                "tensor `{name}` in `{}` is stored as {other:?}, which is not read yet",
                path.display()
            ),
        }?;
        tensor.to_dtype(dtype)?.to_device(device)
    }
}

/// Copies at memory speed where the file is aligned, and correctly where it is not.
fn numbers<T: Pod>(bytes: &[u8]) -> Vec<T> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(numbers) => numbers.to_vec(),
        Err(_) => bytemuck::pod_collect_to_vec(bytes),
    }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    for stem in STEMS {
        let single = folder.join(format!("{stem}.safetensors"));
        if single.is_file() {
            return Ok(vec![single]);
        }
        let index = folder.join(format!("{stem}.safetensors.index.json"));
        if index.is_file() {
            return files_of_index(folder, &index);
        }
    }
    Err(Error::Missing { path: folder.join("*.safetensors") })
}

fn files_of_index(folder: &Path, path: &Path) -> Result<Vec<PathBuf>, Error> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let text =
        fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let index: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let map = index
        .get("weight_map")
        .and_then(serde_json::Value::as_object)
        .ok_or_else(|| damaged("it has no `weight_map`".into()))?;
    let mut names = BTreeSet::new();
    for name in map.values() {
        let name = name.as_str().ok_or_else(|| damaged("a file name is not text".into()))?;
        // An index names files beside it; anything else would let a model read outside its folder.
        if Path::new(name).components().count() != 1 || name == ".." || name == "." {
            return Err(damaged(format!("`{name}` is not a file name")));
        }
        names.insert(name.to_owned());
    }
    if names.is_empty() {
        return Err(damaged("it names no file".into()));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
