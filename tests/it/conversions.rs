use std::{fs, process::Command};

use document::{Depth, Document};
use files::Format;
use serde_json::Value;

use crate::{
    layered_documents::{raster, rich},
    program::{Bench, Run, program},
};

fn save(bench: &Bench, document: &Document, name: &str) {
    let path = bench.path(name);
    let format = Format::from_path(&path).expect("a known ending");
    files::save(document, &path, format).expect("it is saved");
}

fn open(bench: &Bench, name: &str) -> Document {
    files::open(&bench.path(name)).unwrap_or_else(|error| panic!("{error}")).document
}

fn works(bench: &Bench, arguments: &[&str]) -> Run {
    let run = bench.run(arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}\n{run:#?}");
    run
}

#[test]
fn a_document_comes_back_from_another_format_as_it_was() {
    for depth in [Depth::Eight, Depth::Sixteen] {
        let bench = Bench::new();
        save(&bench, &rich(depth), "first.psd");
        works(&bench, &["convert", "first.psd", "second.ora"]);
        works(&bench, &["convert", "second.ora", "third.psd"]);
        works(&bench, &["convert", "third.psd", "fourth.psb"]);
        works(&bench, &["convert", "fourth.psb", "fifth.ora"]);
        let first = open(&bench, "first.psd");
        for (read, given) in first.walk().zip(rich(depth).walk()) {
            assert_eq!(
                (&read.name, &read.mask, &read.content),
                (&given.name, &given.mask, &given.content)
            );
        }
        for name in ["second.ora", "third.psd"] {
            let document = open(&bench, name);
            for (read, given) in document.walk().zip(first.walk()) {
                assert_eq!(read, given, "{name}");
            }
            assert_eq!(document, first, "{name}");
        }
        assert!(
            fs::read(bench.path("first.psd")).expect("a file")
                == fs::read(bench.path("third.psd")).expect("a file"),
            "the bytes differ"
        );
        let fifth = open(&bench, "fifth.ora");
        assert_eq!(fifth.layers, first.layers);
    }
}

#[test]
fn every_format_becomes_every_other() {
    let bench = Bench::new();
    save(&bench, &rich(Depth::Eight), "source.ora");
    let endings = ["psd", "psb", "ora", "png", "jpg", "webp"];
    for from in endings {
        let source = format!("from.{from}");
        works(&bench, &["convert", "source.ora", &source]);
        for to in endings.into_iter().chain(["zip"]) {
            let target = format!("to.{to}");
            let run = works(&bench, &["convert", &source, &target]);
            assert!(run.stdout.contains("64 × 48"), "{run:?}");
            let bytes = fs::read(bench.path(&target)).expect("it is there");
            if to == "zip" {
                assert!(bytes.starts_with(b"PK"));
            } else {
                assert_eq!(files::detect(&bytes), Format::from_path(&bench.path(&target)));
                assert_eq!(open(&bench, &target).width, 64);
            }
        }
    }
}

#[test]
fn what_is_lost_is_said_and_the_result_is_one_object() {
    let bench = Bench::new();
    save(&bench, &rich(Depth::Sixteen), "source.ora");
    let run = works(&bench, &["convert", "source.ora", "flat.jpg", "--json"]);
    let result: Value = serde_json::from_str(&run.stdout).expect("one JSON object");
    assert_eq!(result["format"], "JPEG");
    assert_eq!((&result["width"], &result["layers"]), (&64.into(), &7.into()));
    let notes = result["notes"].as_array().expect("a list");
    assert!(notes.len() >= 2, "{notes:?}");
    for note in notes {
        assert!(
            run.stderr.contains(&format!("note: {}\n", note.as_str().expect("text"))),
            "{run:?}"
        );
    }
}

#[test]
fn a_file_can_be_inspected() {
    let bench = Bench::new();
    save(&bench, &rich(Depth::Sixteen), "source.psd");
    let run = works(&bench, &["inspect", "source.psd", "--json"]);
    let tree: Value = serde_json::from_str(&run.stdout).expect("one JSON object");
    assert_eq!(
        (&tree["width"], &tree["height"], &tree["depth"]),
        (&64.into(), &48.into(), &16.into())
    );
    assert_eq!(tree["layers"][0]["name"], "Hintergrund");
    assert_eq!((&tree["layers"][0]["x"], &tree["layers"][0]["width"]), (&(-5).into(), &20.into()));
    assert_eq!(tree["layers"][1]["mask"]["enabled"], false);
    assert_eq!(tree["layers"][2]["clipping"], true);
    let group = &tree["layers"][3]["children"][0];
    assert_eq!((&group["kind"], &group["blend"]), (&"group".into(), &"screen".into()));
    assert_eq!(group["children"][0]["visible"], false);
    assert!((group["opacity"].as_f64().expect("a number") - 100.0 / 255.0).abs() < 1e-9);

    let text = works(&bench, &["inspect", "source.psd"]).stdout;
    let order: Vec<usize> = ["outer", "內 group", "a/b\\c", "狐と森", "Hintergrund"]
        .into_iter()
        .map(|name| text.find(name).unwrap_or_else(|| panic!("{name}: {text}")))
        .collect();
    assert!(order.is_sorted(), "{text}");
}

#[test]
fn what_cannot_be_converted_is_refused_in_one_line() {
    let bench = Bench::new();
    save(&bench, &rich(Depth::Eight), "real.ora");
    save(&bench, &rich(Depth::Eight), "real.psd");
    for (name, length) in [("real.ora", 5000), ("real.psd", 100)] {
        let bytes = fs::read(bench.path(name)).expect("a file");
        fs::write(bench.path(&format!("cut-{name}")), &bytes[..length]).expect("a file");
    }
    fs::write(bench.path("text.psd"), "these are words").expect("a file");
    fs::write(bench.path("empty.ora"), "").expect("a file");
    fs::create_dir(bench.path("folder.png")).expect("a folder");
    for file in [
        "cut-real.ora",
        "cut-real.psd",
        "text.psd",
        "empty.ora",
        "folder.png",
        "missing.png",
        "/dev/zero",
    ] {
        bench.refuses(&["convert", file, "out.png"], file);
        bench.refuses(&["inspect", file], file);
        let run = bench.refuses(&["inspect", file, "--json"], file);
        let object: Value = serde_json::from_str(&run.stdout).expect("one JSON object");
        assert_eq!(object["error"]["code"], "unreadable");
    }
    for place in ["out", "out.gif", "no/where.png", "folder.png"] {
        bench.refuses(&["convert", "real.ora", place], place);
    }
    bench.refuses(&["convert", "real.ora"], "OUT");
    bench.refuses(&["inspect"], "FILE");
}

#[test]
fn a_failed_conversion_leaves_the_file_that_was_there() {
    let bench = Bench::new();
    let mut wide = Document::new(70_000, 1);
    wide.layers.push(document::Layer::pixels("wide", 0, 0, raster(2, 1, Depth::Eight, 0)));
    save(&bench, &wide, "wide.ora");
    fs::write(bench.path("out.jpg"), "before").expect("a file");
    bench.refuses(&["convert", "wide.ora", "out.jpg"], "65535");
    bench.refuses(&["convert", "missing.ora", "out.jpg"], "missing.ora");
    assert_eq!(fs::read(bench.path("out.jpg")).expect("it is there"), b"before");
}

#[test]
fn a_disk_that_takes_no_more_is_told_in_one_line() {
    let bench = Bench::new();
    save(&bench, &rich(Depth::Eight), "source.ora");
    fs::write(bench.path("out.ora"), "before").expect("a file");
    for name in ["out.ora", "new.psd", "new.zip", "new.png"] {
        let before = bench.left();
        // A limit on the size of files fails as a full disk does.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" convert source.ora \"$1\""])
            .arg(program())
            .arg(name)
            .current_dir(bench.path(""))
            .output()
            .expect("the program starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        let words = format!("error: cannot write `{name}`: the disk takes no file of that size\n");
        assert_eq!(complaint, words);
        assert_eq!(bench.left(), before, "something is left behind");
    }
    assert_eq!(fs::read(bench.path("out.ora")).expect("it is there"), b"before");
}
