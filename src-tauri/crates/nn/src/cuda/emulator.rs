//! Kernels on the processor: the sources, built by the system's C++ compiler, one process a launch.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use candle_core::{CpuStorage, Device, Result, Storage, Tensor};
use half::{bf16, f16};

use super::launch::{Argument, Launch};

pub(super) fn run(launch: Launch) -> Result<Vec<Tensor>> {
    let mut request = Vec::new();
    let mut sized = |bytes: &[u8], length: &[u8]| {
        request.extend_from_slice(length);
        request.extend_from_slice(bytes);
    };
    sized(launch.kernel.as_bytes(), &(launch.kernel.len() as u32).to_le_bytes());
    for count in launch.grid.into_iter().chain([launch.threads, launch.shared]) {
        sized(&count.to_le_bytes(), &[]);
    }
    let mut outputs = Vec::new();
    for argument in launch.arguments {
        match argument {
            Argument::Nothing => sized(&[0], &[]),
            Argument::Tensor(tensor) => {
                let bytes = bytes(&tensor)?;
                sized(&[1], &[]);
                sized(&bytes, &(bytes.len() as u64).to_le_bytes());
            }
            Argument::Output(shape, dtype) => {
                let size = shape.elem_count() * dtype.size_in_bytes();
                sized(&[2], &[]);
                sized(&[], &(size as u64).to_le_bytes());
                outputs.push((shape, dtype, size));
            }
            Argument::Int(value) => sized(&value.to_le_bytes(), &[3]),
            Argument::Long(value) => sized(&value.to_le_bytes(), &[4]),
            Argument::Float(value) => sized(&value.to_le_bytes(), &[5]),
        }
    }
    let made = answer(&request)?;
    let mut rest = made.as_slice();
    let mut tensors = Vec::new();
    for (shape, dtype, size) in outputs {
        let (these, others) = rest.split_at(size);
        tensors.push(Tensor::from_raw_buffer(these, dtype, shape.dims(), &Device::Cpu)?);
        rest = others;
    }
    Ok(tensors)
}

fn answer(request: &[u8]) -> Result<Vec<u8>> {
    let mut process = Command::new(program()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = process.stdin.take() {
        // A program that refuses closes its ears; what it says of that counts.
        let _ = input.write_all(request);
    }
    let output = process.wait_with_output()?;
    if !output.status.success() {
        candle_core::bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// What a tensor's storage holds from where its layout begins.
fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { candle_core::bail!("not on the processor") };
    let start = layout.start_offset();
    Ok(match storage {
        CpuStorage::U8(values) => values[start..].to_vec(),
        CpuStorage::U32(values) => bytemuck::cast_slice::<u32, u8>(&values[start..]).to_vec(),
        CpuStorage::F32(values) => bytemuck::cast_slice::<f32, u8>(&values[start..]).to_vec(),
        CpuStorage::BF16(values) => bytemuck::cast_slice::<bf16, u8>(&values[start..]).to_vec(),
        CpuStorage::F16(values) => bytemuck::cast_slice::<f16, u8>(&values[start..]).to_vec(),
        _ => candle_core::bail!("kernels do not read {:?}", tensor.dtype()),
    })
}

/// The emulator, built again where a source is newer.
fn program() -> Result<&'static Path> {
    static PROGRAM: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let built = PROGRAM.get_or_init(|| build().map_err(|error| error.to_string()));
    built.as_deref().map_err(|reason| candle_core::Error::msg(reason.clone()))
}

fn build() -> Result<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    // Beside the tests, which nobody installs.
    let place = std::env::current_exe()?.with_file_name("kernels-emulator");
    let date = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let mut is_fresh = place.exists();
    for folder in [sources.clone(), sources.join("emulator")] {
        for entry in std::fs::read_dir(folder)? {
            is_fresh = is_fresh && date(&entry?.path())? < date(&place)?;
        }
    }
    if !is_fresh {
        let made = place.with_extension(std::process::id().to_string());
        let status = Command::new("g++")
            .args(["-std=c++17", "-O2", "-fno-strict-aliasing", "-Wall", "-Wextra", "-Werror"])
            .arg("-Wno-unknown-pragmas")
            .arg(sources.join("emulator/main.cpp"))
            .arg("-o")
            .arg(&made)
            .status()?;
        if !status.success() {
            candle_core::bail!("g++ cannot build the kernels: {status}");
        }
        std::fs::rename(&made, &place)?;
    }
    Ok(place)
}
