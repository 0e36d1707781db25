//! How fast weights come: a component ready to compute, beside plain reads of the same bytes.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use engine::{Component, Engine, Error, JobEvent, Model, pipelines::load_part};
use rustix::fs::{Advice, fadvise};
use serde_json::json;

use super::{model, rounded, status};
use crate::{
    arguments::{Load, Swap},
    failure::Failure,
    say,
};

/// Bytes that a thread reads at a time.
const BLOCK: usize = 16 << 20;

pub(crate) fn run(options: &Load) -> Result<(), Failure> {
    let model = model(&options.model)?;
    let component = match options.component.as_str() {
        "text_encoder" => Component::TextEncoder,
        "vae" => Component::Autoencoder,
        _ => Component::Transformer,
    };
    let files = files(&options.model.join(&options.component))?;
    let bytes: u64 = files.iter().map(|(_, length)| length).sum();
    let prepare = || if options.cold { forget(&files) } else { read_all(&files).map(|_| ()) };

    prepare().map_err(|error| unreadable(&options.model, &error))?;
    let start = Instant::now();
    let part = load_part(&model, component)?;
    let seconds = start.elapsed().as_secs_f64();
    let (held, peak) = (status("VmRSS"), status("VmHWM"));
    drop(part);

    prepare().map_err(|error| unreadable(&options.model, &error))?;
    let start = Instant::now();
    let read = read_all(&files).map_err(|error| unreadable(&options.model, &error))?;
    let plain = start.elapsed().as_secs_f64();
    let result = json!({
        "model": model.id,
        "component": options.component,
        "cold": options.cold,
        "file_bytes": bytes,
        "seconds": rounded(seconds),
        "bytes_per_second": (bytes as f64 / seconds).round(),
        "plain_read_seconds": rounded(plain),
        "plain_read_bytes_per_second": (read as f64 / plain).round(),
        "memory_bytes": held,
        "peak_memory_bytes": peak,
    });
    say(&format!("{result}\n"));
    Ok(())
}

pub(crate) fn swap(options: &Swap) -> Result<(), Failure> {
    let models =
        options.models.iter().map(|folder| model(folder)).collect::<Result<Vec<_>, _>>()?;
    let engine = Engine::start()?;
    engine.set_budgets(options.memory.budgets());
    let mut seconds = Vec::new();
    for turn in 0..options.repeat.max(1) * models.len() {
        let start = Instant::now();
        preload(&engine, &models[turn % models.len()])?;
        seconds.push(rounded(start.elapsed().as_secs_f64()));
    }
    let held: u64 = engine.residents().iter().map(|resident| resident.bytes).sum();
    let result = json!({
        "models": models.iter().map(|model| &model.id).collect::<Vec<_>>(),
        "seconds": seconds,
        "resident_bytes": held,
        "memory_bytes": status("VmRSS"),
        "peak_memory_bytes": status("VmHWM"),
    });
    say(&format!("{result}\n"));
    Ok(())
}

fn preload(engine: &Engine, model: &Model) -> Result<(), Failure> {
    let (sender, events) = mpsc::channel();
    engine.preload(model.clone(), move |event| {
        // The receiver lives until the last event.
        let _ = sender.send(event);
    });
    for event in events {
        match event {
            JobEvent::Finished => return Ok(()),
            JobEvent::Cancelled => return Err(Error::Cancelled.into()),
            JobEvent::Failed(error) => return Err(error.into()),
            _ => {}
        }
    }
    Err(Error::Panicked("the engine ended".into()).into())
}

/// The weight files of a component with their lengths.
fn files(folder: &Path) -> Result<Vec<(PathBuf, u64)>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files: Vec<(PathBuf, u64)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors" || end == "gguf"))
        .filter_map(|path| fs::metadata(&path).ok().map(|metadata| (path, metadata.len())))
        .collect();
    files.sort();
    Ok(files)
}

/// Asks the system to drop its copies of files. Those that are mapped or not yet written stay.
fn forget(files: &[(PathBuf, u64)]) -> io::Result<()> {
    for (path, _) in files {
        let file = File::open(path)?;
        file.sync_all()?;
        fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

/// Reads files on all threads, each block once; gives the bytes.
fn read_all(files: &[(PathBuf, u64)]) -> io::Result<u64> {
    let open = files
        .iter()
        .map(|(path, length)| Ok((File::open(path)?, *length)))
        .collect::<io::Result<Vec<_>>>()?;
    let blocks: Vec<(&File, u64)> = open
        .iter()
        .flat_map(|(file, length)| (0..*length).step_by(BLOCK).map(move |start| (file, start)))
        .collect();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(2, usize::from).max(2);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut buffer = vec![0u8; BLOCK];
                    let mut read = 0;
                    while let Some((file, start)) = blocks.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let mut filled = 0;
                        while filled < BLOCK {
                            match file.read_at(&mut buffer[filled..], start + filled as u64)? {
                                0 => break,
                                count => filled += count,
                            }
                        }
                        read += filled as u64;
                    }
                    Ok(read)
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| {
                reader.join().unwrap_or_else(|_| Err(io::Error::other("a reader stopped")))
            })
            .sum()
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Error::Unreadable { path: path.to_owned(), reason: error.to_string() }.into()
}
