use std::fs;

use crate::{
    model_folder::{model, reference},
    program::Bench,
};

/// A grey picture.
fn write_picture(bench: &Bench, name: &str, width: u32, height: u32) {
    image::GrayImage::from_pixel(width, height, image::Luma([200]))
        .save(bench.path(name))
        .expect("a picture");
}

fn refuses(bench: &Bench, more: &[&str], words: &str) {
    let model = model();
    let mut arguments =
        vec!["generate", "--model", &model, "--prompt", "a fox", "--out", "out.png"];
    arguments.extend(more);
    bench.refuses(&arguments, words);
}

/// The beginning of a PNG file that claims a size.
fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 6, 0, 0, 0]);
    let mut crc = u32::MAX;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(chunk);
    file.extend((!crc).to_be_bytes());
    file.extend(b"\0\0\0\x0aIDAT\x78\x9c\x63\x00\x00\x00\x02\x00\x01");
    file
}

#[test]
fn files_that_are_no_pictures_are_refused() {
    let bench = Bench::new();
    let real = fs::read(reference("flux2-golden/images/ref0.png")).expect("the fixture");
    fs::write(bench.path("text.png"), "this is text").expect("a file");
    fs::write(bench.path("empty.png"), "").expect("a file");
    fs::write(bench.path("cut.png"), &real[..real.len() / 2]).expect("a file");
    fs::write(bench.path("start.png"), &real[..20]).expect("a file");
    let mut turned = real.clone();
    turned[60..].iter_mut().for_each(|byte| *byte = !*byte);
    fs::write(bench.path("turned.png"), turned).expect("a file");
    fs::write(
        bench.path("other.gif"),
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00",
    )
    .expect("a file");
    for file in [
        "text.png",
        "empty.png",
        "cut.png",
        "start.png",
        "turned.png",
        "other.gif",
        "missing.png",
        ".",
        "/dev/null",
        "/dev/zero",
        "/proc/self/mem",
    ] {
        refuses(&bench, &["--ref", file], "cannot read");
        write_picture(&bench, "fine.png", 96, 64);
        refuses(&bench, &["--init", file, "--mask", "fine.png"], "cannot read");
        refuses(&bench, &["--init", "fine.png", "--mask", file], "cannot read");
        fs::remove_file(bench.path("fine.png")).expect("it is there");
    }
}

#[test]
fn a_picture_that_claims_to_be_huge_is_refused_without_taking_the_memory() {
    for (width, height) in
        [(100_000, 100_000), (u32::MAX, 1), (0, 0), (30_000, 30_000), (1 << 31, 1 << 31)]
    {
        let bench = Bench::new();
        fs::write(bench.path("bomb.png"), png_of_size(width, height)).expect("a file");
        refuses(&bench, &["--ref", "bomb.png"], "cannot read `bomb.png`");
    }
}

#[test]
fn references_that_the_model_cannot_read_are_refused() {
    let bench = Bench::new();
    write_picture(&bench, "small.png", 63, 200);
    write_picture(&bench, "dot.png", 1, 1);
    write_picture(&bench, "long.png", 1000, 100);
    refuses(&bench, &["--ref", "small.png"], "64");
    refuses(&bench, &["--ref", "dot.png"], "64");
    refuses(&bench, &["--ref", "long.png"], "");
    write_picture(&bench, "fine.png", 64, 64);
    let many: Vec<&str> = ["--ref", "fine.png"].repeat(17);
    refuses(&bench, &many, "too many");
}

#[test]
fn a_mask_needs_its_picture_of_the_same_size() {
    let bench = Bench::new();
    write_picture(&bench, "picture.png", 96, 64);
    write_picture(&bench, "mask.png", 64, 96);
    refuses(&bench, &["--mask", "mask.png"], "--init");
    refuses(&bench, &["--init", "picture.png"], "--mask");
    refuses(&bench, &["--strength", "0.5"], "--mask");
    let both = ["--init", "picture.png", "--mask", "mask.png"];
    refuses(&bench, &both, "same size");
    let fit = ["--init", "picture.png", "--mask", "picture.png", "--strength"];
    for (strength, words) in
        [("0", "strength"), ("1.5", "strength"), ("-1", "strength"), ("nan", "number")]
    {
        refuses(&bench, &[&fit[..], &[strength]].concat(), words);
    }
}
