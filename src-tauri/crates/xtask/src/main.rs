//! The developer commands: `cargo xtask COMMAND`.
//!
//! Needs nothing but Rust: what else a command needs, it installs and says so.

#![expect(clippy::print_stdout, reason = "a developer command talks on the terminal")]

mod command;
mod cuda;
mod deb;
mod first_run;
mod gate;
mod package_test;
mod packages;
mod project;
mod tools;

use std::process::ExitCode;

/// Why a command ended early, in one sentence.
type Failure = String;
type Result<T = ()> = std::result::Result<T, Failure>;

const USAGE: &str = "\
cargo xtask run [PROMPT]   set everything up, paint a picture, open the window with it
cargo xtask test           every check and test
cargo xtask ci-engine      the checks and tests of the engine, without the window
cargo xtask package        make the Debian package (--cuda: with kernels for NVIDIA's cards)
cargo xtask package-test   make it, install it, start it both ways, remove it (--cuda: the other one)
cargo xtask cuda           build both programs with kernels for NVIDIA's cards (--cli: without the window)
cargo xtask cuda --check   check the types and lints of that build; needs no compiler of NVIDIA's
cargo xtask cuda --kernels the same, and compile the kernels for every card
cargo xtask cuda --carried build what tests/tools/bench/gpu.sh runs on a machine with a card
cargo xtask evaluate-layers  how well the starter model splits pictures it has never seen
cargo xtask screenshots    take the pictures of the window and of every panel and state again
cargo xtask bench-canvas   frame times of the canvas, in Chromium and in the real window
cargo xtask setup          install what building and testing need";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["run"] => first_run::run("a red potion"),
        ["run", prompt] => first_run::run(prompt),
        ["test"] => gate::test(),
        ["ci-engine"] => gate::engine(),
        ["package"] => packed(deb::Cards::None),
        ["package", "--cuda"] => packed(deb::Cards::Nvidia),
        ["package-test"] => package_test::run(deb::Cards::None).map(|_| ()),
        ["package-test", "--cuda"] => package_test::run(deb::Cards::Nvidia).map(|_| ()),
        ["cuda"] => built(cuda::Made::Programs),
        ["cuda", "--cli"] => built(cuda::Made::Program),
        ["cuda", "--carried"] => built(cuda::Made::Carried),
        ["cuda", "--check"] => cuda::run(cuda::Made::Check).map(|_| ()),
        ["cuda", "--kernels"] => cuda::run(cuda::Made::Kernels).map(|_| ()),
        ["evaluate-layers"] => gate::evaluate_layers(),
        ["screenshots"] => gate::screenshots(),
        ["bench-canvas"] => gate::bench_canvas(),
        ["setup"] => packages::install(packages::Purpose::Test).and_then(|()| tools::install()),
        _ => Err(format!("say what to do:\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn built(made: cuda::Made) -> Result {
    cuda::run(made).map(|folder| println!("{}", folder.display()))
}

fn packed(cards: deb::Cards) -> Result {
    deb::build(cards).map(|path| println!("{}", path.display()))
}
