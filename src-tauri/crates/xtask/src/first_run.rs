//! `cargo xtask run`: from a fresh clone to a picture and a window.

use std::{env, fs::File, process::Stdio, thread, time::Duration};

use crate::{
    Result, command, packages,
    packages::{Purpose, has_display},
    project,
};

/// Sets up, builds, paints `prompt` with the starter model, and opens the window with the picture.
pub(crate) fn run(prompt: &str) -> Result {
    packages::install(Purpose::Build)?;
    build_programs()?;
    let programs = project::target_dir()?.join("debug");
    let program = programs.join("asset-editor");
    let program = program.to_string_lossy();

    // Where the user stands, not where the source is.
    let here = env::current_dir().map_err(|error| format!("no current folder: {error}"))?;
    let picture = here.join(file_name(prompt));
    println!("\nPainting with the starter model: small, for trying out");
    command::new(&program)
        .args(["generate", "--model", "starter", "--prompt", prompt, "--out"])
        .arg(&picture)
        .run()?;
    println!("\nThe picture: {}", picture.display());

    let by_hand = format!("{program} {}", picture.display());
    if !has_display() {
        println!("There is no display here. On a desktop this opens it: {by_hand}");
        return Ok(());
    }
    let log = programs.join("asset-editor-window.log");
    let output = || {
        File::create(&log)
            .map(Stdio::from)
            .map_err(|error| format!("cannot write `{}`: {error}", log.display()))
    };
    let mut window = command::new(&program).arg(&picture).spawn(output()?, output()?)?;
    // Long enough to see a window that does not start at all.
    thread::sleep(Duration::from_secs(2));
    match window.try_wait() {
        Ok(Some(status)) if !status.success() => {
            Err(format!("the window did not start ({status}), see {}", log.display()))
        }
        _ => {
            println!("The window is open. Open it again with: {by_hand}");
            Ok(())
        }
    }
}

/// Both programs, in the profile that tests use too.
pub(crate) fn build_programs() -> Result {
    // The whole workspace, so that every command builds dependencies with the same features.
    command::new(&project::cargo()).args(["build", "--workspace", "--bins"]).run()
}

/// `a red potion` becomes `a-red-potion.png`.
fn file_name(prompt: &str) -> String {
    let words: Vec<String> = prompt
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let stem: String = words.join("-").chars().take(60).collect();
    format!("{}.png", if stem.is_empty() { "picture" } else { &stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_names_its_file() {
        assert_eq!(file_name("a red potion"), "a-red-potion.png");
        assert_eq!(file_name("  Moon / Star!  "), "moon-star.png");
        assert_eq!(file_name("../.."), "picture.png");
    }
}
