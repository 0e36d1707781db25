//! Our own processes, read from `/proc`: `sysinfo` would read all of the machine's to find them,
//! which is too much ten times a second. Where there is no `/proc`, there are no figures.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Ours, rate::Rate};

/// Children are looked for this often: a web view starts its processes rarely.
const FAMILY_AGE: Duration = Duration::from_secs(2);
/// `USER_HZ`: the kernel has told processor time in hundredths of a second since there was Linux.
const TICKS_A_SECOND: f64 = 100.0;

/// A process and those that it started.
pub(crate) struct Processes {
    folder: PathBuf,
    own: u32,
    family: Vec<u32>,
    next_look: Duration,
    seen: BTreeMap<u32, Counts>,
    sum: Counts,
    cpu: Rate,
    disk: Rate,
}

/// What only rises in the life of a process.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    ticks: u64,
    read: Option<u64>,
}

impl Processes {
    /// The processes of `own`, as `folder` shows them, which is `/proc`.
    pub(crate) fn of(folder: &Path, own: u32) -> Self {
        Self {
            folder: folder.to_owned(),
            own,
            family: vec![own],
            next_look: Duration::ZERO,
            seen: BTreeMap::new(),
            sum: Counts::default(),
            cpu: Rate::default(),
            disk: Rate::default(),
        }
    }

    /// Their numbers, ours first.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.family
    }

    /// What they take together; `None` where nothing can be read.
    pub(crate) fn read(&mut self, now: Duration, processors: usize) -> Option<Ours> {
        if now >= self.next_look {
            self.family = family(&self.folder, self.own);
            self.next_look = now + FAMILY_AGE;
        }
        let mut ours = Ours::default();
        let mut seen = BTreeMap::new();
        for &id in &self.family {
            let Some((memory, counts)) = self.read_one(id) else { continue };
            ours.anonymous += memory.anonymous;
            ours.mapped += memory.mapped;
            // What a process did before it was seen first, or after it was seen last, is left out.
            let before = self.seen.get(&id).copied().unwrap_or(counts);
            self.sum.ticks += counts.ticks.saturating_sub(before.ticks);
            if let (Some(read), Some(before)) = (counts.read, before.read) {
                *self.sum.read.get_or_insert(0) += read.saturating_sub(before);
            }
            seen.insert(id, counts);
        }
        self.seen = seen;
        if !self.seen.contains_key(&self.own) {
            return None;
        }
        let busy = self.cpu.note(now, self.sum.ticks as f64 / TICKS_A_SECOND);
        ours.cpu = busy.map(|busy| (busy / processors as f64).min(1.0));
        ours.disk_read = self.sum.read.and_then(|read| self.disk.note(now, read as f64));
        Some(ours)
    }

    fn read_one(&self, id: u32) -> Option<(Resident, Counts)> {
        let folder = self.folder.join(id.to_string());
        let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let ticks = ticks(&text("stat")?)?;
        let memory = resident(&text("status")?);
        // Kernels without accounting have no such file.
        let read = text("io").and_then(|text| number_after(&text, "read_bytes:"));
        Some((memory, Counts { ticks, read }))
    }
}

/// Memory of one process, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Resident {
    anonymous: u64,
    mapped: u64,
}

fn resident(status: &str) -> Resident {
    let bytes = |name: &str| number_after(status, name).unwrap_or(0).saturating_mul(1024);
    Resident { anonymous: bytes("RssAnon:") + bytes("RssShmem:"), mapped: bytes("RssFile:") }
}

/// The number at the beginning of what follows `name` at the beginning of a line.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processor time, in hundredths of a second. The name in front may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    // The state is the first field here and the third of all; time is in the 14th and the 15th.
    let mut fields = rest.split(' ').skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// A process and whatever descends from it.
fn family(folder: &Path, own: u32) -> Vec<u32> {
    let mut found = vec![own];
    let mut index = 0;
    while let Some(&id) = found.get(index) {
        let threads = fs::read_dir(folder.join(id.to_string()).join("task"));
        for thread in threads.into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let ids = children.split_whitespace().filter_map(|id| id.parse().ok());
            let new: Vec<u32> = ids.filter(|id| !found.contains(id)).collect();
            found.extend(new);
        }
        index += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `/proc` made of files.
    struct Proc(tempfile::TempDir);

    impl Proc {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn process(&self, id: u32, ticks: u64, read: u64) {
            let zeros = "0 ".repeat(10);
            self.write(&format!("{id}/stat"), &format!("{id} (a) b (c) S {zeros}{ticks} 3 0 0\n"));
            let status =
                format!("Name:\ta\nRssAnon:\t {id} kB\nRssFile:\t 7 kB\nRssShmem:\t 1 kB\n");
            self.write(&format!("{id}/status"), &status);
            self.write(&format!("{id}/io"), &format!("rchar: 9\nread_bytes: {read}\n"));
        }

        fn processes(&self) -> Processes {
            Processes::of(self.0.path(), 10)
        }
    }

    const fn tenths(count: u64) -> Duration {
        Duration::from_millis(100 * count)
    }

    #[test]
    fn a_process_and_its_descendants_count_as_one() {
        let proc = Proc::new();
        for (id, ticks) in [(10, 500), (11, 100), (12, 40)] {
            proc.process(id, ticks, 0);
        }
        proc.write("10/task/10/children", "");
        proc.write("10/task/14/children", "11 ");
        proc.write("11/task/11/children", "12");
        let mut processes = proc.processes();
        let ours = processes.read(tenths(0), 4).unwrap();
        assert_eq!(processes.ids(), [10, 11, 12]);
        assert_eq!((ours.anonymous, ours.mapped), ((33 + 3) * 1024, 21 * 1024));
        assert_eq!((ours.cpu, ours.disk_read), (None, None));

        proc.process(10, 520, 3_000);
        proc.process(12, 60, 1_000);
        let ours = processes.read(tenths(5), 4).unwrap();
        // 40 hundredths in half a second are 0.8 of one of four processors.
        assert_eq!((ours.cpu, ours.disk_read), (Some(0.2), Some(8_000.0)));
    }

    #[test]
    fn a_child_that_comes_or_goes_makes_no_jump() {
        let proc = Proc::new();
        proc.process(10, 500, 0);
        proc.write("10/task/10/children", "");
        let mut processes = proc.processes();
        processes.read(tenths(0), 1).unwrap();
        proc.process(11, 90_000, 1 << 40);
        proc.write("10/task/10/children", "11");
        // It is found when it is looked for, and counts from then on.
        for now in [20, 21] {
            let ours = processes.read(tenths(now), 1).unwrap();
            assert_eq!((ours.cpu, ours.disk_read), (Some(0.0), Some(0.0)), "{now}");
        }
        fs::remove_dir_all(proc.0.path().join("11")).unwrap();
        assert_eq!(processes.read(tenths(22), 1).unwrap().cpu, Some(0.0));
    }

    #[test]
    fn what_a_kernel_does_not_tell_is_left_out() {
        let proc = Proc::new();
        assert_eq!(proc.processes().read(tenths(0), 1), None);
        proc.process(10, 500, 0);
        fs::remove_file(proc.0.path().join("10/io")).unwrap();
        let mut processes = proc.processes();
        processes.read(tenths(0), 1).unwrap();
        let ours = processes.read(tenths(1), 1).unwrap();
        assert_eq!((ours.cpu, ours.disk_read), (Some(0.0), None));
        proc.write("10/stat", "10 (damaged");
        assert_eq!(processes.read(tenths(2), 1), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_read_from_the_real_folder() {
        let mut processes = Processes::of(Path::new("/proc"), std::process::id());
        let ours = processes.read(tenths(0), 1).unwrap();
        assert!(ours.anonymous > 100_000 && ours.mapped > 100_000, "{ours:?}");
    }
}
