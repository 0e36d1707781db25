//! What tests need and no system package has: fetched once, outside of the source tree, and never shipped.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{Result, command, project};

/// Checks pages for what keeps people from using them; under the Mozilla Public License 2.0.
const AXE: &str = "axe-core@4.14.1";

/// Installs what is missing and says so.
pub(crate) fn install() -> Result {
    let folder = folder();
    if has_axe(&folder) {
        return Ok(());
    }
    println!("Installing {AXE} into {}", folder.display());
    fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let arguments = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    command::new("npm").args(arguments).arg("--prefix").arg(&folder).arg(AXE).run()?;
    if has_axe(&folder) { Ok(()) } else { Err(format!("npm has not installed {AXE}")) }
}

fn has_axe(folder: &Path) -> bool {
    let manifest = folder.join("node_modules/axe-core/package.json");
    let version = AXE.rsplit('@').next().unwrap_or_default();
    let wanted = format!("\"version\": \"{version}\"");
    fs::read_to_string(manifest).is_ok_and(|text| text.contains(&wanted))
}

/// Makes the pictures of every panel and state that the repository keeps: one sheet for each theme and size.
pub(crate) fn make_sheets(pictures: &Path) -> Result {
    let place = project::root().join("tests/screenshots");
    for (size, columns, width) in [("1280", 3, 960), ("2560", 3, 1280)] {
        for theme in ["light", "dark"] {
            let mut all = pictures_of(pictures, &format!("-{theme}-{size}.png"))?;
            all.sort();
            // Made smaller as they are read: all of them in their own size are more than ImageMagick may hold.
            let read = all.iter().map(|path| format!("{}[{width}x]", path.display()));
            command::new("montage")
                .args(read)
                .args(["-tile", &format!("{columns}x"), "-geometry", &format!("{width}x+8+8")])
                .args(["-background", "#808080", "-quality", "82", "-define", "webp:method=6"])
                .arg(place.join(format!("states-{theme}-{size}.webp")))
                .run()?;
        }
    }
    Ok(())
}

fn pictures_of(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    Ok(paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect())
}

/// Where `tests/page/appearance.rs` looks.
fn folder() -> PathBuf {
    let home = env::var_os("HOME").map_or_else(env::temp_dir, PathBuf::from);
    home.join(".cache/asset-editor-tools")
}
