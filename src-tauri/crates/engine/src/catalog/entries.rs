//! The form of `models.toml`: the built-in catalogue and the user's own.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component as PathComponent, Path, PathBuf},
};

use serde::Deserialize;

use super::{Defaults, Family};

/// The catalogue that ships with the app.
const BUILT_IN: &str = include_str!("../../../../../models.toml");
/// Larger files are no catalogue.
const MAX_BYTES: u64 = 4 << 20;
/// No file of a model is larger; a number beyond it is a slip of the pen.
const MAX_FILE_BYTES: u64 = 1 << 40;
const MAX_NAME: usize = 100;

/// On which terms a model may be used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// What entries call it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Which text of it; another version has to be accepted anew.
    #[serde(default)]
    pub version: String,
    /// Where its text is.
    pub url: String,
    /// What it means, in one plain sentence.
    #[serde(default)]
    pub summary: String,
    /// Whether what is made with the model may be sold.
    pub commercial: bool,
}

/// A file of a part.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartFile {
    /// Below the repository, and below the folder on the disk; whole and normal.
    pub path: String,
    /// Bytes, where they are known.
    pub size: Option<u64>,
    /// SHA-256 in small hexadecimal digits, where it is known.
    pub sha256: Option<String>,
}

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartComponent {
    /// What paints.
    Transformer,
    /// What reads.
    TextEncoder,
    /// What makes latents of pictures and pictures of latents.
    Vae,
    /// Tokenizer, scheduler and what else is small.
    Settings,
}

impl PartComponent {
    /// The name of its folder in diffusers layout; settings lie in several.
    #[must_use]
    pub fn folder(self) -> Option<&'static str> {
        match self {
            Self::Transformer => Some("transformer"),
            Self::TextEncoder => Some("text_encoder"),
            Self::Vae => Some("vae"),
            Self::Settings => None,
        }
    }
}

/// Something that can be downloaded: a component of a model, or of several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What models call it.
    pub id: String,
    /// What it is for.
    pub component: PartComponent,
    /// `OWNER/NAME` on Hugging Face.
    pub repository: String,
    /// A branch, or the commit whose files are described.
    #[serde(default = "main_branch")]
    pub revision: String,
    /// The folder below a model root that its files go into.
    pub folder: String,
    /// The id of its licence.
    pub licence: String,
    /// Whether its publisher gives it only to people who are signed in and have agreed.
    #[serde(default)]
    pub gated: bool,
    /// What it is made of.
    pub files: Vec<PartFile>,
}

fn main_branch() -> String {
    "main".into()
}

impl Part {
    /// Where it lies below a model root: the folder of its component, or its only file.
    #[must_use]
    pub fn place(&self, root: &Path) -> PathBuf {
        let folder = root.join(&self.folder);
        match (self.component.folder(), self.files.as_slice()) {
            (Some(component), [file, ..]) if file.path.starts_with(&format!("{component}/")) => {
                folder.join(component)
            }
            (Some(_), [file]) => folder.join(&file.path),
            _ => folder,
        }
    }

    /// Whether all of its files lie below a model root, each with the size that is known.
    #[must_use]
    pub fn is_below(&self, root: &Path) -> bool {
        self.files.iter().all(|file| file.is_below(&root.join(&self.folder)))
    }

    /// Bytes of all files; `None` where one of them is not known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.files.iter().map(|file| file.size).sum()
    }
}

impl PartFile {
    /// Whether it holds numbers, rather than what is said about them.
    #[must_use]
    pub fn is_weights(&self) -> bool {
        let end = Path::new(&self.path).extension();
        end.is_some_and(|end| end == "safetensors" || end == "gguf")
    }

    /// Whether it lies below a part's folder, with the size that is known.
    #[must_use]
    pub fn is_below(&self, folder: &Path) -> bool {
        fs::metadata(folder.join(&self.path)).is_ok_and(|metadata| {
            metadata.is_file() && self.size.is_none_or(|size| size == metadata.len())
        })
    }
}

/// One `[[model]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) note: String,
    /// Its folder below a model root.
    pub(crate) folder: String,
    /// Where its publisher offers it.
    #[serde(default)]
    pub(crate) repository: String,
    /// The id of its licence.
    pub(crate) licence: String,
    #[serde(default)]
    pub(crate) family: Family,
    #[serde(default)]
    pub(crate) distilled: bool,
    #[serde(default)]
    pub(crate) kv_references: bool,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) steps: usize,
    pub(crate) guidance: f64,
    pub(crate) max_sequence_length: usize,
    #[serde(default)]
    pub(crate) layers: u32,
    /// GiB of memory with which it works well.
    pub(crate) memory_gib: Option<u32>,
    /// The ids of what it is made of; parts may be shared.
    #[serde(default)]
    pub(crate) parts: Vec<String>,
}

impl Entry {
    pub(crate) fn defaults(&self) -> Defaults {
        Defaults {
            width: self.width,
            height: self.height,
            steps: self.steps,
            guidance: self.guidance,
            max_sequence_length: self.max_sequence_length,
            layers: self.layers,
        }
    }
}

/// What a catalogue file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entries {
    #[serde(default, rename = "licence")]
    pub(crate) licences: Vec<Licence>,
    #[serde(default, rename = "part")]
    pub(crate) parts: Vec<Part>,
    #[serde(default, rename = "model")]
    pub(crate) models: Vec<Entry>,
}

impl Entries {
    /// What ships with the app.
    ///
    /// # Errors
    /// If it is damaged, which a test excludes.
    pub(crate) fn built_in() -> Result<Self, String> {
        Self::parse(BUILT_IN, &Self::default()).map_err(|reason| format!("models.toml: {reason}"))
    }

    /// Reads a file of the user's. What it names may be in `others`.
    ///
    /// # Errors
    /// One line that names the file.
    pub(crate) fn read(path: &Path, others: &Self) -> Result<Self, String> {
        let named = |reason: &dyn std::fmt::Display| format!("`{}`: {reason}", path.display());
        let metadata = fs::metadata(path).map_err(|error| named(&error))?;
        if !metadata.is_file() || metadata.len() > MAX_BYTES {
            return Err(named(&"it is no catalogue of models"));
        }
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        Self::parse(&text, others).map_err(|reason| named(&reason))
    }

    /// Reads and checks.
    pub(crate) fn parse(text: &str, others: &Self) -> Result<Self, String> {
        let mut entries: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            format!("line {line}: {message}")
        })?;
        let twice = |what: &str, id: &str| {
            format!("there are two {what} called `{id}`; each needs an id of its own")
        };
        let mut known = Known::of(others);
        for licence in &entries.licences {
            check_id(&licence.id)?;
            if !licence.url.starts_with("https://") {
                return Err(format!("licence `{}`: its url must begin with https://", licence.id));
            }
            if !known.licences.insert(licence.id.clone()) {
                return Err(twice("licences", &licence.id));
            }
        }
        for part in &mut entries.parts {
            part.check(&known).map_err(|reason| format!("part `{}`: {reason}", part.id))?;
            if !known.parts.insert(part.id.clone()) {
                return Err(twice("parts", &part.id));
            }
        }
        for model in &entries.models {
            model.check(&known).map_err(|reason| format!("model `{}`: {reason}", model.id))?;
            // Downloads take both kinds of names.
            if known.parts.contains(&model.id) || !known.models.insert(model.id.clone()) {
                return Err(twice("models or parts", &model.id));
            }
        }
        Ok(entries)
    }

    /// Adds what another file says.
    pub(crate) fn extend(&mut self, other: Self) {
        self.licences.extend(other.licences);
        self.parts.extend(other.parts);
        self.models.extend(other.models);
    }

    pub(crate) fn part(&self, id: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    pub(crate) fn licence(&self, id: &str) -> Option<&Licence> {
        self.licences.iter().find(|licence| licence.id == id)
    }

    /// The parts of a model, or the part itself.
    pub(crate) fn parts_of(&self, id: &str) -> Vec<&Part> {
        match self.models.iter().find(|model| model.id == id) {
            Some(model) => model.parts.iter().filter_map(|part| self.part(part)).collect(),
            None => self.part(id).into_iter().collect(),
        }
    }
}

/// Ids that can be referred to.
struct Known {
    licences: BTreeSet<String>,
    parts: BTreeSet<String>,
    models: BTreeSet<String>,
}

impl Known {
    fn of(entries: &Entries) -> Self {
        Self {
            licences: entries.licences.iter().map(|licence| licence.id.clone()).collect(),
            parts: entries.parts.iter().map(|part| part.id.clone()).collect(),
            models: entries.models.iter().map(|model| model.id.clone()).collect(),
        }
    }

    fn check_licence(&self, id: &str) -> Result<(), String> {
        if self.licences.contains(id) {
            return Ok(());
        }
        let known: Vec<&str> = self.licences.iter().map(String::as_str).collect();
        Err(format!(
            "no licence is called `{id}`; known are {}, and a [[licence]] of your own adds one",
            known.join(", ")
        ))
    }
}

impl Part {
    fn check(&mut self, known: &Known) -> Result<(), String> {
        check_id(&self.id)?;
        known.check_licence(&self.licence)?;
        check_repository(&self.repository)?;
        check_path(&self.revision)?;
        check_folder(&self.folder)?;
        if self.files.is_empty() {
            return Err("it has no files".into());
        }
        let mut paths = BTreeSet::new();
        for file in &mut self.files {
            check_path(&file.path)?;
            if !paths.insert(file.path.clone()) {
                return Err(format!("`{}` is there twice", file.path));
            }
            if file.size.is_some_and(|size| size == 0 || size > MAX_FILE_BYTES) {
                return Err(format!("the size of `{}` cannot be", file.path));
            }
            if let Some(hash) = &mut file.sha256 {
                if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(format!(
                        "the sha256 of `{}` must have 64 digits from 0 to f",
                        file.path
                    ));
                }
                hash.make_ascii_lowercase();
            }
        }
        Ok(())
    }
}

impl Entry {
    fn check(&self, known: &Known) -> Result<(), String> {
        check_id(&self.id)?;
        check_folder(&self.folder)?;
        known.check_licence(&self.licence)?;
        if !self.repository.is_empty() {
            check_repository(&self.repository)?;
        }
        if let Some(part) = self.parts.iter().find(|part| !known.parts.contains(*part)) {
            return Err(format!("no part is called `{part}`"));
        }
        let sides = [self.width, self.height];
        if sides.iter().any(|side| !(16..=crate::MAX_SIDE).contains(side)) {
            return Err(format!("{} × {} is no size of a picture", self.width, self.height));
        }
        if self.steps == 0 || self.steps > 1000 {
            return Err(format!("{} steps are out of range", self.steps));
        }
        if !self.guidance.is_finite() || !(0.0..=100.0).contains(&self.guidance) {
            return Err(format!("a guidance of {} is out of range", self.guidance));
        }
        Ok(())
    }
}

/// Ids are typed on a command line.
fn check_id(id: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.is_empty()
        || id.len() > MAX_NAME
        || !id.bytes().all(is_plain)
        || id.starts_with(['-', '.'])
    {
        return Err(format!("`{id}` is no id: letters, digits and - _ . make one"));
    }
    Ok(())
}

fn check_folder(folder: &str) -> Result<(), String> {
    check_path(folder)?;
    if folder.contains('/') {
        return Err(format!("`{folder}` must be one folder, not a path"));
    }
    Ok(())
}

/// A path that stays where it is put.
fn check_path(path: &str) -> Result<(), String> {
    let is_normal =
        Path::new(path).components().all(|part| matches!(part, PathComponent::Normal(_)));
    let is_plain = !path.contains(['\\', ':', '\0', '\n']) && !path.contains("//");
    let ends = path.ends_with('/') || path.ends_with(".partial");
    if path.is_empty() || path.len() > 4 * MAX_NAME || !is_normal || !is_plain || ends {
        return Err(format!("the path `{path}` does not stay below its folder"));
    }
    Ok(())
}

fn check_repository(repository: &str) -> Result<(), String> {
    let parts: Vec<&str> = repository.split('/').collect();
    match parts[..] {
        [owner, name] if check_id(owner).is_ok() && check_id(name).is_ok() => Ok(()),
        _ => Err(format!("`{repository}` is no repository: OWNER/NAME is needed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn valid() -> String {
        format!(
            r#"
            [[licence]]
            id = "mine"
            name = "Mine"
            url = "https://example.org/licence"
            commercial = true
            [[part]]
            id = "small-transformer"
            component = "transformer"
            repository = "me/small"
            folder = "small"
            licence = "mine"
            files = [{{ path = "transformer/a.safetensors", size = 5, sha256 = "{HASH}" }}]
            [[model]]
            id = "small"
            name = "Small"
            note = "Small."
            folder = "small"
            licence = "mine"
            width = 512
            height = 512
            steps = 4
            guidance = 1.0
            max_sequence_length = 512
            parts = ["small-transformer"]
            "#
        )
    }

    fn refusal(from: &str, to: &str) -> String {
        let text = valid();
        assert!(text.contains(from), "{from}");
        Entries::parse(&text.replace(from, to), &Entries::default())
            .expect_err("it should be refused")
    }

    #[test]
    fn the_built_in_catalogue_is_valid_and_says_what_every_part_is_for() {
        let entries = Entries::built_in().expect("it is valid");
        for model in &entries.models {
            let parts = entries.parts_of(&model.id);
            if parts.is_empty() {
                continue;
            }
            for component in [
                PartComponent::Transformer,
                PartComponent::TextEncoder,
                PartComponent::Vae,
                PartComponent::Settings,
            ] {
                let count = parts.iter().filter(|part| part.component == component).count();
                assert_eq!(count, 1, "{}: {component:?}", model.id);
            }
        }
    }

    #[test]
    fn an_entry_that_is_right_is_read_as_it_is_written() {
        let entries = Entries::parse(&valid(), &Entries::default()).expect("it is right");
        let part = entries.part("small-transformer").expect("a part");
        assert_eq!(part.size(), Some(5));
        assert_eq!(part.revision, "main");
        assert_eq!(part.place(Path::new("/models")), Path::new("/models/small/transformer"));
        assert_eq!(entries.parts_of("small").len(), 1);
        assert_eq!(entries.parts_of("small-transformer").len(), 1);
    }

    #[test]
    fn slips_of_the_pen_are_refused_by_name() {
        for (from, to, words) in [
            ("id = \"small\"", "id = \"small-transformer\"", "two models or parts"),
            ("id = \"small\"", "id = \"-x\"", "no id"),
            ("id = \"small\"", "ids = \"small\"", "unknown field `ids`"),
            (HASH, &HASH[1..], "64 digits"),
            (HASH, &HASH.replace('b', "g"), "64 digits"),
            ("size = 5", "size = 0", "cannot be"),
            ("size = 5", "size = -5", "line 13"),
            ("size = 5", "size = 9000000000000000", "cannot be"),
            ("transformer/a.safetensors", "../a.safetensors", "does not stay"),
            ("transformer/a.safetensors", "/a.safetensors", "does not stay"),
            ("transformer/a.safetensors", "transformer/./../../a", "does not stay"),
            ("transformer/a.safetensors", "transformer\\\\a", "does not stay"),
            ("folder = \"small\"", "folder = \"a/b\"", "one folder"),
            ("licence = \"mine\"", "licence = \"yours\"", "no licence is called `yours`"),
            ("https://example.org", "http://example.org", "https://"),
            ("me/small", "small", "OWNER/NAME"),
            ("parts = [\"small", "parts = [\"large", "no part is called"),
            ("steps = 4", "steps = 0", "out of range"),
            ("width = 512", "width = 5", "no size"),
            ("component = \"transformer\"", "component = \"wheel\"", "line 9: unknown variant"),
            ("steps = 4", "steps = 4\nfamily = \"sdxl\"", "unknown variant `sdxl`"),
        ] {
            let reason = refusal(from, to);
            assert!(reason.contains(words), "{to}: {reason}");
            assert!(!reason.contains('\n'), "{reason}");
        }
    }

    #[test]
    fn ids_of_the_built_in_catalogue_are_taken_and_its_parts_can_be_used() {
        let built_in = Entries::built_in().expect("it is valid");
        let same = valid().replace("id = \"small\"", "id = \"klein-4b\"");
        let reason = Entries::parse(&same, &built_in).expect_err("it is taken");
        assert!(reason.contains("`klein-4b`"), "{reason}");
        let shared = valid().replace("parts = [", "parts = [\"klein-4b-vae\", ");
        assert!(Entries::parse(&shared, &built_in).is_ok());
    }
}
