//! LoRAs: low-rank changes of a transformer, under the names of five conventions.
//!
//! They are laid beside the weights, never added into them: the base may be packed, which adding
//! would have to undo; another strength costs nothing; and a product of rank 16 is about one percent
//! of one of width 3072.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use candle_core::{Result as TensorResult, Shape};
use nn::{ParamSource, Patch, Stored};
use serde_json::Value;

use crate::{
    Checkpoint, Error,
    header::{Entry, WeightFile},
    names::{Rows, to_files},
};

/// What may stand before a layer's name, one after the other.
const PREFIXES: [&str; 7] = [
    "base_model.model.",
    "model.diffusion_model.",
    "diffusion_model.",
    "transformer.",
    "lora_unet_",
    "lora_transformer_",
    "unet.",
];

/// Endings of the matrix that is multiplied first, `[rank, inputs]`.
const DOWN: [&str; 4] =
    [".lora_A.weight", ".lora_A.default.weight", ".lora_down.weight", ".lora.down.weight"];
/// Endings of the matrix that is multiplied second, `[outputs, rank]`.
const UP: [&str; 4] =
    [".lora_B.weight", ".lora_B.default.weight", ".lora_up.weight", ".lora.up.weight"];
const ALPHA: &str = ".alpha";

/// Parts of names that tell relatives of LoRA, which compute something else.
const RELATIVES: [(&str, &str); 9] = [
    (".dora_scale", "a DoRA"),
    (".lora_magnitude_vector", "a DoRA"),
    (".hada_w1", "a LoHa"),
    (".lokr_w1", "a LoKr"),
    (".lora_mid.", "a LoCon with kernels in the middle"),
    (".oft_", "an OFT"),
    (".glora", "a GLoRA"),
    (".diff_b", "a difference of whole weights"),
    (".diff", "a difference of whole weights"),
];

/// Names that a refusal lists; the rest is counted.
const LISTED: usize = 4;

/// A LoRA file, not yet laid onto a base.
pub struct Lora {
    path: PathBuf,
    layers: BTreeMap<String, Layer>,
}

/// One layer's change.
struct Layer {
    down: Stored,
    up: Stored,
    /// `alpha / rank`.
    scale: f64,
}

impl Lora {
    /// Reads a file's header and its few scalars.
    ///
    /// # Errors
    /// If it is missing, damaged, no LoRA, or a relative of one that is not read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = WeightFile::open(path)?;
        let unsupported = |reason: String| Error::Unsupported { path: path.to_owned(), reason };
        for name in file.header.tensors.keys() {
            if let Some((_, what)) = RELATIVES.iter().find(|(part, _)| name.contains(part)) {
                return Err(unsupported(format!(
                    "`{name}` shows that it is {what}, which is not read; a plain LoRA works"
                )));
            }
        }
        let alphas = Alphas::read(&file)?;
        let (mut halves, mut strangers) = (BTreeMap::<_, [Option<Stored>; 2]>::new(), Vec::new());
        for (name, entry) in &file.header.tensors {
            let half = |endings: &[&str]| endings.iter().find_map(|end| name.strip_suffix(end));
            if let Some(layer) = half(&DOWN) {
                halves.entry(layer).or_default()[0] = Some(matrix(&file, name, entry)?);
            } else if let Some(layer) = half(&UP) {
                halves.entry(layer).or_default()[1] = Some(matrix(&file, name, entry)?);
            } else if !name.ends_with(ALPHA) {
                strangers.push(name.as_str());
            }
        }
        if halves.is_empty() {
            return Err(unsupported(
                "it is no LoRA: no name in it ends in `.lora_A.weight` or `.lora_down.weight`"
                    .into(),
            ));
        }
        if !strangers.is_empty() {
            return Err(unsupported(format!(
                "it holds more than a LoRA: {}",
                list(strangers.into_iter())
            )));
        }
        let mut layers = BTreeMap::new();
        for (layer, [down, up]) in halves {
            let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
            let (Some(down), Some(up)) = (down, up) else {
                return Err(damaged(format!("`{layer}` has only one of its two matrices")));
            };
            let rank = down.shape()[0];
            if rank == 0 || up.shape()[1] != rank {
                return Err(damaged(format!(
                    "the matrices of `{layer}` are {:?} and {:?}, which do not fit together",
                    down.shape(),
                    up.shape()
                )));
            }
            let scale = alphas.scale(&file, layer, rank)?;
            layers.insert(layer.to_owned(), Layer { down, up, scale });
        }
        Ok(Self { path: path.to_owned(), layers })
    }
}

/// Without the prefixes of all conventions.
fn bare(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}

/// Some conventions write underscores for dots, and names have underscores of their own: so names
/// are compared, never taken apart.
fn normalised(name: &str) -> String {
    name.replace('.', "_")
}

fn matrix(file: &WeightFile, name: &str, entry: &Entry) -> Result<Stored, Error> {
    let unsupported = |reason: String| Error::Unsupported { path: file.path.clone(), reason };
    let Some(format) = entry.format else {
        return Err(unsupported(format!(
            "`{name}` is stored as {}, which is not read; F32, F16 and BF16 work",
            entry.dtype
        )));
    };
    // Kernels of single pixels are matrices.
    let flat = entry.shape.strip_suffix(&[1, 1]).unwrap_or(&entry.shape);
    if flat.len() != 2 {
        return Err(unsupported(format!("`{name}` of {:?} is no matrix", entry.shape)));
    }
    Stored::new(file.map.clone(), entry.range.clone(), format, flat.to_vec())
        .map_err(|error| Error::Damaged { path: file.path.clone(), reason: error.to_string() })
}

/// How alphas are said: by a number for each layer, or by the settings of PEFT in the header.
struct Alphas {
    settings: Value,
}

impl Alphas {
    fn read(file: &WeightFile) -> Result<Self, Error> {
        let settings = match file.header.metadata.get("lora_adapter_metadata") {
            None => Value::Null,
            Some(text) => serde_json::from_str(text).map_err(|error| Error::Damaged {
                path: file.path.clone(),
                reason: format!("`lora_adapter_metadata`: {error}"),
            })?,
        };
        Ok(Self { settings })
    }

    /// `alpha / rank`, or `alpha / √rank` where the settings say so; alpha is the rank where nobody
    /// says.
    fn scale(&self, file: &WeightFile, layer: &str, rank: usize) -> Result<f64, Error> {
        let name = format!("{layer}{ALPHA}");
        let rank = rank as f64;
        let alpha = match file.header.tensors.get(&name) {
            Some(entry) => alpha(file, &name, entry)?,
            None => self.of_settings(layer).unwrap_or(rank),
        };
        let is_square = self.setting("use_rslora").and_then(Value::as_bool).unwrap_or(false);
        Ok(alpha / if is_square { rank.sqrt() } else { rank })
    }

    fn of_settings(&self, layer: &str) -> Option<f64> {
        let layer = bare(layer);
        let patterns = self.setting("alpha_pattern").and_then(Value::as_object);
        let special = patterns.into_iter().flatten().find(|(pattern, _)| {
            let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
            let rest = layer.strip_suffix(bare(pattern));
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        special.map(|(_, alpha)| alpha).or_else(|| self.setting("lora_alpha"))?.as_f64()
    }

    /// Settings stand below the component's name, or alone.
    fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.get(format!("transformer.{name}")).or_else(|| self.settings.get(name))
    }
}

fn alpha(file: &WeightFile, name: &str, entry: &Entry) -> Result<f64, Error> {
    let damaged = |reason: String| Error::Damaged { path: file.path.clone(), reason };
    let Some(format) = entry.format.filter(|_| entry.shape.iter().product::<usize>() == 1) else {
        return Err(damaged(format!("`{name}` is {} {:?}, no number", entry.dtype, entry.shape)));
    };
    let values = Stored::new(file.map.clone(), entry.range.clone(), format, vec![1])
        .map_err(|error| damaged(error.to_string()))?
        .to_f32();
    match values.as_slice() {
        [alpha] if alpha.is_finite() => Ok(f64::from(*alpha)),
        _ => Err(damaged(format!("`{name}` is no number"))),
    }
}

/// Names, a few of them.
fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let listed: Vec<String> = names.take(LISTED).map(|name| format!("`{name}`")).collect();
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", listed.join(", "))
}

/// A base with LoRAs laid beside its weights.
pub struct Patched {
    base: Arc<Checkpoint>,
    /// By the weight that is changed.
    patches: BTreeMap<String, Vec<Patch>>,
    /// Whether a layer has asked for its changes.
    used: BTreeMap<String, AtomicBool>,
    paths: Vec<PathBuf>,
}

impl Patched {
    /// A base as it is.
    #[must_use]
    pub fn new(base: Arc<Checkpoint>) -> Self {
        Self { base, patches: BTreeMap::new(), used: BTreeMap::new(), paths: Vec::new() }
    }

    /// Adds a LoRA to those that are there. All of it must fit.
    ///
    /// # Errors
    /// If it is made for another base, wholly or in part: a list says what does not fit.
    pub fn add(&mut self, lora: &Lora, strength: f64) -> Result<(), Error> {
        let layers = self.layers();
        let (mut strangers, mut misfits, mut matched) = (Vec::new(), Vec::new(), Vec::new());
        for (name, layer) in &lora.layers {
            let Some(targets) = layers.get(&normalised(bare(name))) else {
                strangers.push(name.as_str());
                continue;
            };
            for (weight, rows) in targets {
                match self.fit(layer, weight, *rows) {
                    Some((down, up)) => {
                        let scale = strength * layer.scale;
                        matched.push((weight.clone(), Patch { down, up, scale }));
                    }
                    None => {
                        misfits.push(name.as_str());
                        break;
                    }
                }
            }
        }
        let wrong = strangers.len() + misfits.len();
        if wrong > 0 {
            let (all, base) = (lora.layers.len(), self.base.path().display());
            let verdict = if wrong == all {
                format!("it is made for another base than `{base}`")
            } else {
                format!("it fits `{base}` only in part")
            };
            let why: Vec<String> =
                [("are not in the model", strangers), ("have other sizes", misfits)]
                    .into_iter()
                    .filter(|(_, names)| !names.is_empty())
                    .map(|(why, names)| {
                        format!("{} {why}: {}", names.len(), list(names.into_iter()))
                    })
                    .collect();
            return Err(Error::Unsupported {
                path: lora.path.clone(),
                reason: format!("{verdict}; of its {all} layers {}", why.join("; ")),
            });
        }
        for (weight, patch) in matched {
            self.used.entry(weight.clone()).or_default();
            self.patches.entry(weight).or_default().push(patch);
        }
        self.paths.push(lora.path.clone());
        Ok(())
    }

    /// Holds that the model has asked for every change, once it is loaded.
    ///
    /// # Errors
    /// If there are layers whose changes would be left out.
    pub fn check_used(&self) -> Result<(), Error> {
        let unused: Vec<&str> = self
            .used
            .iter()
            .filter(|(_, used)| !used.load(Ordering::Relaxed))
            .map(|(name, _)| name.as_str())
            .collect();
        match self.paths.last() {
            Some(path) if !unused.is_empty() => Err(Error::Unsupported {
                path: path.clone(),
                reason: format!(
                    "it changes weights that are no layers of the model: {}",
                    list(unused.into_iter())
                ),
            }),
            _ => Ok(()),
        }
    }

    /// The base's matrices by all names that conventions have for them.
    fn layers(&self) -> BTreeMap<String, Vec<(String, Rows)>> {
        let mut layers: BTreeMap<String, Vec<(String, Rows)>> = BTreeMap::new();
        for (weight, shape) in self.base.tensors() {
            let Some(layer) = weight.strip_suffix(".weight").filter(|_| shape.len() == 2) else {
                continue;
            };
            let others = self.base.kind().map(|kind| to_files(kind, layer)).unwrap_or_default();
            for (name, rows) in others.into_iter().chain([(layer.to_owned(), Rows::All)]) {
                layers.entry(normalised(&name)).or_default().push((weight.to_owned(), rows));
            }
        }
        layers
    }

    /// Both matrices for a weight of the base, or `None` if they do not fit it.
    fn fit(&self, layer: &Layer, weight: &str, rows: Rows) -> Option<(Stored, Stored)> {
        let shape = self.base.shape(weight)?;
        let up = layer.up.take_rows(&rows.of(layer.up.shape()[0])?).ok()?;
        let fits = [up.shape()[0], layer.down.shape()[1]] == *shape;
        fits.then(|| (layer.down.clone(), up))
    }
}

impl ParamSource for Patched {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.base.shape(name)
    }

    fn stored(&self, name: &str, shape: &Shape) -> TensorResult<Stored> {
        self.base.stored(name, shape)
    }

    fn patches(&self, name: &str) -> Vec<Patch> {
        if let Some(used) = self.used.get(name) {
            used.store(true, Ordering::Relaxed);
        }
        self.patches.get(name).cloned().unwrap_or_default()
    }
}
