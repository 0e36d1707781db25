//! Headers that somebody has damaged: no panic, no memory beyond the file's size, one clear line.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fs,
    path::{Path, PathBuf},
};

use nn::ParamSource;
use weights::{Checkpoint, Kind, Lora};

use crate::golden::reference_dir;

/// Damaged files that are tried.
const MUTATIONS: u64 = 1000;
/// What a program may take at once for small things, such as the text of an error.
const SMALL: usize = 64 << 10;

/// The system's memory, and the most that this thread has asked for at once.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "only the allocator sees what is asked of it")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more, and no test either.
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static WATCHED: Watched = Watched;

/// Numbers that look random, and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

/// Bytes at the front that say what the rest is.
fn header_length(bytes: &[u8]) -> usize {
    let length = match bytes {
        [b'G', b'G', b'U', b'F', ..] => 6000,
        _ => 8 + bytes[..8].iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte)),
    };
    length.min(bytes.len())
}

/// Damages a few places of a header.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice, length: usize) {
    const NUMBERS: [u64; 8] =
        [0, 1, u64::MAX, i64::MAX as u64, 1 << 32, 1 << 40, 0x7fff_ffff, 0xffff_ffff];
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(length.min(bytes.len()));
        match dice.roll(7) {
            0 => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes[at] = dice.roll(256) as u8,
            2 if at + 8 <= bytes.len() => {
                bytes[at..at + 8].copy_from_slice(&NUMBERS[dice.roll(8)].to_le_bytes());
            }
            3 => bytes.truncate(at + dice.roll(bytes.len() - at) + 1),
            4 => {
                let end = (at + 1 + dice.roll(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let text: &[u8] = [
                    &b"[[[[[[[["[..],
                    b"{\"a\":",
                    b"99999999999999999999",
                    b"-1",
                    b"\"F32\"",
                    b"\xff\xfe",
                ][dice.roll(6)];
                bytes.splice(at..at, text.iter().copied());
            }
            // A digit in a number or a name.
            _ => match bytes[at..].iter().position(u8::is_ascii_digit) {
                Some(near) => bytes[at + near] = b'0' + dice.roll(10) as u8,
                None => bytes[at] = 0,
            },
        }
        if bytes.is_empty() {
            return;
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let names = [
        "formats/flux2/flux2_fp8_comfy_quant.safetensors",
        "formats/flux2/flux2_fp8_metadata.safetensors",
        "formats/flux2/gguf/flux2-Q8_0.gguf",
        "formats/flux2/gguf/flux2-sdcpp-Q5_0.gguf",
        "formats/qwen_image/gguf/qwen_image-sdcpp-Q5_0.gguf",
        "lora/flux2/kohya.safetensors",
        "lora/flux2/peft_diffusers_alpha_metadata.safetensors",
        "flux2-klein/transformer/diffusion_pytorch_model.safetensors.index.json",
    ];
    names.map(|name| reference_dir().join(name)).to_vec()
}

/// Opens a file in every way there is; the line of each refusal.
fn open(path: &Path) -> Vec<String> {
    let mut refusals = Vec::new();
    let parts = [Kind::Flux2Transformer, Kind::QwenImageLayeredTransformer];
    let opened = parts.map(|kind| Checkpoint::open_part(path, kind));
    for result in opened {
        match result {
            Ok(checkpoint) => {
                for (name, _) in checkpoint.tensors() {
                    assert!(checkpoint.shape(name).is_some());
                }
            }
            Err(error) => refusals.push(error.to_string()),
        }
    }
    refusals.extend(Lora::open(path).err().map(|error| error.to_string()));
    refusals
}

#[test]
fn damaged_headers_are_refused_without_taking_memory_for_what_they_claim() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let sources: Vec<(PathBuf, Vec<u8>)> = sources()
        .into_iter()
        .map(|path| (path.clone(), fs::read(&path).expect("a fixture")))
        .collect();
    let mut refused = 0;
    for round in 0..MUTATIONS {
        let (path, whole) = &sources[round as usize % sources.len()];
        let mut bytes = whole.clone();
        let is_index = path.extension().is_some_and(|end| end == "json");
        let length = if is_index { bytes.len() } else { header_length(&bytes) };
        damage(&mut bytes, &mut dice, length);
        let place = if is_index {
            let place = folder.path().join("component");
            fs::create_dir_all(&place).expect("a folder");
            fs::write(place.join(path.file_name().expect("a name")), &bytes).expect("a file");
            place
        } else {
            let place = folder.path().join("damaged");
            fs::write(&place, &bytes).expect("a file");
            place
        };
        LARGEST.set(0);
        let refusals = open(&place);
        let largest = LARGEST.get();
        assert!(
            largest <= bytes.len() + SMALL,
            "round {round}: {largest} bytes were taken for a file of {}",
            bytes.len()
        );
        for line in &refusals {
            assert!(!line.contains('\n') && line.contains('`'), "round {round}: {line}");
            assert!(line.chars().count() < 1000, "round {round}: {line}");
        }
        refused += usize::from(refusals.len() == 3);
    }
    assert!(refused > 300, "only {refused} were found out: the damage is too small");
}
