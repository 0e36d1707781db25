//! Writes and reads ten layers of 2048 x 2048, a photo-like background and sprites with noisy edges, and says how long
//! that took and how much memory: `cargo run --release -p psd --example speed -- FILE`.

use std::{
    error::Error,
    fs::{self, File},
    io::Write,
    sync::Arc,
    time::Instant,
};

use document::{Document, Layer, Raster};

const SIDE: u32 = 2048;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let document = document()?;
    let mut out = std::io::stdout();
    let before = memory();
    let start = Instant::now();
    psd::write(&document, File::create(&path)?)?;
    let took = start.elapsed();
    let more = memory().saturating_sub(before);
    writeln!(out, "written in {took:.2?}, with {} MB more than the document", more / 1000)?;
    let start = Instant::now();
    let picture = document::flatten(&document);
    writeln!(out, "of that, flattening takes about {:.2?}", start.elapsed())?;
    drop(picture);
    drop(document);
    let bytes = fs::read(&path)?;
    let start = Instant::now();
    let opened = psd::read(&bytes)?;
    let count = opened.document.layers.len();
    writeln!(
        out,
        "{} MB, {count} layers, read in {:.2?}",
        bytes.len() / 1_000_000,
        start.elapsed()
    )?;
    Ok(())
}

/// The most memory that this process ever held, in kB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

fn document() -> Result<Document, Box<dyn Error>> {
    let mut document = Document::new(SIDE, SIDE);
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 28
    };
    for index in 0..10 {
        let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
        let center = [300 + 160 * index, 1800 - 170 * index];
        for y in 0..SIDE {
            for x in 0..SIDE {
                let [across, down] =
                    [(x, center[0]), (y, center[1])].map(|(at, center)| at.abs_diff(center));
                let distance = across * across + down * down;
                let radius = 260 * 260;
                let alpha = match (index, distance) {
                    (0, _) => 255,
                    (_, distance) if distance < radius => 255 - noise() / 4,
                    (_, distance) if distance < radius * 5 / 4 => {
                        255 * (radius * 5 / 4 - distance) / (radius / 4)
                    }
                    _ => 0,
                };
                let hue = 40 + 17 * index;
                let shade = noise() + (x + y * 2) / 40;
                let color =
                    if alpha == 0 { [0; 3] } else { [hue + shade / 2, shade, 255 - hue + noise()] };
                rgba.extend(color.map(|level| level.min(255) as u8));
                rgba.push(alpha.min(255) as u8);
            }
        }
        let raster = Arc::new(Raster::from_rgba8(SIDE, SIDE, rgba)?);
        document.layers.push(Layer::pixels(format!("Layer {index}"), 0, 0, raster));
    }
    Ok(document)
}
