//! Memory for large tensors.
#![expect(unsafe_code, reason = "allocators are")]

use std::alloc::{GlobalAlloc, Layout, System};

/// An allocator for large tensors beside the system's. It asks for large pages, since every page costs a
/// visit to the system when it is first written, and it keeps blocks, whole or in parts, for the next ones:
/// one step of a model needs what the step before needed. Kept blocks never make the program larger than
/// it was while all of its blocks were in use, but for one that grows and had to be copied. Large blocks
/// begin at a cache line.
#[derive(Debug, Clone, Copy, Default)]
pub struct LargePages;

impl LargePages {
    /// Gives kept blocks back to the system.
    pub fn release() {
        #[cfg(target_os = "linux")]
        large::release();
    }
}

/// Smaller blocks are the system allocator's business.
const LARGE: usize = 4 << 20;

#[cfg(target_os = "linux")]
mod large {
    use std::{
        alloc::Layout,
        ptr,
        sync::{Mutex, MutexGuard, PoisonError},
    };

    /// A multiple of the page of every system there is.
    const SMALL_PAGE: usize = 64 << 10;
    pub(super) const LARGE_PAGE: usize = 2 << 20;
    /// Blocks that are kept, at most.
    const SLOTS: usize = 64;
    /// Bytes that are kept, at most, but for a single block: what a step and a decoder of a large picture need.
    /// More than was in use at once is never kept.
    const MOST_KEPT: usize = 4 << 30;

    /// Sizes are in bytes, of whole pages.
    pub(super) struct Kept {
        pub(super) in_use: usize,
        /// The most that was in use since blocks were last given back.
        pub(super) most: usize,
        pub(super) kept: usize,
        /// Where each begins and how long it is, the oldest first.
        pub(super) blocks: [(usize, usize); SLOTS],
        pub(super) count: usize,
    }

    static KEPT: Mutex<Kept> =
        Mutex::new(Kept { in_use: 0, most: 0, kept: 0, blocks: [(0, 0); SLOTS], count: 0 });

    fn lock() -> MutexGuard<'static, Kept> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Kept {
        /// Removes a block.
        fn take(&mut self, at: usize) -> (usize, usize) {
            let block = self.blocks[at];
            self.blocks.copy_within(at + 1..self.count, at);
            self.count -= 1;
            self.kept -= block.1;
            block
        }

        /// Gives the oldest ones back until `most` bytes are held in all; of the last, what is too much.
        pub(super) fn shrink(&mut self, most: usize) {
            while self.count > 0 && self.in_use + self.kept > most {
                let excess = (self.in_use + self.kept - most).next_multiple_of(LARGE_PAGE);
                let (start, length) = self.blocks[0];
                if excess < length {
                    self.blocks[0].1 -= excess;
                    self.kept -= excess;
                    give_back(start + length - excess, excess);
                } else {
                    self.take(0);
                    give_back(start, length);
                }
            }
        }

        fn grow(&mut self, length: usize) {
            self.in_use += length;
            self.most = self.most.max(self.in_use);
        }

        /// A kept block of that length, or the beginning of the smallest that is longer.
        pub(super) fn find(&mut self, length: usize) -> Option<usize> {
            let blocks = &self.blocks[..self.count];
            if let Some(at) = blocks.iter().rposition(|block| block.1 == length) {
                return Some(self.take(at).0);
            }
            let longer = blocks.iter().enumerate().filter(|(_, block)| block.1 > length);
            let (at, &(start, all)) = longer.min_by_key(|(_, block)| block.1)?;
            self.blocks[at] = (start + length, all - length);
            self.kept -= length;
            Some(start)
        }

        /// Keeps a block, as one with those beside it.
        pub(super) fn keep(&mut self, mut start: usize, mut length: usize) {
            while let Some(at) = self.blocks[..self.count]
                .iter()
                .position(|block| block.0 + block.1 == start || start + length == block.0)
            {
                let beside = self.take(at);
                start = start.min(beside.0);
                length += beside.1;
            }
            while self.count == SLOTS || self.count > 0 && self.kept + length > MOST_KEPT {
                let (start, length) = self.take(0);
                give_back(start, length);
            }
            self.blocks[self.count] = (start, length);
            self.count += 1;
            self.kept += length;
        }
    }

    fn give_back(start: usize, length: usize) {
        // SAFETY: mappings of this module, or parts of them, that nobody uses.
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(start), length) };
    }

    pub(super) fn release() {
        let mut kept = lock();
        kept.shrink(0);
        kept.most = kept.in_use;
    }

    pub(super) fn is_large(layout: &Layout) -> bool {
        layout.size() >= super::LARGE && layout.align() <= 4096
    }

    fn length(size: usize) -> usize {
        size.next_multiple_of(SMALL_PAGE)
    }

    /// A block, and whether it is new, which is all zeros; null if there is no memory.
    pub(super) fn take(size: usize) -> (*mut u8, bool) {
        if size > isize::MAX as usize - LARGE_PAGE {
            return (ptr::null_mut(), true);
        }
        let length = length(size);
        {
            let mut kept = lock();
            if let Some(start) = kept.find(length) {
                kept.grow(length);
                return (ptr::with_exposed_provenance_mut(start), false);
            }
            let most = kept.most.max(kept.in_use + length);
            kept.shrink(most - length);
        }
        let mut start = map(length);
        if start.is_null() {
            // What is kept may be what is missing.
            release();
            start = map(length);
        }
        if !start.is_null() {
            lock().grow(length);
        }
        (start, true)
    }

    pub(super) fn map(length: usize) -> *mut u8 {
        let room = length + LARGE_PAGE;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, which nothing else knows of.
        let start = unsafe { libc::mmap(ptr::null_mut(), room, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return ptr::null_mut();
        }
        let start = start.cast::<u8>();
        let before = start.align_offset(LARGE_PAGE);
        let after = room - before - length;
        // SAFETY: both ends of the mapping are given back, whole pages; what is between them is aligned.
        unsafe {
            let begin = start.add(before);
            if before > 0 {
                libc::munmap(start.cast(), before);
            }
            if after > 0 {
                libc::munmap(begin.add(length).cast(), after);
            }
            // Advice: a system without large pages gives small ones.
            libc::madvise(begin.cast(), length, libc::MADV_HUGEPAGE);
            begin
        }
    }

    /// # Safety
    /// A block of this size from here, not needed any more.
    pub(super) unsafe fn put_back(start: *mut u8, size: usize) {
        let length = length(size);
        let mut kept = lock();
        kept.in_use -= length;
        kept.keep(start.expose_provenance(), length);
    }

    /// # Safety
    /// A block of the old size from here; it is gone unless the result is null.
    pub(super) unsafe fn resize(start: *mut u8, old: usize, new: usize) -> *mut u8 {
        let (from, to) = (length(old), length(new));
        // SAFETY: by the promise above; pages move with what is in them.
        let moved = unsafe { libc::mremap(start.cast(), from, to, libc::MREMAP_MAYMOVE) };
        if moved != libc::MAP_FAILED {
            let mut kept = lock();
            kept.in_use = kept.in_use - from + to;
            kept.most = kept.most.max(kept.in_use);
            let most = kept.most;
            kept.shrink(most);
            return moved.cast();
        }
        // It is of several mappings, which the system does not move as one.
        let (moved, _) = take(new);
        if !moved.is_null() {
            // SAFETY: both have room for the smaller size; the old one is not used again.
            unsafe {
                start.copy_to_nonoverlapping(moved, old.min(new));
                put_back(start, old);
            }
        }
        moved
    }
}

/// Elsewhere, the system's allocator has its own ways.
#[cfg(not(target_os = "linux"))]
mod large {
    use std::alloc::Layout;

    pub(super) fn is_large(_layout: &Layout) -> bool {
        false
    }

    pub(super) fn take(_size: usize) -> (*mut u8, bool) {
        (std::ptr::null_mut(), true)
    }

    pub(super) unsafe fn put_back(_start: *mut u8, _size: usize) {}

    pub(super) unsafe fn resize(_start: *mut u8, _old: usize, _new: usize) -> *mut u8 {
        std::ptr::null_mut()
    }
}

// SAFETY: a block comes from and goes to the same place: which one is told by its layout alone. Both give
// memory of the size and the alignment that were asked for.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if large::is_large(&layout) {
            return large::take(layout.size()).0;
        }
        // SAFETY: by the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if large::is_large(&layout) {
            let (start, is_new) = large::take(layout.size());
            if !is_new {
                // SAFETY: a block of this size.
                unsafe { start.write_bytes(0, layout.size()) };
            }
            return start;
        }
        // SAFETY: by the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if large::is_large(&layout) {
            // SAFETY: it came from there, as the layout tells.
            return unsafe { large::put_back(start, layout.size()) };
        }
        // SAFETY: by the caller's promise.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return std::ptr::null_mut();
        };
        match (large::is_large(&layout), large::is_large(&wanted)) {
            // SAFETY: it came from there, as the layout tells.
            (true, true) => unsafe { large::resize(start, layout.size(), size) },
            // SAFETY: by the caller's promise.
            (false, false) => unsafe { System.realloc(start, layout, size) },
            _ => {
                // SAFETY: the layout is not empty, as the caller promised of the size.
                let moved = unsafe { self.alloc(wanted) };
                if !moved.is_null() {
                    // SAFETY: both have room for the smaller size; the old one is not used again.
                    unsafe {
                        start.copy_to_nonoverlapping(moved, layout.size().min(size));
                        self.dealloc(start, layout);
                    }
                }
                moved
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn kept_blocks_are_split_joined_and_cut() {
        use large::{Kept, LARGE_PAGE, map};

        let mut kept = Kept { in_use: 0, most: 0, kept: 0, blocks: [(0, 0); 64], count: 0 };
        let start = map(8 * LARGE_PAGE).expose_provenance();
        assert_ne!(start, 0);
        kept.keep(start, 8 * LARGE_PAGE);
        // The beginning of a longer one, then what is as long as what remains.
        assert_eq!(kept.find(3 * LARGE_PAGE), Some(start));
        assert_eq!((kept.count, kept.kept), (1, 5 * LARGE_PAGE));
        assert_eq!(kept.find(6 * LARGE_PAGE), None);
        assert_eq!(kept.find(5 * LARGE_PAGE), Some(start + 3 * LARGE_PAGE));
        assert_eq!((kept.count, kept.kept), (0, 0));
        // Its parts come back in any order and become one.
        for (at, pages) in [(0, 2), (3, 5), (2, 1)] {
            kept.keep(start + at * LARGE_PAGE, pages * LARGE_PAGE);
        }
        assert_eq!((kept.count, kept.blocks[0]), (1, (start, 8 * LARGE_PAGE)));
        // No more is given back than is too much.
        kept.in_use = LARGE_PAGE;
        kept.shrink(7 * LARGE_PAGE);
        assert_eq!((kept.kept, kept.blocks[0]), (6 * LARGE_PAGE, (start, 6 * LARGE_PAGE)));
        kept.shrink(0);
        assert_eq!((kept.count, kept.kept), (0, 0));
    }

    #[test]
    fn blocks_keep_their_bytes_as_they_grow_and_shrink_across_the_border() {
        let mut size = 1000;
        let layout = |size| Layout::from_size_align(size, 64).unwrap();
        // SAFETY: layouts are those that blocks were allocated with; reads and writes stay inside.
        unsafe {
            let mut start = LargePages.alloc_zeroed(layout(size));
            *start.add(999) = 7;
            for next in [LARGE - 1, LARGE, 3 * LARGE + 1, LARGE + 5, 2000] {
                start = LargePages.realloc(start, layout(size), next);
                assert!(!start.is_null() && start.align_offset(64) == 0, "{next}");
                assert_eq!(*start.add(999), 7, "{next}");
                *start.add(next - 1) = 1;
                size = next;
            }
            LargePages.dealloc(start, layout(size));
            // One that is kept comes again; where zeros are wanted, it is cleared.
            let used = LargePages.alloc(layout(2 * LARGE));
            *used = 9;
            LargePages.dealloc(used, layout(2 * LARGE));
            let zeros = LargePages.alloc_zeroed(layout(2 * LARGE));
            let all = std::slice::from_raw_parts(zeros, 2 * LARGE);
            assert!(all.iter().all(|byte| *byte == 0));
            LargePages.dealloc(zeros, layout(2 * LARGE));
            LargePages::release();
        }
        // More than there is.
        let layout = Layout::from_size_align(1 << 60, 1).unwrap();
        // SAFETY: the layout is not empty.
        assert!(unsafe { LargePages.alloc(layout) }.is_null());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn blocks_keep_their_bytes_where_kept_ones_are_split_and_joined() {
        let layout = |parts: usize| Layout::from_size_align(parts * LARGE, 64).unwrap();
        // SAFETY: layouts are those that blocks were allocated with; writes stay inside.
        unsafe {
            // What other tests keep meanwhile is smaller.
            let whole = LargePages.alloc(layout(40));
            LargePages.dealloc(whole, layout(40));
            let first = LargePages.alloc(layout(33));
            let second = LargePages.alloc(layout(7));
            for (block, parts, value) in [(first, 33, 1), (second, 7, 2)] {
                assert!(!block.is_null());
                block.write_bytes(value, parts * LARGE);
            }
            assert_eq!((*first, *first.add(33 * LARGE - 1)), (1, 1));
            // Grown where its neighbour is in use, and over what was two blocks.
            let first = LargePages.realloc(first, layout(33), 50 * LARGE);
            assert_eq!((*first, *first.add(33 * LARGE - 1)), (1, 1));
            LargePages.dealloc(first, layout(50));
            LargePages.dealloc(second, layout(7));
            let again = LargePages.alloc(layout(50));
            let again = LargePages.realloc(again, layout(50), 60 * LARGE);
            again.write_bytes(3, 60 * LARGE);
            LargePages.dealloc(again, layout(60));
            LargePages::release();
        }
    }
}
