//! The rules of the house that no compiler and no lint checks, held as data.
//!
//! Every failure names the file.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A crate, its folder, and which of our crates it may name.
const CRATES: &[(&str, &str, &[&str])] = &[
    ("nn", "src-tauri/crates/nn", &[]),
    ("weights", "src-tauri/crates/weights", &["nn"]),
    ("models", "src-tauri/crates/models", &["nn"]),
    ("document", "src-tauri/crates/document", &[]),
    ("layering", "src-tauri/crates/layering", &["document"]),
    ("editing", "src-tauri/crates/editing", &[]),
    ("psd", "src-tauri/crates/psd", &["document"]),
    ("ora", "src-tauri/crates/ora", &["document"]),
    ("files", "src-tauri/crates/files", &["document", "ora", "psd"]),
    (
        "engine",
        "src-tauri/crates/engine",
        &["document", "editing", "layering", "models", "nn", "weights"],
    ),
    ("locations", "src-tauri/crates/locations", &["engine"]),
    ("downloads", "src-tauri/crates/downloads", &[]),
    ("library", "src-tauri/crates/library", &["downloads", "engine"]),
    (
        "cli",
        "src-tauri/crates/cli",
        &["document", "downloads", "engine", "files", "library", "locations"],
    ),
    ("telemetry", "src-tauri/crates/telemetry", &[]),
    ("xtask", "src-tauri/crates/xtask", &[]),
    (
        "asset-editor-window",
        "src-tauri",
        &[
            "document",
            "downloads",
            "editing",
            "engine",
            "files",
            "library",
            "locations",
            "telemetry",
        ],
    ),
    (
        "asset-editor-tests",
        "tests",
        &[
            "cli",
            "document",
            "downloads",
            "engine",
            "files",
            "layering",
            "locations",
            "models",
            "nn",
            "weights",
        ],
    ),
];

/// Foreign crates, by how their names begin, and the only crates of ours that may name them.
const FOREIGN: &[(&[&str], &[&str])] = &[
    (&["tauri", "wry", "tao", "webkit2gtk", "gtk"], &["asset-editor-window"]),
    (&["candle-"], &["nn", "models", "weights", "engine", "asset-editor-tests"]),
    (&["clap"], &["cli"]),
    (&["nvml-wrapper"], &["telemetry"]),
    // One crate talks to the network; the tests talk to browsers on this machine.
    (&["keyring", "ureq"], &["downloads"]),
    (
        &["attohttpc", "curl", "hf-hub", "hyper", "isahc", "reqwest", "surf", "thirtyfour"],
        &["asset-editor-tests"],
    ),
];

/// Words that may occur in the sources of these crates only.
const WORDS: &[(&str, &[&str])] = &[
    // JSON is spoken at the edge.
    ("Serialize", &["asset-editor-window"]),
    // Configuration enters at the edge.
    ("env::var", &["locations", "cli", "xtask", "asset-editor-window", "asset-editor-tests"]),
    ("SystemTime::now", &["asset-editor-window", "asset-editor-tests"]),
];

/// Crates with unsafe code in more than one file, and in how many: a door to each kind of machine.
const UNSAFE_FILES: &[(&str, usize)] = &[("nn", 12)];

/// A room of the page and which rooms it may import. Rooms are the folders and files right below `ui/`.
const UI_ROOMS: &[(&str, &[&str])] = &[
    ("main.js", &["canvas", "effects", "ipc", "state", "strings.js", "views"]),
    ("views", &["effects", "state", "strings.js"]),
    ("effects", &["ipc", "state", "strings.js"]),
    ("canvas", &["state"]),
    ("state", &[]),
    ("ipc", &[]),
    ("strings.js", &["strings"]),
    ("strings", &[]),
];

/// Words that must not occur in the page, and the one folder where they may.
const UI_WORDS: &[(&str, Option<&str>)] = &[
    ("__TAURI__", Some("ui/ipc")),
    ("innerHTML", None),
    ("outerHTML", None),
    ("insertAdjacentHTML", None),
    ("eval(", None),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "processor",
    "service",
    "services",
    "shared",
    "util",
    "utils",
];
const EMPTY_TYPE_ENDINGS: &[&str] = &["Helper", "Manager", "Processor", "Service", "Util", "Utils"];

const MAX_LINES: usize = 800;
const MAX_MAP_LINES: usize = 250;

#[test]
fn crates_name_only_the_crates_they_may() {
    let ours: BTreeSet<&str> = CRATES.iter().map(|(name, ..)| *name).collect();
    let mut faults = Vec::new();
    for (name, folder, allowed) in CRATES {
        for dependency in dependencies(folder) {
            if ours.contains(dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                faults.push(format!(
                    "{folder}/Cargo.toml: `{name}` must not depend on `{dependency}`"
                ));
            }
            for (beginnings, users) in FOREIGN {
                let is_meant = beginnings.iter().any(|beginning| dependency.starts_with(beginning));
                if is_meant && !users.contains(name) {
                    faults.push(format!("{folder}/Cargo.toml: `{dependency}` is not for `{name}`"));
                }
            }
            if *name == "xtask" {
                faults.push(format!(
                    "{folder}/Cargo.toml: `xtask` needs nothing but Rust, not `{dependency}`"
                ));
            }
        }
    }
    report(&faults);
}

#[test]
fn every_crate_is_in_the_table_and_follows_the_workspace_s_lints() {
    let known: BTreeSet<PathBuf> =
        CRATES.iter().map(|(_, folder, _)| root().join(folder)).collect();
    let mut faults = Vec::new();
    for manifest in files("").into_iter().filter(|path| path.ends_with("Cargo.toml")) {
        let folder = manifest.parent().expect("a file has a folder").to_owned();
        if folder == root() {
            continue;
        }
        if !known.contains(&folder) {
            faults.push(format!(
                "{}: this crate is not in the table of tests/tidy.rs",
                show(&manifest)
            ));
        }
        if parsed(&manifest).get("lints").and_then(|lints| lints.get("workspace")).is_none() {
            faults.push(format!("{}: `[lints] workspace = true` is missing", show(&manifest)));
        }
    }
    report(&faults);
}

#[test]
fn words_that_belong_to_the_edge_stay_there() {
    let mut faults = Vec::new();
    for (name, folder, _) in CRATES {
        for path in sources(&format!("{folder}/src"), "rs") {
            for (number, line) in code_lines(&path) {
                for (word, users) in WORDS {
                    if !users.contains(name) && has_word(&line, word) {
                        faults.push(format!(
                            "{}:{number}: `{word}` is not for `{name}`",
                            show(&path)
                        ));
                    }
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn model_families_do_not_import_each_other() {
    let families: Vec<PathBuf> = folders("src-tauri/crates/models/src")
        .into_iter()
        .filter(|folder| {
            folder.join("config.rs").is_file() || folder.join("transformer.rs").is_file()
        })
        .collect();
    let names: Vec<String> = families.iter().map(|folder| stem(folder)).collect();
    let mut faults = Vec::new();
    for folder in &families {
        for path in sources(&folder.to_string_lossy(), "rs") {
            for (number, line) in code_lines(&path) {
                for other in names.iter().filter(|name| **name != stem(folder)) {
                    if line.contains(&format!("crate::{other}")) {
                        faults.push(format!(
                            "{}:{number}: siblings must not import each other",
                            show(&path)
                        ));
                    }
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn unsafe_code_lives_in_few_files() {
    let mut faults = Vec::new();
    for (name, folder, _) in CRATES {
        let most = UNSAFE_FILES.iter().find(|(room, _)| room == name).map_or(1, |(_, most)| *most);
        let with_unsafe: Vec<String> = sources(&format!("{folder}/src"), "rs")
            .into_iter()
            .filter(|path| code_lines(path).iter().any(|(_, line)| line.contains("unsafe_code")))
            .map(|path| show(&path))
            .collect();
        if with_unsafe.len() > most {
            faults
                .push(format!("{}: unsafe code in more files than {most}", with_unsafe.join(", ")));
        }
    }
    report(&faults);
}

#[test]
fn rooms_of_the_page_import_only_the_rooms_they_may() {
    let ui = root().join("ui");
    let mut faults = Vec::new();
    for path in sources("ui", "js") {
        let room = room_of(&path, &ui);
        let Some((_, allowed)) = UI_ROOMS.iter().find(|(name, _)| *name == room) else {
            faults.push(format!(
                "{}: the room `{room}` is not in the table of tests/tidy.rs",
                show(&path)
            ));
            continue;
        };
        for import in imports(&path) {
            let Some(target) = resolve(&path, &import) else {
                faults.push(format!("{}: `{import}` is no relative path of a file", show(&path)));
                continue;
            };
            let other = room_of(&target, &ui);
            if other != room && !allowed.contains(&other.as_str()) {
                faults.push(format!("{}: `{room}` must not import `{import}`", show(&path)));
            }
        }
    }
    report(&faults);
}

#[test]
fn modules_of_the_page_do_not_import_in_circles() {
    let mut faults = Vec::new();
    for path in sources("ui", "js") {
        let mut seen = BTreeSet::new();
        let mut open: Vec<PathBuf> =
            imports(&path).iter().filter_map(|import| resolve(&path, import)).collect();
        while let Some(next) = open.pop() {
            if next == path {
                faults.push(format!("{}: imports itself through others", show(&path)));
                break;
            }
            if seen.insert(next.clone()) {
                open.extend(imports(&next).iter().filter_map(|import| resolve(&next, import)));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_page_writes_text_not_markup_and_has_one_door_to_tauri() {
    let mut faults = Vec::new();
    for path in sources("ui", "js") {
        for (number, line) in code_lines(&path) {
            for (word, home) in UI_WORDS {
                let is_home = home.is_some_and(|home| path.starts_with(root().join(home)));
                if line.contains(word) && !is_home {
                    faults.push(format!("{}:{number}: `{word}`", show(&path)));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn the_page_needs_no_packages_and_no_build() {
    let mut faults = Vec::new();
    for path in files("ui") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("package")
            || ["ts", "tsx", "jsx", "mjs", "cjs"].contains(&extension(&path))
        {
            faults.push(format!("{}: plain ES modules only", show(&path)));
        }
    }
    report(&faults);
}

#[test]
fn python_stays_in_the_tools() {
    let tools = root().join("tests/tools");
    let faults: Vec<String> = sources("", "py")
        .into_iter()
        .filter(|path| !path.starts_with(&tools))
        .map(|path| format!("{}: Python outside tests/tools", show(&path)))
        .collect();
    report(&faults);
}

#[test]
fn no_file_is_too_long() {
    let mut faults = Vec::new();
    for kind in ["rs", "js", "css", "py"] {
        for path in sources("", kind) {
            let lines = read(&path).lines().count();
            if lines > MAX_LINES {
                faults.push(format!("{}: {lines} lines, at most {MAX_LINES}", show(&path)));
            }
        }
    }
    let map = read(&root().join("ARCHITECTURE.md")).lines().count();
    if map > MAX_MAP_LINES {
        faults.push(format!("ARCHITECTURE.md: {map} lines, at most {MAX_MAP_LINES}"));
    }
    report(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    let mut faults = Vec::new();
    for path in ["rs", "js", "css", "py"].into_iter().flat_map(|kind| sources("", kind)) {
        if path.ends_with("tests/tidy.rs") {
            continue;
        }
        for (index, line) in read(&path).lines().enumerate() {
            for word in ["todo!(", "unimplemented!(", "#[ignore]", "TODO", "FIXME", "XXX", "HACK"] {
                if line.contains(word) {
                    faults.push(format!("{}:{}: `{word}`", show(&path), index + 1));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn names_say_what_is_inside() {
    let mut faults = Vec::new();
    for path in ["src-tauri", "ui", "tests"].into_iter().flat_map(files) {
        let inside = path.strip_prefix(root()).expect("files are below the root");
        for part in inside.iter() {
            let name = stem(Path::new(part)).to_lowercase();
            let is_twin = name.starts_with("quantized_") || name.starts_with("flash_");
            if EMPTY_NAMES.contains(&name.as_str()) || is_twin {
                faults.push(format!("{}: `{name}` as a name", show(&path)));
            }
        }
    }
    for path in ["rs", "js"].into_iter().flat_map(|kind| sources("", kind)) {
        for (number, line) in code_lines(&path) {
            let mut words =
                line.split(|character: char| !character.is_alphanumeric() && character != '_');
            let declares = |word: &str| ["struct", "enum", "trait", "class"].contains(&word);
            if words.by_ref().any(declares)
                && let Some(name) = words.find(|word| !word.is_empty())
                && EMPTY_TYPE_ENDINGS.iter().any(|ending| name.ends_with(ending))
            {
                faults.push(format!("{}:{number}: `{name}` as a name", show(&path)));
            }
        }
    }
    report(&faults);
}

#[test]
fn files_that_the_documents_name_exist() {
    let mut faults = Vec::new();
    for document in ["ARCHITECTURE.md", "README.md"] {
        for path in quoted(&read(&root().join(document))) {
            let is_ours = ["src-tauri/", "ui/", "tests/", "icons/", ".ci/"]
                .iter()
                .any(|beginning| path.starts_with(beginning));
            let is_pattern = path.contains(['*', '{', '<', ' ']);
            if is_ours && !is_pattern && !root().join(&path).exists() {
                faults.push(format!("{document}: `{path}` does not exist"));
            }
        }
    }
    report(&faults);
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package has a folder").to_owned()
}

fn show(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", show(path)))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

fn parsed(manifest: &Path) -> toml::Table {
    read(manifest).parse().unwrap_or_else(|error| panic!("{}: {error}", show(manifest)))
}

/// What a crate's manifest names, for building, running or testing it.
fn dependencies(folder: &str) -> BTreeSet<String> {
    fn collect(table: &toml::Table, names: &mut BTreeSet<String>) {
        for (key, value) in table {
            let Some(inner) = value.as_table() else { continue };
            if key.ends_with("dependencies") {
                names.extend(inner.keys().cloned());
            } else if key == "target" || key.starts_with("cfg(") {
                collect(inner, names);
            }
        }
    }
    let mut names = BTreeSet::new();
    collect(&parsed(&root().join(folder).join("Cargo.toml")), &mut names);
    names
}

/// Files of the project below a folder: nothing hidden, built, generated, or made by a model.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    let skipped = ["target", "src-tauri/gen", "src-tauri/starter-layered", "tests/reference"]
        .map(|path| root().join(path));
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_hidden = path != root() && name.starts_with('.');
        if is_hidden || skipped.contains(&path) || name == "__pycache__" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            let entries =
                fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", show(&path)));
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn folders(folder: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn sources(folder: &str, kind: &str) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|path| extension(path) == kind).collect()
}

/// Numbered lines without those that are comments.
fn code_lines(path: &Path) -> Vec<(usize, String)> {
    read(path)
        .lines()
        .enumerate()
        .filter(|(_, line)| {
            !["//", "*", "/*"].iter().any(|mark| line.trim_start().starts_with(mark))
        })
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect()
}

/// Whether `word` occurs and is not the end of a longer one, as in `Deserialize`.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

/// What a module names after `from`, in statements and not in comments.
fn imports(path: &Path) -> Vec<String> {
    let code: String = code_lines(path).into_iter().map(|(_, line)| line + "\n").collect();
    code.split(';')
        .filter(|statement| {
            let start = statement.trim_start();
            start.starts_with("import") || (start.starts_with("export") && start.contains("} from"))
        })
        .filter_map(|statement| statement.rsplit(['"', '\'']).nth(1).map(str::to_owned))
        .collect()
}

/// The file that a relative import means.
fn resolve(from: &Path, import: &str) -> Option<PathBuf> {
    if !import.starts_with("./") && !import.starts_with("../") {
        return None;
    }
    from.parent()?.join(import).canonicalize().ok().filter(|path| path.is_file())
}

/// The first part of a path below `ui/`.
fn room_of(path: &Path, ui: &Path) -> String {
    let ui = ui.canonicalize().expect("the page's folder exists");
    let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", show(path)));
    let inside =
        path.strip_prefix(&ui).map(|inside| inside.iter().next().unwrap_or_default().to_owned());
    inside.map_or_else(|_| "outside ui".into(), |room| room.to_string_lossy().into_owned())
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    let outside_blocks = text.split("```").step_by(2);
    outside_blocks.flat_map(|part| part.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}
