//! `cargo xtask package-test`: the package as a user meets it.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Result, command, deb, packages, packages::Purpose};

/// How long a window may take on a busy machine.
const WINDOW_PATIENCE: Duration = Duration::from_secs(60);
const TITLE: &str = "Veetance Asset Editor";

/// Builds, installs, uses and removes the package. Gives the number of checks.
pub(crate) fn run(cards: deb::Cards) -> Result<usize> {
    packages::install(Purpose::Test)?;
    let package = deb::build(cards)?;
    let was_installed = packages::is_installed("asset-editor");
    let size = fs::metadata(&package).map_or(0, |file| file.len());
    println!("{}: {:.1} MB", package.display(), size as f64 / 1e6);

    packages::apt_get(&["install", "--yes", "--reinstall", &package.to_string_lossy()])?;
    let folder = Scratch::new()?;
    let used = check_files()
        .and_then(|()| check_command_line(&folder.0))
        .and_then(|()| check_window(&folder.0));
    // Whoever had it before keeps it.
    if was_installed {
        return used.map(|()| 3);
    }
    let removed =
        packages::apt_get(&["remove", "--yes", "asset-editor"]).and_then(|()| check_removed());
    used.and(removed).map(|()| 4)
}

fn check_files() -> Result {
    println!("Checking that pictures are registered");
    let entry = Path::new("/usr/share/applications/asset-editor.desktop");
    command::new("desktop-file-validate").arg(entry).run()?;
    let registry = fs::read_to_string("/usr/share/applications/mimeinfo.cache")
        .map_err(|error| format!("the registry of file types: {error}"))?;
    for kind in ["image/png", "image/jpeg", "image/webp"] {
        let registered = registry.lines().any(|line| {
            line.starts_with(&format!("{kind}=")) && line.contains("asset-editor.desktop")
        });
        if !registered {
            return Err(format!("{kind} is not registered"));
        }
    }
    Ok(())
}

fn check_command_line(folder: &Path) -> Result {
    println!("Checking the command line");
    let version = installed().arg("--version").output_text()?;
    if !version.starts_with(TITLE) {
        return Err(format!("`asset-editor --version` says {version:?}"));
    }
    let picture = folder.join("potion.png");
    // Without a display, and without whatever this machine knows of models.
    installed()
        .without_env("DISPLAY")
        .without_env("WAYLAND_DISPLAY")
        .without_env("ASSET_EDITOR_STARTER")
        .without_env("ASSET_EDITOR_MODELS")
        .env("XDG_DATA_HOME", folder)
        .args(["generate", "--prompt", "a red potion", "--seed", "1", "--out"])
        .arg(&picture)
        .run()?;
    let bytes = fs::read(&picture).map_err(|error| format!("`{}`: {error}", picture.display()))?;
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok(())
    } else {
        Err("the picture is no PNG".into())
    }
}

fn check_window(folder: &Path) -> Result {
    println!("Checking the window");
    let display = Display::start()?;
    let log = folder.join("window.log");
    let output = fs::File::create(&log).map_err(|error| format!("`{}`: {error}", log.display()))?;
    let complaints = output.try_clone().map_err(|error| format!("`{}`: {error}", log.display()))?;
    let window = command::new("dbus-run-session")
        .args(["--", "/usr/bin/asset-editor"])
        .arg(folder.join("potion.png"))
        .env("DISPLAY", &display.name)
        .without_env("WAYLAND_DISPLAY")
        .env("XDG_DATA_HOME", folder)
        .in_folder(folder)
        .in_own_group()
        .spawn(output.into(), complaints.into())?;
    let mut window = Ended(window);
    let start = Instant::now();
    while start.elapsed() < WINDOW_PATIENCE {
        let found = command::new("xdotool")
            .args(["search", "--onlyvisible", "--name", TITLE])
            .env("DISPLAY", &display.name)
            .output_text();
        if found.is_ok_and(|windows| !windows.trim().is_empty()) {
            println!("The window showed after {:.1} s", start.elapsed().as_secs_f64());
            return Ok(());
        }
        if let Ok(Some(status)) = window.0.try_wait() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            return Err(format!("the window ended by itself ({status}): {said}"));
        }
        thread::sleep(Duration::from_millis(200));
    }
    Err(format!(
        "no window within {} s: {}",
        WINDOW_PATIENCE.as_secs(),
        fs::read_to_string(&log).unwrap_or_default()
    ))
}

fn check_removed() -> Result {
    println!("Checking that nothing is left");
    for path in ["/usr/bin/asset-editor", "/usr/bin/asset-editor-window", "/usr/lib/asset-editor"] {
        if Path::new(path).exists() {
            return Err(format!("`{path}` is still there"));
        }
    }
    Ok(())
}

fn installed() -> command::Program {
    command::new("/usr/bin/asset-editor")
}

/// A display of our own.
struct Display {
    name: String,
    server: Child,
}

impl Display {
    fn start() -> Result<Self> {
        // Without `-noreset` it starts over when its last client leaves, as `xdotool` does between
        // two looks, and whoever connects just then (the window) is refused.
        let mut server = command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .arg("-noreset")
            .spawn(Stdio::piped(), Stdio::null())?;
        let mut line = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(|error| format!("Xvfb: {error}"))?;
        }
        match line.trim() {
            "" => Err("Xvfb gives no display".into()),
            number => Ok(Self { name: format!(":{number}"), server }),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}

/// A program that is ended with us, and whatever it started.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It leads a process group; an empty one is no failure.
        let _ =
            command::new("kill").args(["-TERM", "--", &format!("-{}", self.0.id())]).output_text();
        end(&mut self.0);
    }
}

fn end(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// A folder that goes when we do.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder =
            env::temp_dir().join(format!("asset-editor-package-test-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It lies in the system's temporary folder, which is cleaned in any case.
        let _ = fs::remove_dir_all(&self.0);
    }
}
