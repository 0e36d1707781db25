//! Chooses how the webview draws, before there is one.

use std::{env, fs::OpenOptions, path::Path, process::Command};

/// WebKit's name for "draw without sharing graphics memory".
const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Where there is no graphics card, WebKit's default way of drawing is twenty times slower than
/// its simple one. Starts this program anew with the simple one; a user's own choice stands.
pub(crate) fn prepare() {
    if env::var_os(VARIABLE).is_some() || has_graphics_card(Path::new("/dev/dri")) {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        // Returns only when it fails; then drawing is slow, which is no reason not to start.
        let _ = command.args(arguments).env(VARIABLE, "1").exec();
    }
}

/// Whether a card can be opened, not merely seen.
fn has_graphics_card(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"renderD"))
        .any(|entry| OpenOptions::new().read(true).write(true).open(entry.path()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_render_nodes_is_no_graphics_card() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_graphics_card(folder.path()));
        assert!(!has_graphics_card(&folder.path().join("nothing")));
        std::fs::write(folder.path().join("card0"), "").unwrap();
        assert!(!has_graphics_card(folder.path()));
        std::fs::write(folder.path().join("renderD128"), "").unwrap();
        assert!(has_graphics_card(folder.path()));
    }
}
