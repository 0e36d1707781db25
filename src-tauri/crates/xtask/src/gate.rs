//! `cargo xtask test`: every check, timed and counted.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    Result, command, cuda, deb, first_run, package_test, packages,
    packages::Purpose,
    project::{self, cargo},
    tools,
};

/// Crates that need neither a window nor a browser.
const ENGINE_CRATES: &[&str] = &[
    "cli",
    "document",
    "downloads",
    "editing",
    "engine",
    "files",
    "layering",
    "library",
    "locations",
    "models",
    "nn",
    "ora",
    "psd",
    "weights",
    "xtask",
];
/// Test programs of the crates that read and write files.
const FORMAT_TESTS: &[&str] =
    &["hostile", "kinds", "other_programs", "recovering", "round_trip", "saving"];

/// Everything that has to hold before a change lands.
pub(crate) fn test() -> Result {
    let mut report = Report::default();
    let result = every_phase(&mut report);
    report.close(result)
}

fn every_phase(report: &mut Report) -> Result {
    report.phase("system packages", |_| {
        packages::install(Purpose::Test)?;
        tools::install()
    })?;
    report.phase("format", |count| {
        count.check(command::new(&cargo()).args(["fmt", "--all", "--check"]))
    })?;
    report.phase("lints", |count| {
        count.check(command::new(&cargo()).args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    report.phase("types for graphics cards", |count| {
        cuda::run(cuda::Made::Check)?;
        count.passed += 1;
        Ok(())
    })?;
    report.phase("build", |_| first_run::build_programs())?;
    // Always the whole workspace: a part of it has other features, and would be built anew.
    report.phase("unit tests", |count| count.cargo_test(&["--workspace", "--lib", "--bins"]))?;
    report.phase("file formats", |count| {
        let programs = FORMAT_TESTS.iter().flat_map(|name| ["--test", name]);
        count.cargo_test(&["--workspace"].into_iter().chain(programs).collect::<Vec<_>>())
    })?;
    report.phase("commands", |count| count.test_program("commands"))?;
    report.phase("project rules", |count| count.test_program("tidy"))?;
    report.phase("behaviour", |count| count.test_program("it"))?;
    report.phase("parity with the reference", |count| count.test_program("parity"))?;
    report.phase("interface logic", Count::node_tests)?;
    report.phase("page", |count| count.test_program("page"))?;
    report.phase("window", |count| count.test_program("window"))?;
    report.phase("package", |count| {
        count.passed += package_test::run(deb::Cards::None)?;
        Ok(())
    })
}

/// The same without the window, for machines without WebKit.
pub(crate) fn engine() -> Result {
    let mut report = Report::default();
    let result = engine_phases(&mut report);
    report.close(result)
}

fn engine_phases(report: &mut Report) -> Result {
    let selection: Vec<&str> = ENGINE_CRATES.iter().flat_map(|name| ["--package", name]).collect();
    report.phase("system packages", |_| packages::install(Purpose::Engine))?;
    report.phase("format", |count| {
        count.check(command::new(&cargo()).args(["fmt", "--all", "--check"]))
    })?;
    report.phase("lints", |count| {
        count.check(command::new(&cargo()).arg("clippy").args(&selection).args([
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    report.phase("build", |_| command::new(&cargo()).arg("build").args(&selection).run())?;
    report.phase("unit tests", |count| count.cargo_test(&selection))?;
    report.phase("behaviour and parity", |count| {
        count.cargo_test(&[
            "--package",
            "asset-editor-tests",
            "--test",
            "tidy",
            "--test",
            "it",
            "--test",
            "parity",
        ])
    })
}

/// Takes the pictures of the window, and of every panel and state, again.
pub(crate) fn screenshots() -> Result {
    packages::install(Purpose::Test)?;
    first_run::build_programs()?;
    let pictures = project::target_dir()?.join("screenshots");
    if pictures.exists() {
        fs::remove_dir_all(&pictures)
            .map_err(|error| format!("`{}`: {error}", pictures.display()))?;
    }
    for (program, test) in
        [("page", "screenshots_of_every_panel_and_state"), ("window", "screenshots_for_the_readme")]
    {
        command::new(&cargo())
            .args(["test", "--workspace", "--test", program, "--", "--ignored", "--nocapture"])
            .arg(test)
            .env("SCREENSHOTS", &pictures)
            .run()?;
    }
    tools::make_sheets(&pictures)
}

/// Frame times of the canvas in both browsers, drawn by software where there is no graphics card.
pub(crate) fn bench_canvas() -> Result {
    packages::install(Purpose::Test)?;
    first_run::build_programs()?;
    for (program, test) in
        [("window", "frame_times_of_the_window"), ("page", "frame_times_of_the_page")]
    {
        command::new(&cargo())
            .args(["test", "--workspace", "--test", program, "--", "--ignored", "--nocapture"])
            .arg(test)
            .run()?;
    }
    Ok(())
}

/// How well the starter model takes held-out compositions apart: a table, and whether it is good enough.
pub(crate) fn evaluate_layers() -> Result {
    packages::install(Purpose::Build)?;
    command::new(&cargo())
        .args(["test", "--workspace", "--test", "parity", "--", "--ignored", "--nocapture"])
        .arg("all_held_out_compositions_come_apart")
        .run()
}

#[derive(Default)]
struct Report {
    phases: Vec<(&'static str, Duration, Count)>,
}

impl Report {
    fn phase(&mut self, name: &'static str, work: impl FnOnce(&mut Count) -> Result) -> Result {
        println!("\n=== {name}");
        let start = Instant::now();
        let mut count = Count::default();
        let result = work(&mut count);
        if result.is_err() && count.failed == 0 {
            count.failed = 1;
        }
        self.phases.push((name, start.elapsed(), count));
        result.map_err(|failure| format!("{name}: {failure}"))
    }

    /// Lists the phases; the last line is the sum, in a form that other programs read.
    fn close(&self, result: Result) -> Result {
        println!();
        let mut sum = Count::default();
        for (name, took, count) in &self.phases {
            println!(
                "{:>7.1} s  {name}: {} passed, {} failed",
                took.as_secs_f64(),
                count.passed,
                count.failed
            );
            sum.passed += count.passed;
            sum.failed += count.failed;
        }
        println!("{} passed, {} failed", sum.passed, sum.failed);
        result
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Count {
    fn check(&mut self, program: command::Program) -> Result {
        program.run()?;
        self.passed += 1;
        Ok(())
    }

    fn test_program(&mut self, name: &str) -> Result {
        self.cargo_test(&["--workspace", "--test", name])
    }

    fn cargo_test(&mut self, arguments: &[&str]) -> Result {
        // Built in an earlier phase: built by the tests alone, it would have other features, and
        // every dependency would be built again.
        let program = project::target_dir()?.join("debug/asset-editor");
        let cargo = command::new(&cargo()).env("ASSET_EDITOR_PROGRAM", program);
        self.run(cargo.arg("test").arg("--no-fail-fast").args(arguments))
    }

    fn node_tests(&mut self) -> Result {
        let files = node_test_files(&project::root().join("tests/ui"));
        if files.is_empty() {
            return Err("there are no files `*.test.js` in tests/ui".into());
        }
        self.run(command::new("node").args(["--test", "--test-reporter=tap"]).args(files))
    }

    fn run(&mut self, program: command::Program) -> Result {
        let succeeded = program.run_reading(|line| self.read(line))?;
        match succeeded {
            true if self.passed > 0 => Ok(()),
            true => Err("no test ran".into()),
            false => Err(format!("{} failed", self.failed.max(1))),
        }
    }

    /// Adds what a closing line of cargo's or node's test runner says.
    fn read(&mut self, line: &str) {
        let number =
            |text: &str| text.split_whitespace().next().and_then(|word| word.parse::<usize>().ok());
        if let Some(counts) = line.strip_prefix("test result: ") {
            for part in counts.split([';', '.']) {
                let Some(amount) = number(part) else { continue };
                if part.ends_with("passed") {
                    self.passed += amount;
                } else if part.ends_with("failed") {
                    self.failed += amount;
                }
            }
        } else if let Some(amount) = line.strip_prefix("# pass ").and_then(number) {
            self.passed += amount;
        } else if let Some(amount) = line.strip_prefix("# fail ").and_then(number) {
            self.failed += amount;
        }
    }
}

/// Files that are tests, at any depth. Named one by one, since Node's versions disagree on folders.
fn node_test_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| {
            let is_test = path.to_string_lossy().ends_with(".test.js")
                || path.to_string_lossy().ends_with(".test.mjs");
            match path {
                folder if folder.is_dir() => node_test_files(&folder),
                file if is_test => vec![file],
                _ => Vec::new(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let mut count = Count::default();
        for line in [
            "running 13 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "# pass 7",
            "# fail 1",
        ] {
            count.read(line);
        }
        assert_eq!(count, Count { passed: 22, failed: 3 });
    }
}
