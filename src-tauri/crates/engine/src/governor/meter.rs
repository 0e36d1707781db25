//! What this process holds, as the system counts it. Without figures where the system has none.

use std::fs;

/// Bytes of memory that this process holds now, pages of mapped files included.
pub(crate) fn held() -> Option<u64> {
    line("VmRSS:")
}

/// The most that it held since [`reset_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    line("VmHWM:")
}

/// Lets [`peak`] begin anew.
pub(crate) fn reset_peak() {
    // Linux counts from here; elsewhere there is no such file, and no peak.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn line(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_seen_after_it_is_gone() {
        reset_peak();
        let before = peak().unwrap();
        let large = vec![1u8; 64 << 20];
        assert!(held().unwrap() > 64 << 20);
        drop(std::hint::black_box(large));
        let grown = peak().unwrap() - before;
        assert!(grown > 48 << 20, "{grown}");
    }
}
