use std::{
    env, fs,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use document::{Depth, Document, Layer};
use files::{Format, recovery};

use crate::{layered_documents::raster, program::Bench};

/// Where the child saves, and with which version it begins.
const FOLDER: &str = "ASSET_EDITOR_TEST_FOLDER";
const START: &str = "ASSET_EDITOR_TEST_START";
const RECOVERY: &str = "recovery";
const SLOT: &str = "slot";

/// A document that says which version it is, in its name and in every pixel.
fn version(number: u32) -> Document {
    let mut document = Document::new(96, 96);
    for part in 0..3 {
        let pixels = raster(96, 96, Depth::Eight, number * 7 + part);
        document.layers.push(Layer::pixels(number.to_string(), 0, 0, pixels));
    }
    document.number_layers();
    document
}

/// The version that a document is, if it is whole.
fn number_of(document: &Document) -> u32 {
    let number = document.layers[0].name.parse().expect("a number");
    assert!(*document == version(number), "version {number} is not whole");
    number
}

fn numbers() -> impl FnMut(u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

fn start_child(test: &str, folder: &Path, start: u32) -> Child {
    Command::new(env::current_exe().expect("this test has a path"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(START, start.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child starts")
}

/// Saves one version after the other until it is killed, and says after each that it is saved.
#[test]
#[ignore = "the child of the next test, which kills it"]
fn child_that_saves_again_and_again() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let start: u32 = env::var(START).expect("it is set").parse().expect("a number");
    for number in start.. {
        let document = version(number);
        files::save(&document, &folder.join("saved.ora"), Format::Ora).expect("it is saved");
        #[expect(clippy::print_stdout, reason = "the parent reads it")]
        {
            println!("\nsaved {number}");
        }
        recovery::save(&folder.join(RECOVERY), SLOT, &number.to_string(), &document)
            .expect("it is saved");
        #[expect(clippy::print_stdout, reason = "the parent reads it")]
        {
            println!("\nkept {number}");
        }
    }
}

#[test]
fn no_kill_loses_a_document() {
    const KILLS: u32 = 160;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let mut random = numbers();
    let mut start = 1;
    for _ in 0..KILLS {
        let mut child = start_child("crashes::child_that_saves_again_and_again", folder, start);
        let mut output = child.stdout.take().expect("it is piped");
        let mut heard = String::new();
        let mut buffer = [0; 256];
        // From the first save on, so that the kill meets a save and not a start.
        while !heard.contains("kept") {
            let count = output.read(&mut buffer).expect("it can be read");
            assert!(count > 0, "the child ended: {heard}");
            heard += &String::from_utf8_lossy(&buffer[..count]);
        }
        thread::sleep(Duration::from_micros(random(40_000)));
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        output.read_to_string(&mut heard).expect("text");

        let last = |word: &str| -> u32 {
            let lines = heard.lines().filter_map(|line| line.strip_prefix(word));
            lines.filter_map(|number| number.trim().parse().ok()).next_back().expect("one")
        };
        let saved = files::open(&folder.join("saved.ora")).expect("the document opens");
        let saved_number = number_of(&saved.document);
        let last_saved = last("saved ");
        assert!(
            (last_saved..=last_saved + 1).contains(&saved_number),
            "{saved_number} of {last_saved}"
        );

        let kept = recovery::open(&folder.join(RECOVERY), SLOT).expect("the copy opens");
        assert_eq!(kept.notes, [""; 0]);
        let kept_number = number_of(&kept.document);
        let last_kept = last("kept ");
        assert!((last_kept..=last_kept + 1).contains(&kept_number), "{kept_number} of {last_kept}");
        assert_eq!(recovery::list(&folder.join(RECOVERY)).expect("the slots").len(), 1);
        start = saved_number.max(kept_number) + 1;
    }
}

#[test]
fn a_killed_conversion_leaves_one_document_or_the_other() {
    const KILLS: u64 = 40;
    let bench = Bench::new();
    for number in [1, 2] {
        let path = bench.path(&format!("{number}.ora"));
        files::save(&version(number), &path, Format::Ora).expect("it is saved");
    }
    fs::copy(bench.path("1.ora"), bench.path("out.ora")).expect("a copy");
    let begin = Instant::now();
    assert_eq!(bench.run(&["convert", "2.ora", "out.ora"]).code, Some(0));
    let duration = begin.elapsed().as_micros() as u64;

    let mut random = numbers();
    for kill in 0..KILLS {
        let source = if kill % 2 == 0 { "1.ora" } else { "2.ora" };
        let mut child = bench.start(&["convert", source, "out.ora"], &[]);
        thread::sleep(Duration::from_micros(random(duration * 5 / 4)));
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
        let opened = files::open(&bench.path("out.ora")).expect("the document opens");
        assert!((1..=2).contains(&number_of(&opened.document)));
    }
}
