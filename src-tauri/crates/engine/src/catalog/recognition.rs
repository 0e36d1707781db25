//! What a file holds, told by its content and remembered by its place, size and date.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde_json::{Map, Value, json};
use weights::{Checkpoint, Kind, Lora, weight_files};

use super::{Part, scan::Root};

const FILE: &str = "recognised.json";
/// Raised when files are recognised in another way, so that old notes are not read.
const VERSION: u64 = 2;
const MAX_BYTES: u64 = 64 << 20;
/// Files that are remembered; more are looked at again.
const MAX_FILES: usize = 50_000;
/// No header of a safetensors file is longer.
const MAX_HEADER: u64 = 100_000_000;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// A part of a model.
    Part {
        /// Which.
        kind: Kind,
        /// Width of the text that it takes or gives, to tell what belongs together.
        text: Option<u64>,
        /// Channels of the latents that it takes or gives.
        latents: Option<u64>,
    },
    /// A change of a model.
    Lora,
    /// Nothing that can be used; why, as one phrase.
    Unusable(String),
}

/// The names of kinds in the notes.
const KINDS: [(Kind, &str); 10] = [
    (Kind::Flux1Transformer, "flux1_transformer"),
    (Kind::T5, "t5"),
    (Kind::Clip, "clip"),
    (Kind::Flux1Autoencoder, "flux1_autoencoder"),
    (Kind::Flux2Transformer, "flux2_transformer"),
    (Kind::QwenImageLayeredTransformer, "qwen_image_layered_transformer"),
    (Kind::Qwen3, "qwen3"),
    (Kind::Qwen25Vl, "qwen25_vl"),
    (Kind::Flux2Autoencoder, "flux2_autoencoder"),
    (Kind::QwenImageAutoencoder, "qwen_image_autoencoder"),
];

/// Notes on files that were looked at.
#[derive(Debug, Default)]
pub(super) struct Recognitions {
    path: Option<PathBuf>,
    notes: RefCell<BTreeMap<String, Note>>,
    changed: RefCell<bool>,
}

#[derive(Debug, Clone, Default)]
struct Note {
    size: u64,
    /// Nanoseconds since 1970, as text: JSON's numbers are too short.
    modified: String,
    contents: Option<Contents>,
    sha256: Option<String>,
    /// By the identity of a transformer, whether this LoRA fits it.
    fits: BTreeMap<String, bool>,
}

impl Recognitions {
    /// Reads the notes. Notes that cannot be read are made again.
    pub(super) fn open(cache: Option<&Path>) -> Self {
        let path = cache.map(|cache| cache.join(FILE));
        let notes = path.as_deref().and_then(read).unwrap_or_default();
        Self { path, notes: RefCell::new(notes), changed: RefCell::new(false) }
    }

    /// Keeps the notes, if there is something new. That they cannot be kept costs time, nothing else.
    pub(super) fn save(&self) {
        let Some(path) = self.path.as_deref().filter(|_| *self.changed.borrow()) else { return };
        let notes = self.notes.borrow();
        let files: Map<String, Value> = notes
            .iter()
            .take(MAX_FILES)
            .map(|(path, note)| (path.clone(), note.to_json()))
            .collect();
        let text = json!({ "version": VERSION, "files": files }).to_string();
        let _ = (|| {
            let folder = path.parent().unwrap_or(path);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut file, text.as_bytes())?;
            file.persist(path).map_err(|error| error.error)
        })();
    }

    /// What a file, or the folder of a component, holds; `None` if it is no file of weights at all.
    pub(super) fn of(&self, path: &Path) -> Option<Contents> {
        if let Some(known) = self.note(path).contents {
            return Some(known);
        }
        let contents = if path.is_dir() {
            recognise(path, Checkpoint::open(path))
        } else if looks_like_weights(path) {
            recognise(path, Checkpoint::open_file(path))
        } else {
            return None;
        };
        self.change(path, |note| note.contents = Some(contents.clone()));
        Some(contents)
    }

    /// Whether a LoRA fits a transformer; `test` is asked where that is not known.
    pub(super) fn fits(
        &self,
        lora: &Path,
        transformer: &Path,
        test: impl FnOnce() -> bool,
    ) -> bool {
        let Some((size, modified)) = identity(transformer) else { return test() };
        let key = format!("{} {size} {modified}", transformer.display());
        if let Some(known) = self.note(lora).fits.get(&key) {
            return *known;
        }
        let fits = test();
        self.change(lora, |note| note.fits.extend([(key, fits)]));
        fits
    }

    /// The hash of a file, if it was computed since it changed.
    pub(super) fn sha256(&self, path: &Path) -> Option<String> {
        self.note(path).sha256
    }

    pub(super) fn remember_sha256(&self, path: &Path, hash: &str) {
        self.change(path, |note| note.sha256 = Some(hash.to_owned()));
    }

    /// Where the weights of a part lie in linked folders, told by their hashes.
    pub(super) fn place_of(&self, part: &Part, roots: &[Root]) -> Option<PathBuf> {
        let weights: Vec<_> = part.files.iter().filter(|file| file.is_weights()).collect();
        let places: Vec<PathBuf> = weights
            .iter()
            .map(|wanted| self.with_hash(wanted.sha256.as_deref()?, roots))
            .collect::<Option<_>>()?;
        match places.as_slice() {
            [] => None,
            // A configuration beside it says what shapes do not.
            [single] => Some(match single.parent() {
                Some(folder)
                    if folder.join("config.json").is_file()
                        && weight_files(folder).is_ok_and(|files| files == places) =>
                {
                    folder.to_owned()
                }
                _ => single.clone(),
            }),
            [first, rest @ ..] => {
                let folder = first.parent()?;
                let is_one = rest.iter().all(|path| path.parent() == Some(folder));
                (is_one && weight_files(folder).is_ok()).then(|| folder.to_owned())
            }
        }
    }

    /// A file below a linked folder that has this content and has not changed since that was found.
    fn with_hash(&self, sha256: &str, roots: &[Root]) -> Option<PathBuf> {
        let notes = self.notes.borrow();
        let mut same = notes.iter().filter(|(_, note)| note.sha256.as_deref() == Some(sha256));
        same.find_map(|(path, note)| {
            let path = Path::new(path);
            let is_linked = roots.iter().any(|root| path.starts_with(&root.path));
            let is_same = identity(path) == Some((note.size, note.modified.clone()));
            (is_linked && is_same).then(|| path.to_owned())
        })
    }

    /// What is known of a file as it is now.
    fn note(&self, path: &Path) -> Note {
        let fresh = || {
            let (size, modified) = identity(path).unwrap_or_default();
            Note { size, modified, ..Note::default() }
        };
        let Some(text) = path.to_str() else { return fresh() };
        let notes = self.notes.borrow();
        match (notes.get(text), identity(path)) {
            (Some(note), Some((size, modified)))
                if note.size == size && note.modified == modified =>
            {
                note.clone()
            }
            _ => fresh(),
        }
    }

    fn change(&self, path: &Path, change: impl FnOnce(&mut Note)) {
        let mut note = self.note(path);
        change(&mut note);
        if let Some(text) = path.to_str() {
            self.notes.borrow_mut().insert(text.to_owned(), note);
            *self.changed.borrow_mut() = true;
        }
    }
}

/// Size and date of a file; of a component's folder, those of its files together.
fn identity(path: &Path) -> Option<(u64, String)> {
    let of_file = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some((metadata.len(), modified.as_nanos()))
    };
    if !path.is_dir() {
        return of_file(path).map(|(size, modified)| (size, modified.to_string()));
    }
    let files = weight_files(path).ok()?;
    let all = files.iter().map(|file| of_file(file)).collect::<Option<Vec<_>>>()?;
    let size = all.iter().map(|(size, _)| size).sum();
    Some((size, all.iter().map(|(_, modified)| modified).max()?.to_string()))
}

/// Whether a file begins as weights do.
fn looks_like_weights(path: &Path) -> bool {
    let mut start = [0; 9];
    let is_read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok();
    let length = u64::from_le_bytes(start[..8].try_into().unwrap_or_default());
    let is_safetensors = (2..=MAX_HEADER).contains(&length) && start[8] == b'{';
    is_read && (start.starts_with(b"GGUF") || is_safetensors)
}

fn recognise(path: &Path, opened: Result<Checkpoint, weights::Error>) -> Contents {
    let checkpoint = match opened {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Contents::Unusable(error.to_string()),
    };
    if let Some(kind) = checkpoint.kind() {
        let (text, latents) = widths(kind, &checkpoint);
        return Contents::Part { kind, text, latents };
    }
    match (Lora::open(path), checkpoint.stranger()) {
        (Ok(_), _) => Contents::Lora,
        (Err(_), Some(what)) if !what.starts_with("a LoRA") => {
            Contents::Unusable(format!("it is {what}"))
        }
        (Err(error), Some(_)) => Contents::Unusable(error.to_string()),
        (Err(_), None) => {
            Contents::Unusable("it holds no weights of a model that is known here".into())
        }
    }
}

/// How wide the text and the latents of a part are.
fn widths(kind: Kind, checkpoint: &Checkpoint) -> (Option<u64>, Option<u64>) {
    let columns = |wanted: &str| {
        let mut tensors = checkpoint.tensors();
        let (_, shape) = tensors.find(|(name, _)| *name == wanted)?;
        shape.last().map(|&columns| columns as u64)
    };
    match kind {
        Kind::Flux1Transformer => {
            (columns("context_embedder.weight"), columns("x_embedder.weight"))
        }
        Kind::T5 => {
            let table = columns("shared.weight");
            (table.or_else(|| columns("encoder.embed_tokens.weight")), None)
        }
        // All transformers here read the one that there is.
        Kind::Clip => (None, None),
        Kind::Flux1Autoencoder => {
            let mut tensors = checkpoint.tensors();
            let kernel = tensors.find(|(name, _)| *name == "decoder.conv_in.weight");
            // The transformer reads patches of four.
            (None, kernel.and_then(|(_, shape)| Some(*shape.get(1)? as u64 * 4)))
        }
        // It takes three layers of the text encoder side by side.
        Kind::Flux2Transformer => (
            columns("context_embedder.weight").map(|width| width / 3),
            columns("x_embedder.weight"),
        ),
        Kind::QwenImageLayeredTransformer => (columns("txt_in.weight"), None),
        Kind::Qwen3 | Kind::Qwen25Vl => {
            let embedding = columns("model.embed_tokens.weight");
            (embedding.or_else(|| columns("model.language_model.embed_tokens.weight")), None)
        }
        Kind::Flux2Autoencoder => (None, columns("bn.running_mean")),
        Kind::QwenImageAutoencoder => (None, None),
    }
}

fn read(path: &Path) -> Option<BTreeMap<String, Note>> {
    if fs::metadata(path).ok()?.len() > MAX_BYTES {
        return None;
    }
    let value: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if value.get("version").and_then(Value::as_u64) != Some(VERSION) {
        return None;
    }
    let files = value.get("files")?.as_object()?;
    Some(files.iter().filter_map(|(path, note)| Some((path.clone(), Note::read(note)?))).collect())
}

impl Note {
    fn to_json(&self) -> Value {
        let contents = self.contents.as_ref().map(|contents| match contents {
            Contents::Part { kind, text, latents } => {
                let kind = KINDS.iter().find(|(other, _)| other == kind).map(|(_, name)| name);
                json!({ "part": kind, "text": text, "latents": latents })
            }
            Contents::Lora => json!("lora"),
            Contents::Unusable(reason) => json!({ "unusable": reason }),
        });
        json!({
            "size": self.size,
            "modified": self.modified,
            "contents": contents,
            "sha256": self.sha256,
            "fits": self.fits,
        })
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let fits = value.get("fits").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(Self {
            size: value.get("size")?.as_u64()?,
            modified: text("modified")?,
            contents: value.get("contents").and_then(read_contents),
            sha256: text("sha256"),
            fits: fits.into_iter().filter_map(|(key, fits)| Some((key, fits.as_bool()?))).collect(),
        })
    }
}

fn read_contents(value: &Value) -> Option<Contents> {
    if value.as_str() == Some("lora") {
        return Some(Contents::Lora);
    }
    if let Some(reason) = value.get("unusable") {
        return Some(Contents::Unusable(reason.as_str()?.to_owned()));
    }
    let name = value.get("part")?.as_str()?;
    let (kind, _) = KINDS.iter().find(|(_, other)| *other == name)?;
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    Some(Contents::Part { kind: *kind, text: number("text"), latents: number("latents") })
}
