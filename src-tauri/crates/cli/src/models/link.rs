//! `asset-editor models link`, `unlink` and `add`.

use std::path::Path;

use engine::{Catalog, Contents, LinkedFolders, Root};
use library::Added;

use crate::{failure::Failure, say};

pub(super) fn link(folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        let message = format!("`{}` is no folder", folder.display());
        return Err(Failure::new("invalid_request", message));
    }
    add(folder)
}

pub(super) fn unlink(folder: &Path) -> Result<(), Failure> {
    let path = LinkedFolders::unlink(&locations::roots(), folder)?;
    say(&format!("{}: unlinked; its files stay as they are\n", path.display()));
    Ok(())
}

pub(super) fn add(path: &Path) -> Result<(), Failure> {
    let roots = locations::roots();
    match library::add(&roots, path)? {
        Added::Linked(path, is_new) => {
            let catalog = Catalog::load(&roots)?;
            let root = catalog.linked().iter().find(|root| root.path == path);
            let before = if is_new { "linked" } else { "linked already" };
            let found = root.map_or_else(String::new, found);
            say(&format!("{}: {before}; {found}\n", path.display()));
        }
        Added::Entries(ids) => {
            let what = if ids.is_empty() { "parts".to_owned() } else { ids.join(", ") };
            say(&format!("{}: added {what}\n", path.display()));
        }
    }
    Ok(())
}

/// What is in it, counted.
fn found(root: &Root) -> String {
    let count = |is: &dyn Fn(&Contents) -> bool| {
        root.findings.iter().filter(|finding| is(&finding.contents)).count()
    };
    format!(
        "{} models in folders, {} single parts, {} LoRAs, {} files that cannot be used (asset-editor models tells why)",
        root.folders.len(),
        count(&|contents| matches!(contents, Contents::Part { .. })),
        count(&|contents| matches!(contents, Contents::Lora)),
        count(&|contents| matches!(contents, Contents::Unusable(_))),
    )
}
