//! What lies in a linked folder: walked within bounds, each file known by its content.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use weights::{Checkpoint, Lora, Patched, weight_files};

use super::{
    Model,
    recognition::{Contents, Recognitions},
};

/// Folders inside folders that are looked into.
const MAX_DEPTH: usize = 8;
/// Files and folders that are looked at in one linked folder.
const MAX_ENTRIES: usize = 100_000;
/// A drive that takes longer to show a folder is asleep or gone.
const PATIENCE: Duration = Duration::from_secs(3);
/// Files that claim to be weights by their name are named when they are none.
const CLAIMS: [&str; 7] = ["safetensors", "sft", "gguf", "ckpt", "pt", "pth", "bin"];
/// Smaller files hold no weights.
const MIN_BYTES: u64 = 256;

/// Whether a linked folder can be looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootState {
    /// It can.
    There,
    /// It is not there: unplugged, renamed or removed.
    Gone,
    /// The drive does not answer.
    Silent,
    /// The system refuses; in its words.
    Refused(String),
}

/// A file or a component's folder, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// What it holds.
    pub contents: Contents,
}

/// A linked folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it can be looked into.
    pub state: RootState,
    /// Models in diffusers layout.
    pub folders: Vec<PathBuf>,
    /// Files of weights, and folders of a component.
    pub findings: Vec<Finding>,
    /// Whether there is more than was looked at.
    pub is_cut: bool,
}

impl Root {
    /// All files of weights, those inside of models' folders included.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let components = self.folders.iter().flat_map(|folder| {
            ["text_encoder", "text_encoder_2", "transformer", "vae"]
                .map(|component| folder.join(component))
        });
        let found = self.findings.iter().map(|finding| finding.path.clone());
        let of = |path: PathBuf| {
            if path.is_dir() { weight_files(&path).unwrap_or_default() } else { vec![path] }
        };
        found.chain(components).flat_map(of).filter(|path| path.is_file()).collect()
    }
}

/// A LoRA and what it can be used with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLora {
    /// The file.
    pub path: PathBuf,
    /// Its name without the ending.
    pub name: String,
    /// The ids of the models that it fits.
    pub fits: Vec<String>,
}

/// Looks into a linked folder.
pub(super) fn scan(path: &Path, recognitions: &Recognitions) -> Root {
    let mut root = Root {
        path: path.to_owned(),
        state: probe(path),
        folders: Vec::new(),
        findings: Vec::new(),
        is_cut: false,
    };
    if root.state == RootState::There {
        Walk { root: &mut root, recognitions, seen: BTreeSet::new(), entries: 0 }.folder(path, 0);
        root.folders.sort();
        root.findings.sort_by(|a, b| a.path.cmp(&b.path));
    }
    root
}

/// Who waits for a folder, and since when it was asked for.
struct Question {
    since: Instant,
    askers: Vec<mpsc::Sender<RootState>>,
}

/// Asks for a folder on a thread of its own: a network drive that is gone can keep one for minutes.
/// Everyone who asks meanwhile waits for the same answer, and no longer than the first.
fn probe(path: &Path) -> RootState {
    static ASKED: Mutex<BTreeMap<PathBuf, Question>> = Mutex::new(BTreeMap::new());
    let asked = || ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let (sender, answer) = mpsc::channel();
    let mut questions = asked();
    let is_new = !questions.contains_key(path);
    let question = questions
        .entry(path.to_owned())
        .or_insert_with(|| Question { since: Instant::now(), askers: Vec::new() });
    let patience = PATIENCE.saturating_sub(question.since.elapsed());
    if patience.is_zero() {
        return RootState::Silent;
    }
    question.askers.push(sender);
    drop(questions);
    if is_new {
        let folder = path.to_owned();
        thread::spawn(move || {
            let state = state_of(&folder);
            let question = asked().remove(&folder);
            for asker in question.into_iter().flat_map(|question| question.askers) {
                // It may have lost its patience.
                let _ = asker.send(state.clone());
            }
        });
    }
    answer.recv_timeout(patience).unwrap_or(RootState::Silent)
}

fn state_of(folder: &Path) -> RootState {
    let answer = if folder.is_file() { Ok(()) } else { fs::read_dir(folder).map(drop) };
    match answer {
        Ok(()) => RootState::There,
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => RootState::Gone,
            io::ErrorKind::PermissionDenied => RootState::Refused("you may not read it".into()),
            kind => RootState::Refused(kind.to_string()),
        },
    }
}

struct Walk<'a> {
    root: &'a mut Root,
    recognitions: &'a Recognitions,
    /// Folders by where they really are: links may lead in circles.
    seen: BTreeSet<PathBuf>,
    entries: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) {
        if folder.is_file() {
            return self.look_at(folder);
        }
        let Ok(real) = fs::canonicalize(folder) else { return };
        if depth > MAX_DEPTH || !self.seen.insert(real) {
            return;
        }
        if folder.join("model_index.json").is_file() {
            self.root.folders.push(folder.to_owned());
            return;
        }
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        // Several files with an index are one component.
        let has_index = ["model", "diffusion_pytorch_model"]
            .iter()
            .any(|stem| folder.join(format!("{stem}.safetensors.index.json")).is_file());
        if has_index {
            self.look_at(folder);
        }
        for path in paths {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                self.root.is_cut = true;
                return;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // The cache of Hugging Face keeps files here, and names them in the folder beside it.
            let is_cache = name == "blobs" && folder.join("snapshots").is_dir();
            if name.starts_with('.') || is_cache {
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.folder(&path, depth + 1),
                Ok(metadata) if metadata.is_file() && !has_index && metadata.len() >= MIN_BYTES => {
                    self.look_at(&path);
                }
                _ => {}
            }
        }
    }

    fn look_at(&mut self, path: &Path) {
        let claims = path
            .extension()
            .is_some_and(|end| CLAIMS.iter().any(|claim| end.eq_ignore_ascii_case(claim)));
        let contents = match self.recognitions.of(path) {
            Some(contents) => contents,
            None if claims => Contents::Unusable("it is damaged, or no file of weights".into()),
            None => return,
        };
        let size = fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
        self.root.findings.push(Finding { path: path.to_owned(), size, contents });
    }
}

/// Which models the LoRAs of linked folders fit.
pub(super) fn fit_loras(
    roots: &[Root],
    models: &[Model],
    recognitions: &Recognitions,
) -> Vec<FoundLora> {
    let is_lora = |finding: &&Finding| finding.contents == Contents::Lora;
    let loras = roots.iter().flat_map(|root| &root.findings).filter(is_lora);
    loras
        .map(|finding| {
            let fits = models.iter().filter(|model| model.is_ready()).filter(|model| {
                let transformer = model.files.path(&model.folder, "transformer");
                recognitions.fits(&finding.path, &transformer, || fits(&finding.path, &transformer))
            });
            FoundLora {
                path: finding.path.clone(),
                name: finding.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                fits: fits.map(|model| model.id.clone()).collect(),
            }
        })
        .collect()
}

/// Lays the LoRA beside the transformer, of which headers alone are read.
fn fits(lora: &Path, transformer: &Path) -> bool {
    let open = if transformer.is_dir() { Checkpoint::open } else { Checkpoint::open_file };
    let (Ok(lora), Ok(base)) = (Lora::open(lora), open(transformer)) else { return false };
    Patched::new(base.into()).add(&lora, 1.0).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_who_asks_for_a_folder_is_answered() {
        let home = tempfile::tempdir().expect("a folder");
        let gone = home.path().join("gone");
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        assert_eq!(probe(home.path()), RootState::There);
                        assert_eq!(probe(&gone), RootState::Gone);
                    }
                });
            }
        });
    }
}
