//! `asset-editor convert`: one file to another format.

use std::{io::Write, path::Path};

use files::Format;
use serde_json::json;

use crate::{arguments::Convert, failure::Failure, say};

pub(crate) fn run(options: &Convert) -> Result<(), Failure> {
    let out = options.output.display();
    // Before a large file is read for nothing.
    let format = format_of(&options.output)?;
    let opened = files::open(&options.input)?;
    let mut notes = opened.notes;
    let document = opened.document;
    notes.extend(files::save(&document, &options.output, format)?);

    let (width, height, layers) = (document.width, document.height, document.walk().count());
    tell(&notes);
    if options.json {
        let result = json!({
            "path": options.output.to_string_lossy(),
            "format": format.name(),
            "width": width,
            "height": height,
            "layers": layers,
            "notes": notes,
        });
        say(&format!("{result}\n"));
    } else {
        let plural = if layers == 1 { "" } else { "s" };
        say(&format!("{out}: {}, {width} × {height}, {layers} layer{plural}\n", format.name()));
    }
    Ok(())
}

/// What was not kept, beside the result.
pub(crate) fn tell(notes: &[String]) {
    for note in notes {
        // Nobody is left to tell when stderr is closed.
        let _ = writeln!(std::io::stderr().lock(), "note: {note}");
    }
}

/// The format that a file's name asks for.
pub(crate) fn format_of(out: &Path) -> Result<Format, Failure> {
    Format::from_path(out).ok_or_else(|| {
        let endings: Vec<&str> =
            Format::ALL.into_iter().map(|format| format.extensions()[0]).collect();
        let (out, list) = (out.display(), endings.join(", ."));
        Failure::new("unwritable", format!("cannot write `{out}`: the name must end in .{list}"))
    })
}
