//! A script that compares the page's compositor with Rust's, for every browser that a test drives.

use serde_json::{Value, json};

use crate::random_documents::{SamplePlane, sample};

/// Opens document number `seed` in the page and gives, to the function that is its last argument, how far its
/// picture is from Rust's.
#[must_use]
pub fn comparison(seed: u64) -> String {
    let sample = sample(seed);
    // All in one turn of the page: it forgets pictures that no document has.
    let planes: String = sample
        .planes
        .iter()
        .map(|SamplePlane { id, size: (width, height), bytes }| {
            format!("put({id} + {seed} * 1000, {width}, {height}, bytesOf('{}'));", base64(bytes))
        })
        .collect();
    let mut wire = sample.wire;
    number(&mut wire, seed * 1000);
    let (width, height) = sample.size;
    format!(
        "const done = arguments[arguments.length - 1];
         {BYTES}{PUT}{COMPARE}{planes}
         const opened = {{ path: null, name: 'random {seed}', document: {wire}, notes: [] }};
         editorCanvas.store.dispatch({{ type: 'document/opened', opened }});
         compare(bytesOf('{}'), {width}, {height})
             .then(done, (error) => done({{ error: String(error?.stack ?? error) }}));",
        base64(&sample.expected)
    )
}

/// The same where the page has a Rust: that keeps the pixels, so that the page has to ask for them.
#[must_use]
pub fn comparison_with_rust(seed: u64) -> String {
    let sample = sample(seed);
    let planes: String = sample
        .planes
        .iter()
        .map(|SamplePlane { id, size: (width, height), bytes }| {
            format!("[{id}, {width}, {height}, '{}'],", base64(bytes))
        })
        .collect();
    let (width, height) = sample.size;
    format!(
        "const done = arguments[arguments.length - 1];
         {BYTES}{KEEP}{COMPARE}
         async function run() {{
           const ids = new Map();
           for (const [id, ...plane] of [{planes}]) ids.set(id, await keep(...plane));
           const document = named({}, ids);
           const opened = {{ path: null, name: 'random {seed}', document, notes: [] }};
           editorCanvas.store.dispatch({{ type: 'document/opened', opened }});
           return compare(bytesOf('{}'), {width}, {height});
         }}
         run().then(done, (error) => done({{ error: String(error?.stack ?? error?.message ?? error) }}));",
        sample.wire,
        base64(&sample.expected)
    )
}

/// Ids of their own for every document, so that none is taken for another.
fn number(wire: &mut Value, by: u64) {
    match wire {
        Value::Array(list) => list.iter_mut().for_each(|one| number(one, by)),
        Value::Object(fields) => {
            if let Some(id) = fields.get("image").and_then(Value::as_u64) {
                fields.insert("image".into(), json!(id + by));
            }
            if let Some(mask) = fields.get_mut("mask") {
                let id = mask["id"].as_u64().unwrap_or_default();
                mask["id"] = json!(id + by);
            }
            fields.values_mut().for_each(|value| number(value, by));
        }
        _ => {}
    }
}

const BYTES: &str = "
const bytesOf = (text) => Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt(0));";

/// Gives the page a picture or mask, in tiles.
const PUT: &str = "
function put(id, width, height, bytes) {
  const { tiles } = editorCanvas;
  const channels = bytes.length / width / height;
  tiles.describe(id, width, height);
  for (let ty = 0; ty * 256 < height; ty += 1) for (let tx = 0; tx * 256 < width; tx += 1) {
    const [w, h] = [Math.min(256, width - tx * 256), Math.min(256, height - ty * 256)];
    const tile = new Uint8ClampedArray(w * h * channels);
    for (let y = 0; y < h; y += 1) {
      const from = ((ty * 256 + y) * width + tx * 256) * channels;
      tile.set(bytes.subarray(from, from + w * channels), y * w * channels);
    }
    tiles.put(id, 0, tx, ty, tile);
  }
}";

/// Gives Rust a picture or mask, and the document its number there.
const KEEP: &str = "
const { invoke } = window.__TAURI__.core;
const about = (patch) => ({ headers: { 'x-about': JSON.stringify(patch) } });
async function keep(width, height, text) {
  const bytes = new Uint8Array(bytesOf(text).buffer);
  const patch = { id: null, x: 0, y: 0, width, height, fill: 0 };
  if (bytes.length === width * height) return (await invoke('patch_mask', bytes, about(patch))).id;
  const { id } = await invoke('create_image', { width, height, colour: null });
  return (await invoke('patch_image', bytes, about({ ...patch, id }))).id;
}
function named(tree, ids) {
  for (const layer of tree.layers ?? tree.children ?? []) {
    if (layer.image) layer.image = ids.get(layer.image);
    if (layer.mask) layer.mask.id = ids.get(layer.mask.id);
    named(layer, ids);
  }
  return tree;
}";

/// The largest difference of a channel; the colour of what is not seen does not count.
const COMPARE: &str = "
async function compare(expected, width, height) {
  let [worst, count, at, colours] = [0, 0, null, null];
  for (let ty = 0; ty * 256 < height; ty += 1) for (let tx = 0; tx * 256 < width; tx += 1) {
    const tile = await editorCanvas.readTile(tx, ty);
    for (let y = 0; y < tile.height; y += 1) for (let x = 0; x < tile.width; x += 1) {
      const e = 4 * ((ty * 256 + y) * width + tx * 256 + x);
      const f = 4 * (y * tile.width + x);
      const seen = expected[e + 3] > 0 || tile.pixels[f + 3] > 0;
      for (let c = seen ? 0 : 3; c < 4; c += 1) {
        const difference = Math.abs(expected[e + c] - tile.pixels[f + c]);
        if (difference > 1) count += 1;
        if (difference <= worst) continue;
        worst = difference;
        at = [tx * 256 + x, ty * 256 + y];
        colours = [[...expected.slice(e, e + 4)], [...tile.pixels.slice(f, f + 4)]];
      }
    }
  }
  return { worst, count, at, colours };
}";

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three
            .iter()
            .enumerate()
            .fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for letter in 0..4 {
            let index = (word >> (18 - 6 * letter)) & 63;
            text.push(if letter > three.len() { '=' } else { char::from(LETTERS[index as usize]) });
        }
    }
    text
}
