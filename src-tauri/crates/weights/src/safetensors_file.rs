//! Headers of safetensors files.

use std::collections::BTreeMap;

use nn::Format;
use safetensors::{Dtype, SafeTensors};

use crate::header::{Entry, Header, Refusal};

pub(crate) fn read(bytes: &[u8]) -> Result<Header, Refusal> {
    // `read_metadata` checks that the header fits and that offsets are ordered, without gaps, and end
    // where the file ends.
    let (length, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|error| Refusal::Damaged(error.to_string()))?;
    let data = length + size_of::<u64>();
    let mut header = Header {
        metadata: metadata.metadata().clone().unwrap_or_default().into_iter().collect(),
        ..Header::default()
    };
    // Sorted, so that the same damaged file is always refused for the same tensor.
    for (name, info) in metadata.tensors().into_iter().collect::<BTreeMap<_, _>>() {
        let (start, end) = info.data_offsets;
        let range = data + start..data + end;
        if range.end > bytes.len() {
            return Err(Refusal::Damaged("the file is cut short".into()));
        }
        let entry = Entry {
            format: format(info.dtype),
            dtype: format!("{:?}", info.dtype),
            shape: info.shape.clone(),
            range,
        };
        header.tensors.insert(name, entry);
    }
    Ok(header)
}

fn format(dtype: Dtype) -> Option<Format> {
    match dtype {
        Dtype::F64 => Some(Format::F64),
        Dtype::F32 => Some(Format::F32),
        Dtype::F16 => Some(Format::F16),
        Dtype::BF16 => Some(Format::Bf16),
        Dtype::F8_E4M3 => Some(Format::F8E4M3),
        Dtype::F8_E5M2 => Some(Format::F8E5M2),
        _ => None,
    }
}
