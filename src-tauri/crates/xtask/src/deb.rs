//! `cargo xtask package`: a Debian package from a staged tree, with `dpkg-deb` alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Result, command, cuda, packages,
    packages::Purpose,
    project::{self, cargo},
};

const PROGRAMS: [&str; 2] = ["asset-editor", "asset-editor-window"];
/// Icon files and the sizes that hicolor knows them by.
const ICONS: [(&str, &str); 4] = [
    ("32x32.png", "32x32"),
    ("128x128.png", "128x128"),
    ("128x128@2x.png", "256x256"),
    ("icon.png", "512x512"),
];

/// What packed programs compute on beside processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cards {
    None,
    Nvidia,
}

impl Cards {
    /// So that a package manager tells the two apart, and changes from one to the other.
    fn version(self) -> String {
        match self {
            Self::None => project::version().to_owned(),
            Self::Nvidia => format!("{}+cuda13", project::version()),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Nvidia => {
                " .\n On NVIDIA's cards since Turing with a driver of version 580 or newer, and cuBLAS and\n \
                 cuRAND of CUDA 13, it computes there; without, on the processor.\n"
            }
        }
    }
}

/// Builds both programs and packs them. Gives the package's path.
pub(crate) fn build(cards: Cards) -> Result<PathBuf> {
    packages::install(Purpose::Build)?;
    let target = project::target_dir()?;
    let programs = match cards {
        Cards::None => {
            command::new(&cargo())
                .args(["build", "--release", "--workspace", "--bins", "--exclude", "xtask"])
                .run()?;
            target.join("release")
        }
        Cards::Nvidia => cuda::run(cuda::Made::Programs)?,
    };

    let architecture = command::new("dpkg").arg("--print-architecture").output_text()?;
    let name = format!("asset-editor_{}_{}", cards.version(), architecture.trim());
    let folder = target.join("package");
    let tree = folder.join(&name);
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(|error| at(&tree, &error))?;
    }
    stage(&tree, &programs)?;

    let depends = shared_libraries(&folder, &tree)?;
    let control = control(cards, architecture.trim(), &depends, installed_kilobytes(&tree)?);
    write(&tree.join("DEBIAN/control"), &control)?;
    let package = folder.join(format!("{name}.deb"));
    command::new("dpkg-deb")
        .args(["--root-owner-group", "-Zxz", "--build"])
        .arg(&tree)
        .arg(&package)
        .run()?;
    Ok(package)
}

/// The tree as it will lie on the user's machine.
fn stage(tree: &Path, programs: &Path) -> Result {
    let root = project::root();
    for program in PROGRAMS {
        copy(&programs.join(program), &tree.join("usr/bin").join(program), 0o755)?;
    }
    for folder in ["starter", "starter-layered", "examples"] {
        let from = root.join("src-tauri").join(folder);
        copy_folder(&from, &tree.join("usr/lib/asset-editor").join(folder))?;
    }
    for (file, size) in ICONS {
        let place = format!("usr/share/icons/hicolor/{size}/apps/asset-editor.png");
        copy(&root.join("icons").join(file), &tree.join(place), 0o644)?;
    }
    let entry = "asset-editor.desktop";
    copy(
        &root.join("src-tauri/linux").join(entry),
        &tree.join("usr/share/applications").join(entry),
        0o644,
    )?;
    copy(&root.join("CHANGELOG.md"), &tree.join("usr/share/doc/asset-editor/changelog.md"), 0o644)?;
    let copyright = format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: Veetance Asset Editor\n\n\
         Files: *\nCopyright: Veetance\nLicense: Apache-2.0\n {}\n",
        "On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0."
    );
    write(&tree.join("usr/share/doc/asset-editor/copyright"), &copyright)
}

fn control(cards: Cards, architecture: &str, depends: &str, kilobytes: u64) -> String {
    format!(
        "Package: asset-editor\n\
         Version: {}\n\
         Architecture: {architecture}\n\
         Maintainer: Veetance <support@veetance.invalid>\n\
         Installed-Size: {kilobytes}\n\
         Depends: {depends}\n\
         Recommends: libayatana-appindicator3-1\n\
         Section: graphics\n\
         Priority: optional\n\
         Description: paint game art from a few words, on this computer\n\
         \x20A window with a canvas, and a command line. Two small starter models are included;\n\
         \x20FLUX.2-klein models in diffusers layout can be added.\n{}",
        cards.version(),
        cards.description()
    )
}

/// What the programs are linked with, as packages with versions.
fn shared_libraries(folder: &Path, tree: &Path) -> Result<String> {
    // dpkg-shlibdeps insists on a source package around it.
    write(
        &folder.join("debian/control"),
        "Source: asset-editor\n\nPackage: asset-editor\nArchitecture: any\n",
    )?;
    let output = command::new("dpkg-shlibdeps")
        .arg("-O")
        .args(PROGRAMS.map(|program| tree.join("usr/bin").join(program)))
        .in_folder(folder)
        .output_text()?;
    output
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="))
        .map(str::to_owned)
        .ok_or_else(|| "`dpkg-shlibdeps` names no packages".into())
}

fn installed_kilobytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for path in entries(folder)? {
        sum += if path.is_dir() {
            installed_kilobytes(&path)?
        } else {
            path.metadata().map_err(|error| at(&path, &error))?.len().div_ceil(1024)
        };
    }
    Ok(sum)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<std::io::Result<Vec<_>>>()
        })
        .map_err(|error| at(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn copy_folder(from: &Path, to: &Path) -> Result {
    for path in entries(from)? {
        let place = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &place)?;
        } else {
            copy(&path, &place, 0o644)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result {
    make_parent(to)?;
    fs::copy(from, to).map_err(|error| at(from, &error))?;
    set_mode(to, mode)
}

fn write(path: &Path, text: &str) -> Result {
    make_parent(path)?;
    fs::write(path, text).map_err(|error| at(path, &error))?;
    set_mode(path, 0o644)
}

fn make_parent(path: &Path) -> Result {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).map_err(|error| at(parent, &error))?;
    // A strict umask here must not hide the program there.
    for folder in parent.ancestors().take_while(|folder| !folder.ends_with("package")) {
        set_mode(folder, 0o755)?;
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> Result {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| at(path, &error))
    }
    #[cfg(not(unix))]
    {
        Err(format!("`{}`: {mode:o} cannot be set: make Debian packages on Debian", path.display()))
    }
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}
