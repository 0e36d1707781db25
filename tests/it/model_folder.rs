use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The fixtures, or another set of the same layout.
pub(crate) fn reference(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    env::var_os("REFERENCE_DIR").map_or(here, PathBuf::from).join(name)
}

/// The small model of the fixtures.
pub(crate) fn model() -> String {
    reference("flux2-klein").to_string_lossy().into_owned()
}

/// A copy of the small model that can be damaged.
pub(crate) struct ModelFolder {
    folder: TempDir,
}

impl ModelFolder {
    pub(crate) fn copy() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&reference("flux2-klein"), folder.path());
        Self { folder }
    }

    pub(crate) fn text(&self) -> String {
        self.folder.path().to_string_lossy().into_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            .expect("it was there");
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("it can be written");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("it is there")
    }

    /// Sets a value in a JSON file; `key` is a JSON pointer.
    pub(crate) fn set(&self, name: &str, key: &str, value: Value) {
        let mut json: Value = serde_json::from_slice(&self.read(name)).expect("it is JSON");
        let (parent, last) = key.rsplit_once('/').expect("a pointer begins with a slash");
        let object = json.pointer_mut(parent).expect("the parent is there");
        object.as_object_mut().expect("it is an object").insert(last.to_owned(), value);
        self.write(name, json.to_string().as_bytes());
    }

    /// Rewrites the header of a safetensors file; the numbers stay.
    pub(crate) fn set_header(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let bytes = self.read(name);
        let (mut header, data) = split(&bytes);
        change(&mut header);
        self.write(name, &join(&header.to_string(), data));
    }

    /// Rewrites the numbers of a safetensors file, given the name of a tensor.
    pub(crate) fn set_data(&self, name: &str, tensor: &str, change: impl FnOnce(&mut [u8])) {
        let bytes = self.read(name);
        let (header, data) = split(&bytes);
        let offset = |index: usize| {
            header[tensor]["data_offsets"][index].as_u64().expect("an offset") as usize
        };
        let mut data = data.to_vec();
        change(&mut data[offset(0)..offset(1)]);
        self.write(name, &join(&header.to_string(), &data));
    }

    /// The first file of a component's weights, and a tensor in it that changes when its shape is reversed.
    pub(crate) fn weights(&self, component: &str) -> (String, String) {
        let mut names: Vec<String> = fs::read_dir(self.path(component))
            .expect("the component is there")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".safetensors"))
            .collect();
        names.sort();
        let file = format!("{component}/{}", names.first().expect("it has weights"));
        let bytes = self.read(&file);
        let (header, _) = split(&bytes);
        let tensor = header
            .as_object()
            .expect("a header is an object")
            .iter()
            .find(|(_, info)| {
                info["shape"].as_array().is_some_and(|shape| shape.first() != shape.last())
            })
            .map(|(name, _)| name.clone())
            .expect("it has a matrix that is not square");
        (file, tensor)
    }
}

/// The header and the numbers of a safetensors file.
fn split(bytes: &[u8]) -> (Value, &[u8]) {
    let len = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    (serde_json::from_slice(&bytes[8..8 + len]).expect("a header is JSON"), &bytes[8 + len..])
}

/// A safetensors file of a header and numbers.
pub(crate) fn join(header: &str, data: &[u8]) -> Vec<u8> {
    let mut header = header.as_bytes().to_vec();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes(), header.as_slice(), data].concat()
}

/// A safetensors file with one tensor of f32.
pub(crate) fn tensor_file(name: &str, shape: &[usize], value: f32) -> Vec<u8> {
    let data = value.to_le_bytes().repeat(shape.iter().product());
    let header =
        json!({ name: { "dtype": "F32", "shape": shape, "data_offsets": [0, data.len()] } });
    join(&header.to_string(), &data)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the fixture is there").flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&place).expect("a folder");
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), &place).expect("a copy");
        }
    }
}
