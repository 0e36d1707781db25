//! The command line: a thin edge over the engine, as the window is.
//!
//! Links no webview. Without a subcommand it becomes `asset-editor-window`.

mod arguments;
mod bench;
mod convert;
mod decompose;
mod failure;
mod generate;
mod inspect;
mod interrupt;
mod job;
mod models;
mod plan;
mod progress;
mod window;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::{CommandFactory, FromArgMatches};

use crate::{
    arguments::{Arguments, Command},
    failure::Failure,
};

#[global_allocator]
static MEMORY: engine::LargePages = engine::LargePages;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    if window::is_meant_by(arguments) {
        return window::open(arguments);
    }
    match parse(arguments)? {
        None => Ok(()),
        Some(Command::Generate(options)) => generate::run(&options),
        Some(Command::Decompose(options)) => decompose::run(&options),
        Some(Command::Convert(options)) => convert::run(&options),
        Some(Command::Inspect(options)) => inspect::run(&options),
        Some(Command::Models(options)) => models::run(&options),
        Some(Command::Plan(options)) => plan::run(&options),
        Some(Command::Bench(options)) => bench::run(&options),
    }
}

/// `None` when help or the version was asked for, and shown.
fn parse(arguments: &[OsString]) -> Result<Option<Command>, Failure> {
    let program = OsString::from("asset-editor");
    let all = std::iter::once(&program).chain(arguments);
    let parsed = Arguments::command()
        .try_get_matches_from(all)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    match parsed {
        Ok(parsed) => Ok(Some(parsed.command)),
        Err(error) if error.exit_code() == 0 => {
            say(&error.render().to_string());
            Ok(None)
        }
        Err(error) => Err(Failure::usage(&error)),
    }
}

/// Writes to stdout. A reader that went away is not an error of ours.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
