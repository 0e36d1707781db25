//! What runs on this machine really took, and what that says about the next.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// Observations of a kind that are kept.
const KEPT: usize = 12;
/// A file of more bytes is none of ours.
const MAX_BYTES: u64 = 1 << 20;
/// What was observed can be off by so much before it says nothing about another size.
const NEAR: f64 = 8.0;

/// What was foreseen, in any unit, and what it came to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Observation {
    foreseen: f64,
    measured: f64,
}

/// Observations by kind, such as the bytes of a phase. Kept in a file, if one is named.
#[derive(Debug, Default)]
pub(crate) struct Experience {
    file: Option<PathBuf>,
    kinds: BTreeMap<String, Vec<Observation>>,
}

impl Experience {
    /// What a file remembers; a missing or damaged one remembers nothing.
    pub(crate) fn open(file: PathBuf) -> Self {
        let kinds = read(&file).unwrap_or_default();
        Self { file: Some(file), kinds }
    }

    /// What comes of something foreseen, by the observation of a kind that is the most like it.
    pub(crate) fn expect(&self, kind: &str, foreseen: f64) -> Option<f64> {
        let distance = |observation: &Observation| (observation.foreseen / foreseen).ln().abs();
        let nearest = self
            .kinds
            .get(kind)?
            .iter()
            // The latest of equals.
            .rev()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(nearest) <= NEAR.ln()).then(|| foreseen * nearest.measured / nearest.foreseen)
    }

    /// Adds an observation.
    pub(crate) fn observe(&mut self, kind: &str, foreseen: f64, measured: f64) {
        let is_number = |value: f64| value.is_finite() && value > 0.0;
        if !is_number(foreseen) || !is_number(measured) {
            return;
        }
        let all = self.kinds.entry(kind.to_owned()).or_default();
        // The same again: only how it went the last time counts.
        all.retain(|old| (old.foreseen / foreseen - 1.0).abs() > 1e-3);
        all.push(Observation { foreseen, measured });
        if all.len() > KEPT {
            all.remove(0);
        }
    }

    /// Writes the file, whole or not at all. What cannot be written is only forgotten.
    pub(crate) fn save(&self) {
        let Some(file) = &self.file else { return };
        let kinds: serde_json::Map<String, Value> = self
            .kinds
            .iter()
            .map(|(kind, all)| {
                let all: Vec<Value> =
                    all.iter().map(|one| json!([one.foreseen, one.measured])).collect();
                (kind.clone(), Value::Array(all))
            })
            .collect();
        let partial = file.with_extension("partial");
        let written = file
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&partial, Value::Object(kinds).to_string()))
            .and_then(|()| fs::rename(&partial, file));
        if written.is_err() {
            // Nothing else can be done about what was not written.
            let _ = fs::remove_file(&partial);
        }
    }
}

fn read(file: &Path) -> Option<BTreeMap<String, Vec<Observation>>> {
    if fs::metadata(file).ok()?.len() > MAX_BYTES {
        return None;
    }
    let kinds: Value = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let observation = |pair: &Value| {
        let [foreseen, measured] = pair.as_array()?.as_slice() else { return None };
        let (foreseen, measured) = (foreseen.as_f64()?, measured.as_f64()?);
        (foreseen > 0.0 && measured > 0.0).then_some(Observation { foreseen, measured })
    };
    let kinds = kinds.as_object()?.iter().map(|(kind, all)| {
        let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
        (kind.clone(), all.iter().filter_map(observation).take(KEPT).collect())
    });
    Some(kinds.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_run_says_what_to_expect() {
        let mut experience = Experience::default();
        assert_eq!(experience.expect("step", 10.0), None);
        experience.observe("step", 10.0, 20.0);
        experience.observe("step", 40.0, 120.0);
        assert_eq!(experience.expect("step", 10.0), Some(20.0));
        assert_eq!(experience.expect("step", 30.0), Some(90.0));
        assert_eq!(experience.expect("step", 1000.0), None, "that is too far away");
        experience.observe("step", 10.0, 15.0);
        assert_eq!(experience.expect("step", 10.0), Some(15.0), "the latest counts");
        experience.observe("step", f64::NAN, 1.0);
        experience.observe("step", 10.0, 0.0);
        assert_eq!(experience.expect("step", 10.0), Some(15.0));
    }

    #[test]
    fn a_file_remembers_and_a_damaged_one_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/measured.json");
        let mut experience = Experience::open(file.clone());
        experience.observe("step", 10.0, 20.0);
        experience.save();
        assert_eq!(Experience::open(file.clone()).expect("step", 10.0), Some(20.0));
        for damage in ["", "[]", "{\"step\": [[1]]}", "{\"step\": [[-1, 2], \"x\"]}"] {
            fs::write(&file, damage).unwrap();
            assert_eq!(Experience::open(file.clone()).expect("step", 10.0), None, "{damage}");
        }
    }
}
