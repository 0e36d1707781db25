//! A desk of its own for every test: display, message bus, home folder; all gone at its end.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt as _, EventMask};

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
        // It would start over when its last client leaves, and refuse whoever connects just then.
        screen.arg("-noreset");
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

    /// Where the desk's message bus listens.
    pub(crate) fn bus_address(&self) -> &str {
        &self.bus_address
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

    /// Asks a window to close, as its button in the title would; xdotool only kills.
    pub(crate) fn close(&self, window: &str) {
        let window: u32 = window.parse().expect("a window's number");
        let (connection, _) = x11rb::connect(Some(&self.display)).expect("the display");
        let atom = |name: &str| {
            let reply = connection.intern_atom(false, name.as_bytes()).expect("a connection");
            reply.reply().expect("an atom").atom
        };
        let data = [atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), data);
        let sent = connection.send_event(false, window, EventMask::NO_EVENT, message);
        sent.expect("a connection").check().expect("the window is there");
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

/// A program that starts the app and writes how it ended, which the driver does not tell.
pub(crate) fn telling_its_end(desk: &Desk) -> (PathBuf, PathBuf) {
    let code = desk.folder().join("exit-code");
    let line = format!("'{}' \"$@\"; echo $? > '{}'", app().display(), code.display());
    (wrapper(desk, &line), code)
}

/// A program that does what a line for the shell says.
pub(crate) fn wrapper(desk: &Desk, line: &str) -> PathBuf {
    let path = desk.folder().join("start");
    std::fs::write(&path, format!("#!/bin/sh\n{line}\n")).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a program");
    path
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
        let held = self.processes().into_iter().filter_map(|process| {
            let status = std::fs::read_to_string(process.folder.join("status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
            Some((process.name, kibibytes / 1024))
        });
        held.collect()
    }

    /// What its processes have taken of processors so far, those that have ended aside.
    pub(crate) fn processor_time(&self) -> Duration {
        let ticks = |process: Process| {
            // User and system time, in hundredths of a second.
            let times = process.fields.get(11..13)?;
            times.iter().map(|time| time.parse::<u64>().ok()).sum::<Option<u64>>()
        };
        let ticks: u64 = self.processes().into_iter().filter_map(ticks).sum();
        Duration::from_millis(10 * ticks)
    }

    fn processes(&self) -> Vec<Process> {
        let group = self.0.id().to_string();
        let processes = std::fs::read_dir("/proc").expect("a folder").flatten();
        let found = processes.filter_map(|process| {
            let folder = process.path();
            let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
            // The name may hold anything.
            let (name, rest) = stat.rsplit_once(") ")?;
            let fields: Vec<String> = rest.split(' ').map(str::to_owned).collect();
            let name = name.split_once('(')?.1.to_owned();
            (*fields.get(2)? == group).then_some(Process { folder, name, fields })
        });
        found.collect()
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

/// A process as `/proc` shows it.
struct Process {
    folder: PathBuf,
    name: String,
    /// Of its `stat`, from its state on.
    fields: Vec<String>,
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}
