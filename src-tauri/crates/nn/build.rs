//! With the feature `cuda`: the kernels in `kernels` for every card, in one file.
//!
//! Without `ASSET_EDITOR_NVCC`, the file stays empty, which is enough to check types.

use std::{env, fs, path::PathBuf, process::Command};

/// Turing, Ampere (large and small), Ada, Hopper with what it alone has, Blackwell (large and small); the last
/// also as text, for what comes after it.
const CARDS: [&str; 7] = ["75", "80", "86", "89", "90a", "100", "120"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed=kernels");
    println!("cargo::rerun-if-env-changed=ASSET_EDITOR_NVCC");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    let file = out.join("kernels.fatbin");
    let Some(nvcc) = env::var_os("ASSET_EDITOR_NVCC") else {
        fs::write(file, []).expect("OUT_DIR can be written");
        return;
    };
    let mut compiler = Command::new(nvcc);
    compiler.args(["-fatbin", "-std=c++17", "-O3", "--compress-mode=size", "--threads=0"]);
    for card in CARDS {
        compiler.arg(format!("-gencode=arch=compute_{card},code=sm_{card}"));
    }
    let last = CARDS[CARDS.len() - 1];
    compiler.arg(format!("-gencode=arch=compute_{last},code=compute_{last}"));
    let status = compiler.arg("kernels/all.cu").arg("-o").arg(file).status();
    assert!(status.is_ok_and(|status| status.success()), "nvcc cannot compile the kernels");
}
