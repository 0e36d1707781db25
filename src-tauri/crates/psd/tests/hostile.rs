//! Files that were damaged or made to do harm: never a panic, never slow, never much memory.
#![expect(unsafe_code, reason = "only an allocator of our own can count what is allocated")]

mod builder;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::Cursor,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use builder::{File, Layer, block, zipped};
use document::{Depth, Document, Mask, Plane, Raster, Samples};
use psd::Version;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this function, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Deflate makes at most 1032 bytes of one, and one channel takes the memory of four.
const MAX_BYTES_PER_BYTE: usize = 4 * 1032;
const FREE_BYTES: usize = 4 << 20;
const MAX_TIME: Duration = Duration::from_secs(5);

/// Reads, and looks at what it cost; the files of this test are read one after another.
fn read(bytes: &[u8]) -> Result<document::Opened, psd::Error> {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let start = Instant::now();
    let opened = psd::read(bytes);
    let took = start.elapsed();
    let memory = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    assert!(took < MAX_TIME, "{} bytes took {took:?}", bytes.len());
    let allowed = bytes.len() * MAX_BYTES_PER_BYTE + FREE_BYTES;
    assert!(memory <= allowed, "{} bytes took {memory} bytes of memory", bytes.len());
    opened
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn document(depth: Depth) -> Document {
    let samples = (0..19 * 13 * 4).map(|index| (index * 7 % 251) as u8).collect();
    let raster =
        Arc::new(Raster::from_rgba8(19, 13, samples).expect("what the test makes is sound"));
    let mut masked = document::Layer::pixels("図層", -3, 2, Arc::clone(&raster));
    let plane =
        Plane::new(5, 4, Samples::Eight(vec![90; 20])).expect("what the test makes is sound");
    let plane = Arc::new(plane);
    masked.mask = Some(Mask { x: 1, y: 1, plane, outside: 255, enabled: true, linked: false });
    let group = document::Layer::group("Group", vec![masked]);
    let mut document = Document::new(23, 17);
    document.depth = depth;
    document.layers = vec![document::Layer::pixels("Back", 0, 0, raster), group];
    document
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for depth in [Depth::Eight, Depth::Sixteen] {
        for version in [Version::Psd, Version::Psb] {
            let mut bytes = Vec::new();
            psd::write_as(&document(depth), version, Cursor::new(&mut bytes))
                .expect("what the test makes is sound");
            seeds.push(bytes);
        }
    }
    for (bits, compression) in [(8, 2), (8, 3), (16, 3), (32, 3)] {
        let plane = zipped(compression, &vec![3; 9 * 9 * usize::from(bits / 8)]);
        let channels = [-1, 0, 1, 2].map(|number| (number, plane.clone())).to_vec();
        let blocks = block(b"lfx2", b"glow");
        let (rect, name) = ([0, 0, 9, 9], b"zip");
        let layer = Layer { rect, channels, name, blocks, ..Layer::default() };
        let (mode, layers) = (3, vec![layer]);
        let file = File { mode, bits, channels: 3, width: 9, height: 9, layers, ..File::default() };
        seeds.push(file.bytes());
    }
    for (mode, bits, channels) in [(0, 1, 1), (1, 16, 1), (2, 8, 1), (4, 8, 4), (8, 8, 1)] {
        let (width, height) = (9, 9);
        let merged = builder::raw(&[5; 81 * 4]);
        let table = vec![1; 768];
        seeds.push(
            File { mode, bits, channels, width, height, table, merged, ..File::default() }.bytes(),
        );
    }
    seeds
}

fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len());
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.below(256) as u8,
        // Lengths, sizes and places become extreme.
        3 | 4 => {
            let extremes = [0, 1, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX];
            let value = extremes[random.below(extremes.len())].to_be_bytes();
            let end = (at + 4).min(bytes.len());
            bytes[at..end].copy_from_slice(&value[..end - at]);
        }
        _ => {
            let other = &others[random.below(others.len())];
            let from = random.below(other.len());
            let to = (from + random.below(200)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
    }
}

// One test, because the counters are of the whole process.
#[test]
fn hostile_files_are_refused_or_opened_at_no_great_cost() {
    let seeds = seeds();
    for seed in &seeds {
        read(seed).unwrap();
    }
    let mut random = Random(1);
    let mut opened = 0;
    for turn in 0..2000 {
        let mut bytes = seeds[turn % seeds.len()].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &seeds, &mut random);
            if bytes.is_empty() {
                break;
            }
        }
        opened += usize::from(read(&bytes).is_ok());
    }
    assert!((100..1900).contains(&opened), "{opened} of 2000 opened: the test changes too little");

    every_length_of_a_file();
    declared_sizes_without_data();
}

fn every_length_of_a_file() {
    let whole = &seeds()[0];
    for length in (0..whole.len()).step_by(37) {
        // Whatever comes out, it comes out.
        read(&whole[..length]).ok();
    }
}

fn declared_sizes_without_data() {
    for compression in 0..4 {
        for (mode, bits, channels) in [(3, 8, 3), (3, 16, 4), (0, 1, 1), (4, 8, 4), (2, 8, 1)] {
            let merged = [&[0, compression], [0; 100].as_slice()].concat();
            let (width, height) = (300_000, 300_000);
            let table = vec![1; 768];
            let mut file =
                File { mode, bits, channels, width, height, table, merged, ..File::default() };
            let channel = [&[0, compression], [0; 40].as_slice()].concat();
            let channels = (-1..3).map(|number| (number, channel.clone())).collect();
            let rect = [0, 0, 300_000, 300_000];
            assert!(read(&file.bytes()).is_err());
            file.layers = vec![Layer { rect, channels, name: b"huge", ..Layer::default() }];
            assert!(read(&file.bytes()).is_err());
            (file.width, file.height) = (9, 9);
            assert!(read(&file.bytes()).is_ok() || mode == 2 || mode == 0);
        }
    }
}
