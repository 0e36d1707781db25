//! A desk of its own for every test: display, message bus, home folder; all gone at its end.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// One test at a time: several displays at once make a small machine too slow to wait for.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) struct Desk {
    // Fields are dropped in this order.
    _bus: Group,
    _screen: Group,
    folder: tempfile::TempDir,
    display: String,
    bus_address: String,
    theme: &'static str,
    _turn: MutexGuard<'static, ()>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with_theme("Adwaita")
    }

    /// `Adwaita:dark` is a dark desktop.
    pub(crate) fn with_theme(theme: &'static str) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let (screen, number) = Group::that_says(screen);
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let (bus, bus_address) = Group::that_says(bus);
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            _bus: bus,
            _screen: screen,
            folder,
            display: format!(":{number}"),
            bus_address,
            theme,
            _turn: turn,
        }
    }

    /// For files of the test; also the app's home.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program that sees this desk and nothing of the machine's own.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("GDK_BACKEND", "x11")
            .env("GTK_THEME", self.theme)
            .env("HOME", self.folder())
            .env("XDG_DATA_HOME", self.folder().join("data"))
            .env("XDG_CACHE_HOME", self.folder().join("cache"))
            .env("XDG_CONFIG_HOME", self.folder().join("config"))
            .env("NO_AT_BRIDGE", "1")
            .env("GSETTINGS_BACKEND", "memory")
            .env("ASSET_EDITOR_STARTER", starter())
            .env_remove("ASSET_EDITOR_MODELS")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WEBKIT_DISABLE_DMABUF_RENDERER");
        command
    }

    /// Moves the mouse, presses keys, asks about windows.
    pub(crate) fn xdotool(&self, arguments: &[&str]) -> String {
        let output = self.command("xdotool").args(arguments).output().expect("xdotool");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The number of a visible window with this in its title, if there is one.
    pub(crate) fn window(&self, title: &str) -> Option<String> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title]);
        found.lines().last().map(str::to_owned)
    }

    /// Gives a window the keyboard, as a window manager would.
    pub(crate) fn focus(&self, window: &str) {
        self.xdotool(&["windowfocus", "--sync", window]);
    }
}

/// The app's window, built beside this test.
pub(crate) fn app() -> PathBuf {
    let test = std::env::current_exe().expect("this test");
    let app = test.ancestors().nth(2).expect("target/debug").join("asset-editor-window");
    assert!(app.is_file(), "{} is missing: cargo build -p asset-editor-window", app.display());
    app
}

/// `ASSET_EDITOR_STARTER`, else the one that ships.
fn starter() -> PathBuf {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/starter");
    std::env::var_os("ASSET_EDITOR_STARTER").map_or(shipped, PathBuf::from)
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its number").port()
}

/// A process and whatever it started, ended together.
pub(crate) struct Group(Child);

impl Group {
    pub(crate) fn start(mut command: Command) -> Self {
        let name = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot start {}: {error}", name.display())))
    }

    /// The names of its processes, and the MiB that each holds.
    pub(crate) fn memory(&self) -> Vec<(String, u64)> {
        let group = self.0.id().to_string();
        let processes = std::fs::read_dir("/proc").expect("a folder").flatten();
        let held = processes.filter_map(|process| {
            let read = |name| std::fs::read_to_string(process.path().join(name)).ok();
            let stat = read("stat")?;
            // After the name, which may hold anything: the state, the parent, the group.
            let (name, rest) = stat.rsplit_once(") ")?;
            if rest.split(' ').nth(2)? != group {
                return None;
            }
            let status = read("status")?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
            Some((name.split_once('(')?.1.to_owned(), kibibytes / 1024))
        });
        held.collect()
    }

    /// Starts a program and waits for its first line.
    fn that_says(mut command: Command) -> (Self, String) {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut group = Self::start(command);
        let mut line = String::new();
        let output = group.0.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        (group, line.trim().to_owned())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}
