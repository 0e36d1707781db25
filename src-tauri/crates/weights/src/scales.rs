//! FP8 in all its conventions: which layers are scaled by what, and markers of formats that are not
//! read.
//!
//! Either a scale lies beside the weight (`weight_scale`, formerly `scale_weight`), or none does and
//! the numbers stand for themselves. Scales of inputs matter only to kernels that compute in FP8.

use std::collections::BTreeMap;

use nn::{Format, Memory, Stored};
use serde_json::Value;

use crate::header::{Entry, Refusal, WeightFile};

/// What lies beside weights, without being weights.
const COMPANIONS: [&str; 7] = [
    ".weight_scale",
    ".scale_weight",
    ".input_scale",
    ".scale_input",
    ".comfy_quant",
    ".weight_scale_2",
    ".pre_quant_scale",
];

/// Endings that give other packings away, and their names.
const PACKINGS: [(&str, &str); 8] = [
    (".qweight", "4-bit integers with a kernel of their own (SVDQuant or GPTQ)"),
    (".wscales", "4-bit integers with a kernel of their own (SVDQuant)"),
    (".quant_state.bitsandbytes__nf4", "NF4 (bitsandbytes)"),
    (".quant_state.bitsandbytes__fp4", "FP4 (bitsandbytes)"),
    (".absmax", "4-bit numbers (bitsandbytes)"),
    (".SCB", "8-bit integers (bitsandbytes)"),
    (".weight_scale_2", "nvfp4"),
    (".convrot", "int8 with rotations"),
];

/// What would work instead.
const READ: &str = "the BF16, FP8 (float8_e4m3fn) or GGUF file of this model works";

/// Scales by the file's own name of the layer.
pub(crate) fn scales(file: &WeightFile) -> Result<BTreeMap<String, f32>, Refusal> {
    let header = &file.header;
    for name in header.tensors.keys() {
        if let Some((_, packing)) = PACKINGS.iter().find(|(ending, _)| name.ends_with(ending)) {
            return Err(Refusal::Unsupported(format!(
                "`{name}` shows that it is packed as {packing}, which is not read; {READ}"
            )));
        }
    }
    if let Some(text) = header.metadata.get("_quantization_metadata") {
        let markers: Value = serde_json::from_str(text)
            .map_err(|error| Refusal::Damaged(format!("`_quantization_metadata`: {error}")))?;
        for (layer, marker) in
            markers.get("layers").and_then(Value::as_object).into_iter().flatten()
        {
            check_marker(layer, marker)?;
        }
    }
    let mut scales = BTreeMap::new();
    for (name, entry) in &header.tensors {
        if let Some(layer) = name.strip_suffix(".comfy_quant") {
            let marker = serde_json::from_slice(&file.map.bytes()[entry.range.clone()])
                .map_err(|error| Refusal::Damaged(format!("`{name}`: {error}")))?;
            check_marker(layer, &marker)?;
        }
        let layer =
            name.strip_suffix(".weight_scale").or_else(|| name.strip_suffix(".scale_weight"));
        if let Some(layer) = layer {
            let scale = scale(file, name, entry)?;
            if scales.insert(layer.to_owned(), scale).is_some() {
                return Err(Refusal::Damaged(format!("`{layer}` has two scales")));
            }
        }
    }
    Ok(scales)
}

/// Whether a tensor of that name only says how others are to be read.
pub(crate) fn is_companion(name: &str) -> bool {
    COMPANIONS.iter().any(|ending| name.ends_with(ending))
        || name == "scaled_fp8"
        || name.ends_with(".scaled_fp8")
}

fn check_marker(layer: &str, marker: &Value) -> Result<(), Refusal> {
    match marker.get("format").and_then(Value::as_str) {
        Some("float8_e4m3fn" | "float8_e5m2") => Ok(()),
        Some(other) => Err(Refusal::Unsupported(format!(
            "layer `{layer}` is packed as {other}, which is not read; {READ}"
        ))),
        None => Err(Refusal::Damaged(format!("layer `{layer}` is marked without a `format`"))),
    }
}

fn scale(file: &WeightFile, name: &str, entry: &Entry) -> Result<f32, Refusal> {
    let count: usize = entry.shape.iter().product();
    let format = match entry.format {
        Some(format @ (Format::F32 | Format::F16 | Format::Bf16 | Format::F64)) if count == 1 => {
            format
        }
        _ => {
            return Err(Refusal::Unsupported(format!(
                "`{name}` is {} {:?}: only one scale for a whole layer is read; {READ}",
                entry.dtype, entry.shape
            )));
        }
    };
    let value = Stored::new(file.map.clone(), entry.range.clone(), format, vec![1])
        .map(|stored| stored.to_f32())
        .map_err(|error| Refusal::Damaged(format!("`{name}`: {error}")))?;
    match value.as_slice() {
        [scale] if scale.is_finite() => Ok(*scale),
        _ => Err(Refusal::Damaged(format!("the scale `{name}` is no number"))),
    }
}
