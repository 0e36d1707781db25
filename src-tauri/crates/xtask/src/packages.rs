//! The system packages that a fresh Debian lacks.

use std::{env, fs};

use crate::{Result, command};

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The engine alone.
    Engine,
    /// The whole app.
    Build,
    /// The whole app and its tests.
    Test,
}

const ENGINE: &[&str] = &["build-essential"];
const WINDOW: &[&str] = &["pkg-config", "libwebkit2gtk-4.1-dev"];
const TESTS: &[&str] = &[
    "adwaita-icon-theme",
    "chromium",
    "chromium-driver",
    "dbus-daemon",
    "dbus-x11",
    "desktop-file-utils",
    "fonts-dejavu-core",
    "imagemagick",
    "libayatana-appindicator3-1",
    "shared-mime-info",
    "webkit2gtk-driver",
    "xclip",
    "xdotool",
    "xvfb",
];

/// Installs what is missing, as root or through sudo, and says so.
pub(crate) fn install(purpose: Purpose) -> Result {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let wanted = wanted(purpose);
    if !command::exists("dpkg-query") {
        println!("This is no Debian: these packages' equivalents are needed: {}", wanted.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Installing system packages: {}", missing.join(" "));
    // Old lists may do: the installation says so if not.
    if let Err(failure) = apt_get(&["update"]) {
        println!("{failure}");
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(missing);
    apt_get(&arguments)
}

/// Runs apt-get with the rights that it needs.
pub(crate) fn apt_get(arguments: &[&str]) -> Result {
    // Another apt-get may be running, and a mirror may hiccup.
    let patience = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"];
    let program = if is_root() {
        command::new("apt-get")
    } else if command::exists("sudo") {
        println!("apt-get needs root: sudo may ask for your password");
        command::new("sudo").arg("DEBIAN_FRONTEND=noninteractive").arg("apt-get")
    } else {
        return Err(format!("run this as root, then try again: apt-get {}", arguments.join(" ")));
    };
    program.args(patience).args(arguments).env("DEBIAN_FRONTEND", "noninteractive").run()
}

fn wanted(purpose: Purpose) -> Vec<&'static str> {
    let mut wanted = ENGINE.to_vec();
    if purpose != Purpose::Engine {
        wanted.extend(WINDOW);
    }
    if purpose == Purpose::Test {
        wanted.extend(TESTS);
        // Node may come from elsewhere than Debian.
        if !command::exists("node") {
            wanted.push("nodejs");
        }
        if !command::exists("npm") {
            wanted.push("npm");
        }
    }
    wanted
}

pub(crate) fn is_installed(package: &str) -> bool {
    command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .output_text()
        .is_ok_and(|status| status == "installed")
}

fn is_root() -> bool {
    // The owner of our own process entry is the user that we run as.
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}

/// Whether a window can be opened here.
pub(crate) fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .into_iter()
            .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}
