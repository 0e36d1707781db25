//! Processors and memory of the whole machine.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::Memory;

/// Reads them through `sysinfo`, which knows every system.
pub(crate) struct Machine {
    system: Option<System>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let wanted = RefreshKind::nothing().with_cpu(cpu()).with_memory(memory());
        Self { system: System::new_with_specifics(wanted).ok() }
    }

    /// The share of all processors that work, and what memory there is. `sysinfo` counts the first
    /// anew five times a second.
    pub(crate) fn read(&mut self) -> (Option<f64>, Option<Memory>) {
        let Some(system) = &mut self.system else { return (None, None) };
        system.refresh_cpu_specifics(cpu());
        system.refresh_memory_specifics(memory());
        let share = f64::from(system.global_cpu_usage()) / 100.0;
        let memory = Memory { used: system.used_memory(), total: system.total_memory() };
        (Some(share.clamp(0.0, 1.0)), (memory.total > 0).then_some(memory))
    }
}

fn cpu() -> CpuRefreshKind {
    CpuRefreshKind::nothing().with_usage()
}

fn memory() -> MemoryRefreshKind {
    MemoryRefreshKind::nothing().with_ram()
}
