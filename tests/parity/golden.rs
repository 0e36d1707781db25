//! Reading fixtures, watching a computation, comparing with stated tolerances.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use candle_core::{DType, Device, Result, Tensor};
use engine::{
    Image, ImageStore, PartFiles,
    pipelines::{
        Monitor, Setup,
        flux2::{Klein, Variant},
        qwen_image_layered::Layered,
    },
};
use nn::{ParamSource, Params, Probe};
use weights::Checkpoint;

use crate::near;

/// The fixture folder.
pub(crate) fn reference_dir() -> PathBuf {
    std::env::var_os("REFERENCE_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("reference"), PathBuf::from)
}

/// The tiny FLUX.2 model.
pub(crate) fn model_dir() -> PathBuf {
    reference_dir().join("flux2-klein")
}

/// The tiny layered model.
pub(crate) fn layered_dir() -> PathBuf {
    reference_dir().join("qwen-image-layered")
}

/// A text file of the tiny FLUX.2 model.
pub(crate) fn config(path: &str) -> String {
    text(&model_dir().join(path))
}

/// A text file.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Weights of a component of the tiny FLUX.2 model, in f32 on the CPU.
pub(crate) fn params(component: &str) -> Params {
    params_in(&model_dir().join(component))
}

/// Weights of a component's folder, in f32 on the CPU.
pub(crate) fn params_in(folder: &Path) -> Params {
    let checkpoint = Checkpoint::open(folder).expect("the fixture is whole");
    let source: Arc<dyn ParamSource> = Arc::new(checkpoint);
    Params::new(source, DType::F32, Device::Cpu)
}

/// The tiny model as a pipeline with all parts loaded.
pub(crate) fn klein(distilled: bool, kv_references: bool) -> Klein {
    let mut klein = open_klein(model_dir(), distilled, kv_references);
    with_monitor(|monitor| klein.load_text_encoder(monitor).expect("the fixture is whole"));
    with_monitor(|monitor| klein.load_picture_parts(monitor).expect("the fixture is whole"));
    klein
}

/// The tiny layered model as a pipeline; parts are loaded when they are needed.
pub(crate) fn layered() -> Layered {
    open_layered(layered_dir())
}

/// A folder as a pipeline, in f32 on the CPU; parts are loaded when they are needed.
pub(crate) fn open_klein(folder: PathBuf, distilled: bool, kv_references: bool) -> Klein {
    Klein::open(exact(folder), Variant { distilled, kv_references }).expect("the model is whole")
}

/// The same for a layered model.
pub(crate) fn open_layered(folder: PathBuf) -> Layered {
    Layered::open(exact(folder)).expect("the model is whole")
}

/// A whole folder, in f32 on the CPU.
pub(crate) fn exact(folder: PathBuf) -> Setup {
    Setup {
        folder,
        files: PartFiles::default(),
        loras: Vec::new(),
        dtype: DType::F32,
        device: Device::Cpu,
    }
}

/// Calls `work` with a monitor that nobody listens to.
pub(crate) fn with_monitor<T>(work: impl FnOnce(&mut Monitor<'_>) -> T) -> T {
    let (cancel, images) = (AtomicBool::new(false), Arc::new(ImageStore::default()));
    work(&mut Monitor { cancel: &cancel, images: &images, on_event: &mut |_| {} })
}

/// `cases.json`.
pub(crate) struct Cases(serde_json::Value);

impl Cases {
    pub(crate) fn read() -> Self {
        Self(json("flux2-golden/cases.json"))
    }

    pub(crate) fn prompt(&self, index: usize) -> &str {
        self.0["prompts"][index].as_str().expect("a prompt")
    }

    pub(crate) fn number(&self, case: &str, name: &str) -> f64 {
        self.0[case][name].as_f64().expect("a number")
    }

    pub(crate) fn max_sequence_length(&self, case: &str) -> usize {
        let lengths = &self.0["max_sequence_length"];
        lengths
            .get(case)
            .or_else(|| lengths.get("others"))
            .and_then(serde_json::Value::as_u64)
            .expect("a length") as usize
    }
}

/// `cases.json` of the layered model.
pub(crate) struct LayeredCases(serde_json::Value);

/// One run of the layered model.
pub(crate) struct LayeredCase {
    pub(crate) layers: usize,
    pub(crate) steps: usize,
    pub(crate) guidance: f64,
    pub(crate) normalizes: bool,
    pub(crate) negative: Option<String>,
}

impl LayeredCases {
    pub(crate) fn read() -> Self {
        Self(json("qwen-golden/cases.json"))
    }

    pub(crate) fn prompt(&self, index: usize) -> &str {
        self.0["prompts"][index].as_str().expect("a prompt")
    }

    pub(crate) fn small(&self, index: usize) -> LayeredCase {
        LayeredCase::new(&self.0["lay_small"][index])
    }

    pub(crate) fn full(&self) -> LayeredCase {
        LayeredCase::new(&self.0["lay_full"])
    }

    pub(crate) fn full_resolution(&self) -> u32 {
        self.0["lay_full"]["resolution"].as_u64().expect("a side") as u32
    }
}

impl LayeredCase {
    fn new(case: &serde_json::Value) -> Self {
        let number = |name: &str| case[name].as_u64().expect("a number") as usize;
        Self {
            layers: number("layers"),
            steps: number("steps"),
            guidance: case["cfg"].as_f64().expect("a number"),
            normalizes: case["norm"].as_bool().expect("yes or no"),
            negative: case["neg"].as_str().map(str::to_owned),
        }
    }
}

/// A JSON file among the fixtures.
pub(crate) fn json(name: &str) -> serde_json::Value {
    serde_json::from_str(&text(&reference_dir().join(name))).expect("valid JSON")
}

/// One file of reference tensors with its tolerances.
pub(crate) struct Golden {
    name: String,
    tensors: HashMap<String, Tensor>,
    tolerances: BTreeMap<String, f64>,
}

impl Golden {
    pub(crate) fn open(name: &str) -> Self {
        let path = reference_dir().join(name);
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let all = json("tolerances.json");
        let tolerances = all[name]
            .as_object()
            .unwrap_or_else(|| panic!("tolerances.json has no `{name}`"))
            .iter()
            .map(|(tensor, tolerance)| (tensor.clone(), tolerance.as_f64().expect("a number")))
            .collect();
        Self { name: name.to_owned(), tensors, tolerances }
    }

    pub(crate) fn contains(&self, tensor: &str) -> bool {
        self.tensors.contains_key(tensor)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    pub(crate) fn tensor(&self, tensor: &str) -> Tensor {
        self.tensors
            .get(tensor)
            .unwrap_or_else(|| panic!("{} has no `{tensor}`", self.name))
            .clone()
    }

    /// A picture `[h, w, 4]` of 8 bits.
    pub(crate) fn rgba(&self, tensor: &str) -> Image {
        let levels = self.tensor(tensor);
        let (h, w) = (levels.dims()[0], levels.dims()[1]);
        let rgba = levels.flatten_all().and_then(|t| t.to_vec1::<u8>()).expect("levels");
        Image::new(w as u32, h as u32, rgba).expect("a picture")
    }

    /// The absolute difference that is accepted.
    pub(crate) fn tolerance(&self, tensor: &str) -> f64 {
        *self
            .tolerances
            .get(tensor)
            .unwrap_or_else(|| panic!("tolerances.json has no `{tensor}` for {}", self.name))
    }

    /// Fails unless `actual` has the reference's shape and lies within the stated tolerance.
    pub(crate) fn check(&self, tensor: &str, actual: &Tensor) {
        self.check_part(tensor, &self.tensor(tensor), actual);
    }

    /// As [`Self::check`], for a part of a tensor.
    pub(crate) fn check_part(&self, tensor: &str, expected: &Tensor, actual: &Tensor) {
        let what = format!("`{tensor}` in {}", self.name);
        near::check(&what, actual, expected, self.tolerance(tensor));
    }
}

/// Keeps every tensor it sees; those of a transformer call get the call's number.
#[derive(Default)]
pub(crate) struct Recorder {
    seen: BTreeMap<String, Tensor>,
    calls: usize,
}

impl Recorder {
    /// Compares everything that both have, and insists that `required` was seen.
    pub(crate) fn check_all(&self, golden: &Golden, required: &[&str]) {
        for name in required {
            assert!(self.seen.contains_key(*name), "`{name}` was not computed");
        }
        for (name, tensor) in &self.seen {
            if golden.contains(name) {
                golden.check(name, tensor);
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> &Tensor {
        self.seen.get(name).unwrap_or_else(|| panic!("`{name}` was not computed"))
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls
    }
}

impl Probe for Recorder {
    fn see(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        let name = match name.strip_prefix("call.") {
            Some(part) => format!("call.{:02}.{part}", self.calls),
            None => name.to_owned(),
        };
        if name.ends_with(".output") {
            self.calls += 1;
        }
        self.seen.insert(name, tensor.clone());
        Ok(())
    }
}
