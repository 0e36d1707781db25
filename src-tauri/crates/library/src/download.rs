//! From a plan to files that are there.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use downloads::{Checked, Client, Event, Progress, Sha256};
use engine::{Catalog, Roots};

use crate::{Error, Plan, Result};

/// What happens on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Files of linked folders are read, to see whether one of them is what is wanted.
    Comparing {
        /// The file.
        path: PathBuf,
    },
    /// The server is asked about sizes.
    Asking,
    /// A file begins.
    File {
        /// Its name.
        name: String,
        /// Which one, from 1.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// Bytes came; all files together, at most ten times a second.
    Progress(Progress),
    /// What came earlier is read again.
    Checking {
        /// Bytes that were read.
        done: u64,
        /// Bytes that are there.
        total: u64,
    },
    /// The connection is lost; it is tried again.
    Waiting {
        /// Until the next try.
        seconds: f64,
        /// What happened.
        reason: String,
    },
    /// A file is in its place.
    Done {
        /// The file.
        path: PathBuf,
        /// What it was held against.
        checked: Checked,
    },
}

/// Gets what is not there. The licences have to be accepted before.
///
/// # Errors
/// [`Error::LicenceNotAccepted`] before anything else; then see [`downloads::Error`]. What has come
/// is kept: the same call goes on with it.
pub fn download(
    mut plan: Plan,
    catalog: &Catalog,
    roots: &Roots,
    client: &Client,
    stop: &AtomicBool,
    on_step: &mut dyn FnMut(Step),
) -> Result<()> {
    let open: Vec<&str> = plan.open_licences(roots).iter().map(|l| l.name.as_str()).collect();
    if !open.is_empty() {
        return Err(Error::LicenceNotAccepted(open.join(", ")));
    }
    leave_out_linked(&mut plan, catalog, roots, stop, on_step)?;
    if plan.files.iter().any(|file| file.item.size.is_none()) {
        on_step(Step::Asking);
    }
    for file in &mut plan.files {
        if file.item.size.is_none() {
            check_stop(stop)?;
            file.item.size = client.look(&file.item.url, &file.item.page)?.size;
        }
    }
    let (bytes, is_known) = plan.bytes();
    let kept: u64 = plan.files.iter().map(|file| downloads::kept_bytes(&file.item.target)).sum();
    if let Some(file) = plan.files.first() {
        downloads::check_space(&file.item.target, bytes.saturating_sub(kept))?;
    }
    let (mut before, count) = (0, plan.files.len());
    for (index, file) in plan.files.iter().enumerate() {
        let item = &file.item;
        let name = item.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        on_step(Step::File { name, number: index + 1, count });
        let mut length = 0;
        let checked = downloads::fetch(client, item, stop, &mut |event| match event {
            Event::Progress(progress) => {
                length = progress.done;
                on_step(Step::Progress(overall(progress, before, is_known.then_some(bytes))));
            }
            Event::Checking { done, total } => on_step(Step::Checking { done, total }),
            Event::Waiting { seconds, reason } => on_step(Step::Waiting { seconds, reason }),
        })?;
        before += item.size.unwrap_or(length);
        on_step(Step::Done { path: item.target.clone(), checked });
    }
    Ok(())
}

/// Removes what has come of files that are not wanted any more.
///
/// # Errors
/// If one of them cannot be removed.
pub fn forget_partial(plan: &Plan) -> Result<()> {
    Ok(plan.files.iter().try_for_each(|file| downloads::discard(&file.item.target))?)
}

/// One file's progress as that of all.
fn overall(progress: Progress, before: u64, total: Option<u64>) -> Progress {
    let done = before + progress.done;
    let left = total.map(|total| total.saturating_sub(done) as f64);
    let is_moving = progress.bytes_per_second > 0.0;
    Progress {
        done,
        total,
        seconds_left: left
            .filter(|left| is_moving || *left == 0.0)
            .map(|left| if left == 0.0 { 0.0 } else { left / progress.bytes_per_second }),
        ..progress
    }
}

/// Leaves out the parts whose files lie in linked folders, under whatever names.
fn leave_out_linked(
    plan: &mut Plan,
    catalog: &Catalog,
    roots: &Roots,
    stop: &AtomicBool,
    on_step: &mut dyn FnMut(Step),
) -> Result<()> {
    let files: Vec<PathBuf> = catalog.linked().iter().flat_map(engine::Root::files).collect();
    let mut found = BTreeSet::new();
    for planned in plan.files.iter().filter(|file| file.is_weights) {
        let (Some(size), Some(wanted)) = (planned.item.size, planned.item.sha256) else { continue };
        let same_size = |path: &&PathBuf| path.metadata().is_ok_and(|file| file.len() == size);
        for path in files.iter().filter(same_size) {
            if hash_of(path, roots, stop, on_step)? == Some(wanted.to_string()) {
                found.insert(wanted);
                break;
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    // Where the pieces lie together, the catalogue finds them by their hashes now.
    let catalog = Catalog::load(roots)?;
    let is_placed = |part: &str| catalog.is_part_linked(roots, part);
    plan.files.retain(|file| !is_placed(&file.part));
    Ok(())
}

/// The hash of a file in a linked folder; one that cannot be read is not what is wanted.
fn hash_of(
    path: &Path,
    roots: &Roots,
    stop: &AtomicBool,
    on_step: &mut dyn FnMut(Step),
) -> Result<Option<String>> {
    if let Some(known) = Catalog::noted_hash(roots, path) {
        return Ok(Some(known));
    }
    on_step(Step::Comparing { path: path.to_owned() });
    let hash = Sha256::of_file(path, |_| stop.load(Ordering::Relaxed));
    check_stop(stop)?;
    let hash = hash.ok().map(|hash| hash.to_string());
    if let Some(hash) = &hash {
        Catalog::note_hash(roots, path, hash);
    }
    Ok(hash)
}

fn check_stop(stop: &AtomicBool) -> Result<()> {
    if stop.load(Ordering::Relaxed) { Err(downloads::Error::Stopped.into()) } else { Ok(()) }
}
