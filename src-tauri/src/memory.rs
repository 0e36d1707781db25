//! Whether something fits into memory, asked before it is taken.

use crate::error::{AppError, Code, Result};

/// What is left for everything else on the machine.
const RESERVE: u64 = 256 << 20;

/// Fails if `bytes` are more than what is free, where the system says what is.
pub(crate) fn check(bytes: u64) -> Result<()> {
    let Some(free) = free() else { return Ok(()) };
    if bytes > free.saturating_sub(RESERVE) {
        return Err(AppError::new(
            Code::OutOfMemory,
            format!(
                "not enough memory: this document needs about {:.1} GB and {:.1} GB are free",
                bytes as f64 / 1e9,
                free as f64 / 1e9
            ),
        ));
    }
    Ok(())
}

fn free() -> Option<u64> {
    available(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The line `MemAvailable: 123 kB` in bytes.
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_what_the_system_says_is_available() {
        let text = "MemTotal:  8 kB\nMemFree:  1 kB\nMemAvailable:       3 kB\n";
        assert_eq!(available(text), Some(3072));
        assert_eq!(available("MemAvailable: much"), None);
        assert_eq!(available(""), None);
    }

    #[test]
    fn what_no_machine_has_does_not_fit() {
        assert!(check(1).is_ok());
        if free().is_some() {
            assert_eq!(check(u64::MAX).unwrap_err().code, Code::OutOfMemory);
        }
    }
}
