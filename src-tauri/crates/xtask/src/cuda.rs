//! `cargo xtask cuda`: the programs with kernels for NVIDIA's cards.
//!
//! One program starts with and without a driver, and decides at run time. candle links the driver's
//! library at build time, so two of its crates are taken from cargo's cache into the build folder
//! and changed there: candle-core loads the library when it is needed, and candle-kernels leaves
//! out what is compiled for a single architecture and gives garbage on others (nothing here calls
//! it), and gives every card the numbers in 16 bits that newer ones compute with.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    Result, command,
    project::{self, cargo},
};

/// NVIDIA's compiler as PyPI has it: 160 MB, and no system package is touched.
const TOOLKIT: [&str; 5] = [
    "nvidia-cuda-nvcc==13.0.88",
    "nvidia-cuda-crt==13.0.88",
    "nvidia-nvvm==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cuda-cccl==13.0.85",
];
/// The version whose interface is called; drivers of this version or a newer one have it.
const CUDA_VERSION: &str = "13000";
const NVCC: &str = "ASSET_EDITOR_NVCC";
const KERNELS_BUILD: &str = include_str!("../cuda/candle_kernels_build.rs");

/// What is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// Nothing: lints alone, with a compiler for kernels or without.
    Check,
    /// The kernels of `nn`, by NVIDIA's compiler.
    Kernels,
    /// The command line program.
    Program,
    /// The command line program and the window.
    Programs,
    /// What `tests/tools/bench/gpu.sh` runs on a machine with a card: the command line program, and the
    /// tests of the kernels.
    Carried,
}

/// Checks or builds. Gives the folder of the programs.
pub(crate) fn run(made: Made) -> Result<PathBuf> {
    let folder = project::target_dir()?.join("cuda");
    lay_out(&folder)?;
    let cargo = || {
        command::new(&cargo())
            .env("CUDARC_CUDA_VERSION", CUDA_VERSION)
            .env("CARGO_TARGET_DIR", folder.join("build"))
    };
    let manifest = folder.join("source/Cargo.toml");
    let on = |command: &str| cargo().arg(command).arg("--manifest-path").arg(&manifest);
    let lints = || {
        on("clippy")
            .args(["--package", "nn", "--package", "engine", "--features", "engine/cuda"])
            .args(["--all-targets", "--", "--deny", "warnings"])
    };
    match made {
        Made::Check => lints().without_env(NVCC).run()?,
        Made::Kernels => lints().env(NVCC, nvcc()?).run()?,
        Made::Program => {
            let program = ["--package", "cli", "--features", "cli/cuda"];
            on("build").arg("--release").args(program).env(NVCC, nvcc()?).run()?;
        }
        Made::Programs => {
            let window = ["--package", "asset-editor-window"];
            let programs = ["--package", "cli", "--features", "cli/cuda,asset-editor-window/cuda"];
            on("build").arg("--release").args(window).args(programs).env(NVCC, nvcc()?).run()?;
        }
        Made::Carried => {
            let programs = run(Made::Program)?;
            let built = on("test")
                .args(["--release", "--no-run", "--package", "nn", "--lib"])
                .args(["--features", "nn/cuda", "--message-format", "json"])
                .env(NVCC, nvcc()?)
                .output_text()?;
            let tests = project::json_string(&built, "executable")
                .ok_or("`cargo test --no-run` names no program")?;
            let carried = folder.join("carried");
            make(&carried)?;
            for (from, name) in
                [(programs.join("asset-editor"), "asset-editor"), (tests.into(), "nn-tests")]
            {
                fs::copy(&from, carried.join(name)).map_err(|error| at(&from, &error))?;
            }
            return Ok(carried);
        }
    }
    Ok(folder.join("build/release"))
}

/// A workspace beside the real one that differs only in where two crates come from, so that neither
/// its lock file nor its built dependencies change.
fn lay_out(folder: &Path) -> Result {
    let root = project::root();
    let source = folder.join("source");
    make(&source)?;
    for entry in entries(&root)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_ours = ["Cargo.toml", "Cargo.lock", "target"].contains(&name.as_str());
        if !is_ours && !name.starts_with('.') {
            link(&entry, &source.join(name))?;
        }
    }
    let metadata = command::new(&cargo())
        .args(["metadata", "--format-version", "1", "--features", "nn/cuda"])
        .args(["--filter-platform", &host()?])
        .output_text()?;
    let mut manifest = read(&root.join("Cargo.toml"))?;
    manifest.push_str("\n[patch.crates-io]\n");
    for (name, changed) in [
        ("candle-core", change_core as fn(&Path, &Path) -> Result),
        ("candle-kernels", change_kernels),
    ] {
        let original = folder_of(&metadata, name)
            .ok_or_else(|| format!("`cargo metadata` does not name {name}"))?;
        let copy = folder.join(name);
        changed(&original, &copy)?;
        manifest.push_str(&format!("{name} = {{ path = {:?} }}\n", copy.display().to_string()));
    }
    write(&source.join("Cargo.toml"), &manifest)?;
    write(&source.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)
}

/// candle-core that loads NVIDIA's libraries when they are first called.
fn change_core(from: &Path, to: &Path) -> Result {
    copy_folder(from, to, &|path| {
        let text = read(path)?;
        if path.file_name().is_some_and(|name| name == "Cargo.toml") {
            return replaced(path, &text, "\"dynamic-linking\"", "\"fallback-dynamic-loading\"");
        }
        Ok(text)
    })
}

/// candle-kernels for every card, without what is compiled for one.
fn change_kernels(from: &Path, to: &Path) -> Result {
    let left_out = absent(&read(&from.join("src/ffi.rs"))?);
    copy_folder(from, to, &|path| {
        let text = read(path)?;
        match path.file_name().unwrap_or_default().to_string_lossy().as_ref() {
            "Cargo.toml" => {
                // Its compiler driver is not needed.
                let start = text.find("[build-dependencies").unwrap_or(text.len());
                let end = text[start..].find("\n\n").map_or(text.len(), |length| start + length);
                Ok(format!("{}{}", &text[..start], &text[end..]))
            }
            "build.rs" => Ok(KERNELS_BUILD.to_owned()),
            "lib.rs" => Ok(format!("{text}\nmod absent;\n")),
            name if name.ends_with(".cu") || name.ends_with(".cuh") => {
                // Cards before these have no instructions for bf16; the compiler has other ones.
                Ok(text.replace("__CUDA_ARCH__ >= 800", "__CUDA_ARCH__ >= 750"))
            }
            _ => Ok(text),
        }
    })?;
    write(&to.join("src/absent.rs"), &left_out)
}

/// Functions that end the program, under the names of those that are left out.
fn absent(declarations: &str) -> String {
    let mut source = String::from(
        "fn end(name: &str) -> ! {\n    eprintln!(\"{name} is not a part of this build\");\n    \
         std::process::abort()\n}\n",
    );
    for line in declarations.lines() {
        let name = line.trim().strip_prefix("pub fn ").and_then(|rest| rest.split('(').next());
        if let Some(name) = name {
            source.push_str(&format!(
                "\n#[no_mangle]\nextern \"C\" fn {name}() -> ! {{\n    end({name:?})\n}}\n"
            ));
        }
    }
    source
}

/// NVIDIA's compiler, installed from PyPI where it is missing.
fn nvcc() -> Result<PathBuf> {
    let home = env::var_os("HOME").ok_or("HOME is not set: the compiler has no place")?;
    let folder = PathBuf::from(home).join(".cache/asset-editor-cuda");
    if let Some(nvcc) = installed(&folder) {
        return Ok(nvcc);
    }
    println!("Installing NVIDIA's compiler into {}", folder.display());
    let place = folder.join("venv");
    command::new("python3").args(["-m", "venv"]).arg(&place).run()?;
    let pip = place.join("bin/pip");
    command::new(&pip.to_string_lossy()).args(["install", "--quiet"]).args(TOOLKIT).run()?;
    installed(&folder).ok_or_else(|| "pip has not installed nvcc".into())
}

fn installed(folder: &Path) -> Option<PathBuf> {
    let versions = entries(&folder.join("venv/lib")).ok()?;
    let places = versions.iter().map(|lib| lib.join("site-packages/nvidia/cu13"));
    let mut whole = places.filter(|place| {
        // The last of the packages.
        place.join("bin/nvcc").exists() && place.join("include/cccl").exists()
    });
    whole.next().map(|place| place.join("bin/nvcc"))
}

/// The machine that we build on and for.
fn host() -> Result<String> {
    let version = command::new("rustc").arg("-vV").output_text()?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".into())
}

/// Where cargo keeps a crate, by the paths of manifests in its metadata.
fn folder_of(metadata: &str, name: &str) -> Option<PathBuf> {
    metadata.split("\"manifest_path\":\"").skip(1).find_map(|rest| {
        let folder = Path::new(rest.split('"').next()?).parent()?;
        let version = folder.file_name()?.to_str()?.strip_prefix(name)?.strip_prefix('-')?;
        version.starts_with(|first: char| first.is_ascii_digit()).then(|| folder.to_owned())
    })
}

/// Writes what `changed` makes of every source.
fn copy_folder(from: &Path, to: &Path, changed: &dyn Fn(&Path) -> Result<String>) -> Result {
    make(to)?;
    for path in entries(from)? {
        let name = path.file_name().unwrap_or_default();
        let is_source = path.extension().is_some_and(|kind| {
            ["rs", "toml", "cu", "cuh", "h", "md"].iter().any(|known| kind == *known)
        });
        if path.is_dir() && !["tests", "benches", "examples"].iter().any(|part| name == *part) {
            copy_folder(&path, &to.join(name), changed)?;
        } else if is_source {
            write(&to.join(name), &changed(&path)?)?;
        }
    }
    Ok(())
}

fn replaced(path: &Path, text: &str, word: &str, by: &str) -> Result<String> {
    match text.matches(word).count() {
        1 => Ok(text.replace(word, by)),
        count => Err(format!("`{}` has {word} {count} times, not once", path.display())),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

fn link(from: &Path, to: &Path) -> Result {
    if fs::read_link(to).is_ok_and(|target| target == from) {
        return Ok(());
    }
    // One that points elsewhere is of another checkout.
    if to.is_symlink() {
        fs::remove_file(to).map_err(|error| at(to, &error))?;
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(from, to).map_err(|error| at(to, &error))
    }
    #[cfg(not(unix))]
    {
        Err(format!("`{}`: build for NVIDIA's cards on Linux", to.display()))
    }
}

fn make(folder: &Path) -> Result {
    fs::create_dir_all(folder).map_err(|error| at(folder, &error))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| at(path, &error))
}

/// Leaves files alone that are as they should be: cargo looks at their dates.
fn write(path: &Path, text: &str) -> Result {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_found_by_their_folders() {
        let metadata = r#"{"manifest_path":"/r/candle-core-extra-1.0/Cargo.toml","x":1},
            {"manifest_path":"/r/candle-core-0.11.1/Cargo.toml"}"#;
        assert_eq!(folder_of(metadata, "candle-core"), Some("/r/candle-core-0.11.1".into()));
        assert_eq!(folder_of(metadata, "candle-kernels"), None);
    }

    #[test]
    fn what_is_left_out_is_named() {
        let source = absent("extern \"C\" {\n    pub fn one(\n        a: i32,\n    );\n}\n");
        assert!(source.contains("extern \"C\" fn one() -> ! {"));
    }
}
