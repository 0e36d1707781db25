//! `asset-editor models download`.

use std::{fmt::Write, time::Duration};

use downloads::{Checked, Client, Progress as Bytes};
use engine::{Catalog, Licence};
use library::{Plan, Step};

use super::{
    list::{size, size_of},
    token,
};
use crate::{failure::Failure, interrupt::on_interrupt, progress::Progress, say};

pub(super) fn run(id: &str, accepts: bool, token_from_stdin: bool) -> Result<(), Failure> {
    let roots = locations::roots();
    let catalog = Catalog::load(&roots)?;
    let endpoint = locations::endpoint();
    let plan = Plan::new(&catalog, &roots, &endpoint, id)?;
    if plan.files.is_empty() {
        say(&format!("{id}: all of it is there\n"));
        return Ok(());
    }
    let mut progress = Progress::new();
    let open: Vec<Licence> = plan.open_licences(&roots).into_iter().cloned().collect();
    for licence in &open {
        progress.remark(&terms(licence));
    }
    if !open.is_empty() && !accepts {
        let names: Vec<&str> = open.iter().map(|licence| licence.name.as_str()).collect();
        let message = format!(
            "the licence has to be accepted first ({}): read it, then give --accept-licence",
            names.join(", ")
        );
        return Err(Failure::new("licence", message));
    }
    for licence in &open {
        library::accept(&roots, licence)?;
    }
    let token = if token_from_stdin { Some(token::from_stdin()?) } else { token::known()? };
    let client = Client::new(&endpoint, token)?;
    progress.remark(&format!("{} files, {}", plan.files.len(), size_of(&plan)));

    let stop = on_interrupt(|| {})?;
    let mut told = Told::default();
    library::download(plan, &catalog, &roots, &client, &stop, &mut |step| {
        told.tell(step, &mut progress);
    })?;
    progress.close();
    let ready = Catalog::load(&roots)?;
    let is_ready = ready.models().iter().any(|model| model.id == id && model.is_ready());
    let state = if is_ready { "ready" } else { "its files are there" };
    say(&format!("{id}: {state}\n"));
    Ok(())
}

fn terms(licence: &Licence) -> String {
    let name = match licence.version.as_str() {
        "" => licence.name.clone(),
        _ if licence.name.contains(&licence.version) => licence.name.clone(),
        version => format!("{}, version {version}", licence.name),
    };
    format!("Licence: {name}. {} Its text: {}", licence.summary, licence.url)
}

/// What was told, so that a log does not get ten lines a second.
#[derive(Default)]
struct Told {
    name: String,
    tenth: u64,
}

impl Told {
    fn tell(&mut self, step: Step, progress: &mut Progress) {
        match step {
            Step::Comparing { path } => {
                progress.stage(&format!("Looking whether {} is it", path.display()));
            }
            Step::Asking => progress.stage("Asking the server for sizes"),
            Step::File { name, number, count } => {
                self.name = format!("{number} of {count}, {name}");
                if !progress.is_terminal() {
                    progress.stage(&self.name);
                }
            }
            Step::Checking { done, total } if progress.is_terminal() => {
                progress.stage(&format!(
                    "{}: reading what is there, {} of {}",
                    self.name,
                    size(done),
                    size(total)
                ));
            }
            Step::Checking { .. } => {}
            Step::Progress(bytes) => self.bytes(bytes, progress),
            Step::Waiting { seconds, reason } => {
                progress.remark(&format!("{reason}; trying again in {seconds:.0} s"));
            }
            Step::Done { path, checked } => match checked {
                Checked::Known | Checked::WasThere => {}
                Checked::Stated => progress.remark(&format!(
                    "{}: held against the hash that the server states; the catalogue knows none",
                    path.display()
                )),
                Checked::Unknown => progress.remark(&format!(
                    "{}: only its size could be checked; nobody states a hash",
                    path.display()
                )),
            },
        }
    }

    fn bytes(&mut self, bytes: Bytes, progress: &mut Progress) {
        let tenth = bytes.total.map_or(0, |total| 10 * bytes.done / total.max(1));
        if !progress.is_terminal() && tenth == self.tenth {
            return;
        }
        self.tenth = tenth;
        let mut line = format!("{}: {}", self.name, size(bytes.done));
        if let Some(total) = bytes.total {
            let _ = write!(line, " of {}", size(total));
        }
        if bytes.bytes_per_second > 0.0 {
            let _ = write!(line, ", {}/s", size(bytes.bytes_per_second as u64));
        }
        if let Some(seconds) = bytes.seconds_left.filter(|seconds| *seconds > 0.0) {
            let _ = write!(line, ", {} left", time(Duration::from_secs_f64(seconds.min(1e7))));
        }
        progress.stage(&line);
    }
}

fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..6000 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
