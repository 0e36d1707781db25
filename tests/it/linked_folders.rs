use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    model_files::{tensors, write_safetensors},
    model_folder::{model, reference},
    program::{Bench, Run},
};

/// A tree as ComfyUI has one, of the fixtures' parts under names that say nothing.
struct Tree {
    bench: Bench,
}

impl Tree {
    fn new() -> Self {
        let tree = Self { bench: Bench::new() };
        for (name, component) in [
            ("diffusion_models/painter", "transformer"),
            ("text_encoders/deep/reader.bin", "text_encoder"),
        ] {
            let path = tree.bench.path("models").join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            write_safetensors(&path, &tensors(component));
        }
        tree.put(
            "models/vae/eye.safetensors",
            &reference("formats/flux2/flux2_vae_bfl.safetensors"),
        );
        tree.put("models/loras/style.safetensors", &reference("lora/flux2/kohya.safetensors"));
        tree.put(
            "models/loras/layers.safetensors",
            &reference("lora/qwen_image/kohya.safetensors"),
        );
        tree
    }

    fn put(&self, name: &str, file: &Path) {
        let path = self.bench.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::copy(file, &path).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// The folder that lends a tokenizer and what else is small.
    fn put_settings(&self) {
        for folder in ["tokenizer", "scheduler"] {
            for entry in fs::read_dir(reference("flux2-klein").join(folder)).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                self.put(&format!("models/small/{folder}/{name}"), &path);
            }
        }
        // What shapes do not tell of a model as small as this.
        for component in ["transformer", "text_encoder", "vae"] {
            let config = format!("{component}/config.json");
            self.put(&format!("models/small/{config}"), &reference("flux2-klein").join(&config));
        }
        self.put("models/small/model_index.json", &reference("flux2-klein/model_index.json"));
    }

    fn link(&self) -> Run {
        let run = self.bench.run(&["models", "link", "models"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        run
    }

    fn list(&self) -> Value {
        let run = self.bench.run(&["models", "list", "--json"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        serde_json::from_str(&run.stdout).expect("it is JSON")
    }

    fn model(&self, id: &str) -> Value {
        let list = self.list();
        let models = list["models"].as_array().expect("a list");
        let found = models.iter().find(|model| model["id"] == id);
        found.unwrap_or_else(|| panic!("no `{id}` in {list:#}")).clone()
    }
}

fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).expect("a file");
                files.insert(path, bytes);
            }
        }
    }
    files
}

#[test]
fn parts_of_a_comfyui_tree_are_put_together_and_paint_where_they_lie() {
    let tree = Tree::new();
    tree.link();
    let painter = tree.model("painter");
    assert_eq!(painter["ready"], false);
    assert!(painter["missing"][0].as_str().expect("a text").contains("klein-4b-settings"));
    tree.put_settings();
    let before = snapshot(&tree.bench.path("models"));
    let painter = tree.model("painter");
    assert_eq!(painter["ready"], true, "{painter:#}");
    let places = painter["places"].to_string();
    for part in ["reader.bin", "eye.safetensors", "diffusion_models/painter"] {
        assert!(places.contains(part), "{part}: {places}");
    }
    let arguments = |model: &str| -> Vec<String> {
        let mut words =
            vec!["generate", "--model", model, "--prompt", "the red fox", "--out", "out.png"];
        words.extend(["--width", "64", "--height", "64", "--seed", "7", "--steps", "2"]);
        words.extend(["--max-sequence-length", "64", "--dtype", "f32"]);
        words.into_iter().map(str::to_owned).collect()
    };
    let paint = |model: &str| {
        let arguments = arguments(model);
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        tree.bench.paints(&words, &[])
    };
    assert!(paint("painter") == paint(&model()), "the same parts paint another picture");
    assert!(snapshot(&tree.bench.path("models")) == before, "a linked folder was changed");
}

#[test]
fn loras_are_listed_with_the_models_that_they_fit() {
    let tree = Tree::new();
    tree.put_settings();
    tree.link();
    let list = tree.list();
    let fits = |name: &str| {
        let loras = list["loras"].as_array().expect("a list");
        let lora = loras.iter().find(|lora| lora["name"] == name);
        lora.unwrap_or_else(|| panic!("no {name} in {list:#}"))["fits"].to_string()
    };
    assert!(fits("style").contains("\"painter\""), "{}", fits("style"));
    assert!(!fits("style").contains("starter"), "{}", fits("style"));
    assert!(!fits("layers").contains("painter"), "{}", fits("layers"));
}

#[test]
fn what_cannot_be_used_is_listed_with_a_reason_and_harms_nothing() {
    let tree = Tree::new();
    tree.put_settings();
    let place = |name: &str, bytes: &[u8]| {
        fs::write(tree.bench.path("models").join(name), bytes).expect("written");
    };
    let mut cut = fs::read(tree.bench.path("models/vae/eye.safetensors")).expect("a file");
    cut.truncate(cut.len() / 2);
    place("cut.safetensors", &cut);
    place("nonsense.gguf", &[7; 4000]);
    place("pickle.ckpt", &[b"PK\x03\x04".as_slice(), &[0; 4000]].concat());
    place("picture.png", &[1; 4000]);
    let huge = [&u64::MAX.to_le_bytes()[..], b"{", &[0; 4000]].concat();
    place("huge.safetensors", &huge);
    let claim = [&90_000_000_u64.to_le_bytes()[..], b"{", &[0; 4000]].concat();
    place("claim.safetensors", &claim);
    // Loops, and links to nowhere.
    symlink(tree.bench.path("models"), tree.bench.path("models/loop")).expect("a link");
    symlink("nowhere", tree.bench.path("models/dangling.safetensors")).expect("a link");
    tree.link();
    let list = tree.list();
    assert!(list["models"].to_string().contains("painter"));
    let files = list["linked"][0]["files"].as_array().expect("a list");
    let problem = |name: &str| {
        let file = files.iter().find(|file| {
            file["path"].as_str().is_some_and(|path| path.ends_with(&format!("/{name}")))
        });
        file.map(|file| file["problem"].as_str().unwrap_or_default().to_owned())
    };
    for name in
        ["cut.safetensors", "nonsense.gguf", "pickle.ckpt", "huge.safetensors", "claim.safetensors"]
    {
        assert!(problem(name).is_some_and(|problem| !problem.is_empty()), "{name}: {files:#?}");
    }
    assert_eq!(problem("picture.png"), None);
    let names: Vec<&str> = files.iter().filter_map(|file| file["path"].as_str()).collect();
    assert!(names.iter().all(|name| !name.contains("/loop/")), "{names:?}");
}

#[test]
fn a_drive_that_is_gone_is_said_to_be_and_can_be_unlinked() {
    let tree = Tree::new();
    tree.put_settings();
    tree.link();
    let (from, to) = (tree.bench.path("models"), tree.bench.path("elsewhere"));
    fs::rename(&from, &to).expect("it can be moved");
    let run = tree.bench.run(&["models"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("is not there; plug the drive in or unlink it"), "{run:#?}");
    assert!(run.stdout.contains("starter"), "{run:#?}");
    fs::rename(&to, &from).expect("it can be moved");
    assert_eq!(tree.model("painter")["ready"], true);
    fs::rename(&from, &to).expect("it can be moved");
    let path = from.to_string_lossy().into_owned();
    assert_eq!(tree.bench.run(&["models", "unlink", &path]).code, Some(0));
    assert!(!tree.bench.run(&["models"]).stdout.contains("plug the drive in"));
    tree.bench.refuses(&["models", "unlink", &path], "is not linked");
    tree.bench.refuses(&["models", "link", "nowhere"], "is no folder");
}

#[test]
fn a_single_file_can_be_added_where_it_lies_and_another_thing_cannot() {
    let tree = Tree::new();
    tree.put_settings();
    let run = tree.bench.run(&["models", "add", "models/small"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    for part in [
        "models/diffusion_models/painter",
        "models/text_encoders/deep/reader.bin",
        "models/vae/eye.safetensors",
    ] {
        let run = tree.bench.run(&["models", "add", part]);
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    assert_eq!(tree.model("painter")["ready"], true);
    fs::write(tree.bench.path("text"), "not a catalogue").expect("written");
    tree.bench.refuses(&["models", "add", "text"], "`text`");
    tree.bench.refuses(&["models", "link", "text"], "is no folder");
}

#[test]
fn a_file_is_looked_at_again_only_when_it_changes() {
    let tree = Tree::new();
    tree.put_settings();
    tree.link();
    let notes = tree.bench.home(".cache/asset-editor/recognised.json");
    tree.list();
    let first = fs::read_to_string(&notes).expect("there are notes");
    // A note that says something else is believed while the file stays as it is.
    fs::write(&notes, first.replace("flux2_autoencoder", "qwen_image_autoencoder"))
        .expect("written");
    assert_eq!(tree.model("painter")["ready"], false);
    let vae = tree.bench.path("models/vae/eye.safetensors");
    let bytes = fs::read(&vae).expect("a file");
    fs::remove_file(&vae).expect("it was there");
    fs::write(&vae, bytes).expect("written");
    assert_eq!(tree.model("painter")["ready"], true);
    // Notes that make no sense are made anew.
    fs::write(&notes, "{").expect("written");
    assert_eq!(tree.model("painter")["ready"], true);
}

#[test]
fn the_cache_of_hugging_face_is_read_with_the_names_of_its_repositories() {
    let bench = Bench::new();
    let repository = bench.path("hub/models--me--Tiny-Klein");
    let blobs = repository.join("blobs");
    fs::create_dir_all(&blobs).expect("a folder");
    let base = reference("flux2-klein");
    for (number, (path, bytes)) in snapshot(&base).into_iter().enumerate() {
        let blob = blobs.join(format!("{number:040x}"));
        fs::write(&blob, bytes).expect("written");
        let name =
            repository.join("snapshots/0123abcd").join(path.strip_prefix(&base).expect("below"));
        fs::create_dir_all(name.parent().expect("a folder")).expect("a folder");
        symlink(&blob, name).expect("a link");
    }
    assert_eq!(bench.run(&["models", "link", "hub"]).code, Some(0));
    let run = bench.run(&["models", "list", "--json"]);
    let list: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    let models = list["models"].as_array().expect("a list");
    let tiny = models.iter().find(|model| model["id"] == "Tiny-Klein");
    assert_eq!(tiny.expect("it is listed")["ready"], true, "{list:#}");
    assert_eq!(list["linked"][0]["files"], serde_json::json!([]), "blobs are looked at twice");
}
