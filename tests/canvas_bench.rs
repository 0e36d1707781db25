//! What the canvas took, as a table.

use std::fmt::Write as _;

use serde_json::Value;

const COLUMNS: [(&str, &str); 8] = [
    ("median", "frame ms"),
    ("p95", "95 %"),
    ("work", "canvas ms"),
    ("workP95", "95 %"),
    ("upload", "upload"),
    ("composite", "composite"),
    ("present", "present"),
    ("tiles", "tiles"),
];

/// A script that begins to measure; what it finds will be at [`FOUND`]. No driver waits long enough for it.
#[must_use]
pub fn start(settings: &Value) -> String {
    let script = include_str!("bench/canvas.js");
    format!(
        "globalThis.found = null;
         (function () {{ {script} }})({settings}, (found) => (globalThis.found = found));"
    )
}

/// What [`start`] found, or `null` until then.
pub const FOUND: &str = "return globalThis.found";

/// The result of `bench/canvas.js`: stages are milliseconds a frame on average.
#[must_use]
pub fn table(found: &Value) -> String {
    let mut text = format!("{:36}", "");
    for (_, title) in COLUMNS {
        let _ = write!(text, "{title:>11}");
    }
    text.push('\n');
    for row in found["results"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let _ = write!(text, "{:36}", row["name"].as_str().unwrap_or_default());
        for (key, _) in COLUMNS {
            let _ = write!(text, "{:11.1}", row[key].as_f64().unwrap_or_default());
        }
        text.push('\n');
    }
    let large = &found["large"];
    let _ = writeln!(
        text,
        "30 layers of 8192 x 8192, seen after {:.1} s:",
        large["opened"].as_f64().unwrap_or_default() / 1000.0
    );
    for when in ["fitted", "scrolled"] {
        let mebibytes = |key: &str| large[when][key].as_f64().unwrap_or_default() / 1024.0 / 1024.0;
        let _ = writeln!(
            text,
            "  {when}: {:.0} MiB of layers' tiles, {:.0} MiB of composites, {:.0} MiB on the card",
            mebibytes("page"),
            mebibytes("composites"),
            mebibytes("card")
        );
    }
    if let Some(error) = found["error"].as_str() {
        text.push_str(error);
    }
    text
}
