//! Stands in for the build script of candle-kernels: one text of instructions (PTX) a file, for any card.
//!
//! Without `ASSET_EDITOR_NVCC`, files stay empty, which is enough to check types.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

const MODULES: [&str; 11] = [
    "affine", "binary", "cast", "conv", "fill", "indexing", "quantized", "reduce", "sort",
    "ternary", "unary",
];

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ASSET_EDITOR_NVCC");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    let nvcc = env::var_os("ASSET_EDITOR_NVCC");
    let left = Mutex::new(MODULES.to_vec());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| loop {
                let Some(module) = left.lock().expect("no thread panics").pop() else { break };
                let file = out.join(module).with_extension("ptx");
                match &nvcc {
                    // Large, and only for candle's own packed tensors, which nothing here makes.
                    _ if module == "quantized" => fs::write(&file, "").expect("OUT_DIR can be written"),
                    Some(nvcc) => compile(Path::new(nvcc), module, &file),
                    None => fs::write(&file, "").expect("OUT_DIR can be written"),
                }
            });
        }
    });
    let table: String = MODULES
        .iter()
        .map(|module| {
            let name = module.to_uppercase();
            format!("pub const {name}: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/{module}.ptx\"));\n")
        })
        .collect();
    fs::write(out.join("ptx.rs"), table).expect("OUT_DIR can be written");
}

fn compile(nvcc: &Path, module: &str, file: &Path) {
    let status = Command::new(nvcc)
        .args(["--ptx", "-arch=compute_75", "-std=c++17", "-O3", "--expt-relaxed-constexpr"])
        .arg(format!("src/{module}.cu"))
        .arg("-o")
        .arg(file)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "nvcc cannot compile src/{module}.cu");
}
