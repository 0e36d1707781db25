use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    time::{Duration, Instant},
};

use document::Depth;
use files::Format;

use crate::layered_documents::rich;

const FILES: usize = 1000;
/// In kilobytes: address space, of which threads and the program itself take a part.
const MEMORY: &str = "2000000";
const PATIENCE: Duration = Duration::from_secs(5);
const MARK: &str = "ASSET_EDITOR_TEST_DAMAGE";

#[test]
fn damaged_documents_neither_panic_nor_hang_nor_eat_memory() {
    let test = env::current_exe().expect("this test has a path");
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")])
        .arg(test)
        .args(["--exact", "damaged_documents::child_that_opens_damaged_documents"])
        .args(["--ignored", "--nocapture"])
        .env(MARK, "1")
        .output()
        .expect("the child starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(&format!("opened or refused {FILES} files")), "{text}");
}

/// Runs with little memory, which would otherwise be missed by other tests.
#[test]
#[ignore = "the child of the test above"]
fn child_that_opens_damaged_documents() {
    if env::var_os(MARK).is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources: Vec<(Format, Vec<u8>)> = [Depth::Eight, Depth::Sixteen]
        .into_iter()
        .flat_map(|depth| Format::ALL.map(|format| (format, depth)))
        .filter(|(format, _)| *format != Format::Zip)
        .map(|(format, depth)| {
            let path = folder.path().join("whole");
            files::save(&rich(depth), &path, format).expect("it is saved");
            (format, fs::read(&path).expect("the file"))
        })
        .collect();

    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut opened, mut slowest) = (0, Duration::ZERO);
    for index in 0..FILES {
        let (format, source) = &sources[index % sources.len()];
        let mut bytes = source.clone();
        random.damage(&mut bytes);
        if *format == Format::Png && index % 3 != 0 {
            mend_checksums(&mut bytes);
        }
        let name = format!("{index}-{}", format.extensions()[0]);
        let path = folder.path().join(&name);
        fs::write(&path, &bytes).expect("a file");
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| files::open(&path)));
        let took = start.elapsed();
        slowest = slowest.max(took);
        assert!(took < PATIENCE, "{name} took {took:?}");
        match result.unwrap_or_else(|_panic| panic!("{name} of seed {index} panicked")) {
            Ok(document) => {
                opened += 1;
                drop(document);
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.starts_with("cannot read `") && error.contains(&name), "{error}");
                assert!(!error.contains('\n') && error.chars().count() < 400, "{error}");
            }
        }
        fs::remove_file(&path).expect("it can be removed");
    }
    #[expect(clippy::print_stdout, reason = "the parent reads it")]
    {
        println!("opened or refused {FILES} files: {opened} opened, the slowest took {slowest:?}");
    }
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Turns bits, changes numbers, takes parts away or doubles them; more often at the beginning and
    /// the end, where formats say what follows.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            let length = bytes.len();
            let at = match self.below(3) {
                0 => self.below(length.min(400)),
                1 => length - 1 - self.below(length.min(400)),
                _ => self.below(length),
            };
            match self.below(7) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                2 => {
                    let number =
                        [0, 1, 0x7fff_ffff, 0xffff_ffff, 0x0001_0000, 0x8000_0000][self.below(6)];
                    let number = u32::to_be_bytes(number);
                    let end = length.min(at + 4);
                    bytes[at..end].copy_from_slice(&number[..end - at]);
                }
                3 => {
                    let number = self.below(usize::MAX).to_le_bytes();
                    let end = length.min(at + 2);
                    bytes[at..end].copy_from_slice(&number[..end - at]);
                }
                4 => {
                    let end = length.min(at + 1 + self.below(64));
                    bytes.drain(at..end);
                }
                5 => {
                    let end = length.min(at + 1 + self.below(64));
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ if self.below(4) == 0 => bytes.truncate(at),
                _ => {}
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
    }
}

/// Gives the chunks of a PNG the checksums that they ask for, so that damage gets past them.
fn mend_checksums(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let Some(end) = at.checked_add(8).and_then(|start| start.checked_add(length)) else {
            return;
        };
        if end + 4 > bytes.len() {
            return;
        }
        let mut crc = u32::MAX;
        for byte in &bytes[at + 4..end] {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        bytes[end..end + 4].copy_from_slice(&(!crc).to_be_bytes());
        at = end + 4;
    }
}
