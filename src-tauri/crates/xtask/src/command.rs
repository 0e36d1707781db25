//! Running other programs, in the source tree, with plain words when they fail.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crate::{Result, project};

/// A program to run in the source tree.
pub(crate) struct Program {
    command: Command,
    line: String,
}

/// Starts to describe a program to run.
pub(crate) fn new(program: &str) -> Program {
    let mut command = Command::new(program);
    command.current_dir(project::root()).stdin(Stdio::null());
    let name = program.rsplit('/').next().unwrap_or(program);
    Program { command, line: name.to_owned() }
}

/// Whether a program can be found and asked for its version.
pub(crate) fn exists(program: &str) -> bool {
    new(program).arg("--version").output_text().is_ok()
}

impl Program {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.line, " {}", argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn in_folder(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// So that what it starts can be ended with it.
    pub(crate) fn in_own_group(mut self) -> Self {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        self
    }

    /// Runs it with its output on our terminal.
    pub(crate) fn run(mut self) -> Result {
        println!("$ {}", self.line);
        let status = self.command.status().map_err(|error| self.not_started(&error))?;
        if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", self.line)) }
    }

    /// Runs it, shows every line of its output, and hands each to `read`. Says whether it succeeded.
    pub(crate) fn run_reading(mut self, mut read: impl FnMut(&str)) -> Result<bool> {
        println!("$ {}", self.line);
        self.command.stdout(Stdio::piped());
        let mut child = self.command.spawn().map_err(|error| self.not_started(&error))?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = line.map_err(|error| format!("`{}`: {error}", self.line))?;
                let line = String::from_utf8_lossy(&line);
                println!("{line}");
                read(&line);
            }
        }
        let status = child.wait().map_err(|error| format!("`{}`: {error}", self.line))?;
        Ok(status.success())
    }

    /// Runs it quietly and gives what it printed.
    pub(crate) fn output_text(mut self) -> Result<String> {
        let output = self.command.output().map_err(|error| self.not_started(&error))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`{}` failed: {}: {}", self.line, output.status, complaint.trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts it and leaves it running.
    pub(crate) fn spawn(mut self, output: Stdio, complaints: Stdio) -> Result<Child> {
        self.command.stdout(output).stderr(complaints);
        self.command.spawn().map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &std::io::Error) -> String {
        format!("`{}` does not start: {error}", self.line)
    }
}
