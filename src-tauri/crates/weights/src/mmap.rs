//! The only `unsafe` of this crate: files that are used where the system keeps them.

use std::{
    fs::File,
    io,
    ops::Range,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use memmap2::{Advice, Mmap, UncheckedAdvice};
use nn::Memory;

/// How far behind a weight the file is fetched while the weight is used: the next one mostly lies there.
const AHEAD: usize = 64 << 20;

/// A file as memory. Its first `kept` bytes stay once they were read; what lies behind is let go of
/// after each use and comes again from the file, mostly from the system's cache.
#[derive(Debug)]
pub(crate) struct Mapped {
    map: Mmap,
    kept: AtomicUsize,
}

impl Mapped {
    /// Maps a file for reading, all of it kept.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
        }
        #[expect(
            unsafe_code,
            reason = "memory maps are how gigabytes of weights are read without a copy"
        )]
        // SAFETY: the map is only read. A file that another program shortens or rewrites meanwhile breaks
        // the promise that bytes do not change; model files are written once, and nothing here writes them.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self { map, kept: AtomicUsize::new(usize::MAX) })
    }

    /// Says how many bytes from the start stay in memory; those behind go now.
    pub(crate) fn keep(&self, bytes: usize) {
        self.kept.store(bytes, Ordering::Relaxed);
        self.release(bytes..self.map.len());
    }

    /// How many bytes from the start stay.
    pub(crate) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed).min(self.map.len())
    }

    /// Brings a range into memory and waits for it.
    pub(crate) fn populate(&self, range: Range<usize>) {
        let (start, length) = (range.start, range.len());
        // Advice is best effort: what is not there now comes when it is read.
        let _ = self.map.advise_range(Advice::WillNeed, start, length);
        if self.map.advise_range(Advice::PopulateRead, start, length).is_err() {
            // Linux before 5.14: reading a byte of each page does the same.
            let sum = self.map[range].iter().step_by(4096).fold(0, |sum, byte| sum ^ byte);
            std::hint::black_box(sum);
        }
    }

    fn release(&self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        #[expect(
            unsafe_code,
            reason = "letting go of pages is how large models fit small memories"
        )]
        // SAFETY: the map is of a file, shared or never written, so that pages which are let go of are
        // read from the file again, with the same bytes.
        let _ = unsafe {
            self.map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len())
        };
    }
}

impl Memory for Mapped {
    fn bytes(&self) -> &[u8] {
        &self.map
    }

    fn about_to_read(&self, range: &Range<usize>) {
        if range.end > self.kept.load(Ordering::Relaxed) {
            let end = (range.end + AHEAD).min(self.map.len());
            let _ = self.map.advise_range(Advice::WillNeed, range.start, end - range.start);
        }
    }

    fn has_read(&self, range: &Range<usize>) {
        let kept = self.kept.load(Ordering::Relaxed);
        self.release(range.start.max(kept).min(range.end)..range.end);
    }
}
