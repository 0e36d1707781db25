//! `asset-editor models verify`.

use std::sync::Arc;

use engine::Catalog;
use library::Verdict;
use serde_json::{Value, json};

use super::list::size;
use crate::{failure::Failure, interrupt::on_interrupt, progress::Progress, say};

/// Between two signs of life where lines cannot change.
const SIGN: u64 = 1 << 30;

pub(super) fn run(id: Option<&str>, json: bool) -> Result<(), Failure> {
    let roots = locations::roots();
    let catalog = Catalog::load(&roots)?;
    let stop = on_interrupt(|| {})?;
    let (mut progress, mut told) = (Progress::new(), 0);
    let verdicts = library::verify(&catalog, &roots, id, &Arc::clone(&stop), &mut |path, done| {
        let is_new = done == 0 || done >= told + SIGN || done < told;
        if progress.is_terminal() || is_new {
            told = done;
            progress.stage(&format!("Reading {}, {}", path.display(), size(done)));
        }
    })?;
    progress.close();
    if json {
        let verdicts: Vec<Value> = verdicts.iter().map(as_json).collect();
        say(&format!("{}\n", json!({ "verified": verdicts })));
    } else {
        verdicts.iter().for_each(|verdict| say(&as_line(verdict)));
    }
    let wrong = verdicts.iter().filter(|verdict| verdict.problem.is_some()).count();
    if wrong > 0 {
        let message = format!(
            "{wrong} of {} checks failed; remove what is damaged and download it anew",
            verdicts.len()
        );
        return Err(Failure::new("model_broken", message));
    }
    Ok(())
}

fn as_line(verdict: &Verdict) -> String {
    let how = if verdict.is_hashed { "its hash is right" } else { "its headers are whole" };
    let verdict_text = verdict.problem.as_deref().unwrap_or(how);
    format!("{}  {}: {verdict_text}\n", verdict.id, verdict.path.display())
}

fn as_json(verdict: &Verdict) -> Value {
    json!({
        "id": verdict.id,
        "path": verdict.path.to_string_lossy(),
        "hashed": verdict.is_hashed,
        "problem": verdict.problem,
    })
}
