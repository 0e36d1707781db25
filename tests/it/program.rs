use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Far longer than any run here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The built program: what `ASSET_EDITOR_PROGRAM` names, else built now.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(program) = env::var_os("ASSET_EDITOR_PROGRAM") {
            return program.into();
        }
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "cli"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo starts");
        assert!(status.success(), "the program does not build");
        // Test programs lie in a folder below it.
        let test = env::current_exe().expect("this test has a path");
        test.ancestors().nth(2).expect("it lies in target/debug/deps").join("asset-editor")
    })
}

/// A folder for one run's output, and nothing else.
pub(crate) struct Bench {
    folder: TempDir,
    /// What the program remembers goes here.
    home: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        Self { folder: folder(), home: folder() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the program keeps settings, models and notes.
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs the program in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut child = self.start(arguments, variables);
        let start = Instant::now();
        while child.try_wait().expect("the program can be watched").is_none() {
            if start.elapsed() > PATIENCE {
                child.kill().expect("it can be ended");
                panic!("{arguments:?} did not end within {PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(5));
        }
        finish(child)
    }

    /// Starts the program. Its output is short enough for the pipes to hold.
    pub(crate) fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        Command::new(program())
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env("RUST_BACKTRACE", "0")
            .env("HOME", self.home.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("HF_ENDPOINT")
            .env_remove("HF_TOKEN")
            // No keychain but one that a test brings.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .env_remove("ASSET_EDITOR_MODELS")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Names of what lies in the folder.
    pub(crate) fn left(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .expect("the folder can be read")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs it, and holds that it ends with one clear line that contains `words`, and leaves nothing.
    pub(crate) fn refuses(&self, arguments: &[&str], words: &str) -> Run {
        self.refuses_case("", arguments, words)
    }

    /// The same, where the arguments alone do not say what is tried.
    pub(crate) fn refuses_case(&self, case: &str, arguments: &[&str], words: &str) -> Run {
        let before = self.left();
        let run = self.run(arguments);
        let case = format!("{case} {arguments:?}\n{run:#?}");
        assert!(matches!(run.code, Some(1 | 2)), "the exit code is not 1 or 2: {case}");
        assert!(!run.stderr.contains("panicked"), "it panicked: {case}");
        assert!(!run.stderr.contains("unexpectedly"), "the engine stopped unexpectedly: {case}");
        let complaints: Vec<&str> =
            run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(complaints.len(), 1, "not exactly one line of error: {case}");
        assert_eq!(
            run.stderr.lines().last(),
            complaints.first().copied(),
            "the error is not last: {case}"
        );
        assert!(complaints[0].contains(words), "the error does not say `{words}`: {case}");
        assert!(complaints[0].chars().count() < 700, "the error is too long to read: {case}");
        assert_eq!(self.left(), before, "something is left behind: {case}");
        run
    }

    /// Runs it, and holds that it makes the picture `out.png`. Gives the file's bytes.
    pub(crate) fn paints(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<u8> {
        let run = self.run_with(arguments, variables);
        assert_eq!(run.code, Some(0), "{arguments:?}\n{run:#?}");
        let bytes = fs::read(self.path("out.png")).expect("the picture is there");
        fs::remove_file(self.path("out.png")).expect("the picture can be removed");
        bytes
    }
}

/// What a program that has ended left.
pub(crate) fn finish(mut child: Child) -> Run {
    let code = child.wait().expect("the program can be watched").code();
    let mut text = [String::new(), String::new()];
    child.stdout.take().expect("it is piped").read_to_string(&mut text[0]).expect("text");
    child.stderr.take().expect("it is piped").read_to_string(&mut text[1]).expect("text");
    let [stdout, stderr] = text;
    Run { code, stdout, stderr }
}
