// Frame times of the canvas: pan, zoom, drag of a layer and a brush stroke over many large layers, and the
// memory of a very large document. A script for a driven browser; its last argument takes the result.
//
// The layers' tiles are put into the page, so that what is measured is the page; how long Rust takes to
// give tiles is measured by itself where there is a Rust.
const done = arguments[arguments.length - 1];
const { layers, side, frames, rust = false } = arguments[0];
const { tiles, store } = editorCanvas;
const SIDE = 256;

const frame = () => new Promise(requestAnimationFrame);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const atLevel = (length, level) => Math.ceil(length / 2 ** level);

function painted(seed) {
  const pixels = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let at = 0; at < pixels.length; at += 4) {
    const [x, y] = [(at / 4) % SIDE, Math.floor(at / 4 / SIDE)];
    pixels.set([(x * seed) & 255, (y + seed * 40) & 255, (x ^ y) & 255, (x + y + seed * 17) % 256], at);
  }
  return pixels;
}

function documentOf(count, length, firstId, blend) {
  const list = [];
  for (let index = 0; index < count; index += 1) {
    const id = firstId + index;
    tiles.describe(id, length, length);
    list.push({ id: index + 1, kind: "pixels", name: `Layer ${index}`, image: id, x: index * 8, y: index * 5, width: length, height: length,
      blend: blend ?? "normal" });
  }
  return { width: length, height: length, depth: 8, keep: null, layers: list };
}

// Pixels are shared between tiles; the canvas does not know.
function fill(document, levels) {
  for (const layer of document.layers) {
    const pixels = painted(1 + (layer.image % 7));
    for (const level of levels) {
      const length = atLevel(layer.width, level);
      for (let ty = 0; ty * SIDE < length; ty += 1) {
        for (let tx = 0; tx * SIDE < length; tx += 1) {
          const [w, h] = [Math.min(SIDE, length - tx * SIDE), Math.min(SIDE, length - ty * SIDE)];
          tiles.put(layer.image, level, tx, ty, w === SIDE && h === SIDE ? pixels : pixels.slice(0, w * h * 4));
        }
      }
    }
  }
}

function open(document) {
  store.dispatch({ type: "document/opened", opened: { path: null, name: "bench", document, notes: [] } });
}

const middle = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

async function measure(name, step) {
  const intervals = [];
  const work = [];
  const before = editorCanvas.stats();
  await frame();
  let last = performance.now();
  for (let index = 0; index < frames; index += 1) {
    const began = performance.now();
    step(index);
    await frame();
    // The canvas has drawn by now: its own request for this frame came first or comes right after.
    await Promise.resolve();
    const now = performance.now();
    intervals.push(now - last);
    last = now;
    work.push(editorCanvas.stats().lastMs ?? now - began);
  }
  const after = editorCanvas.stats();
  intervals.sort((a, b) => a - b);
  work.sort((a, b) => a - b);
  const part = (key) => (after[key] - before[key]) / frames;
  return {
    name, median: middle(intervals, 0.5), p95: middle(intervals, 0.95), work: middle(work, 0.5), workP95: middle(work, 0.95),
    composite: part("makeMs"), upload: part("uploadMs"), present: part("presentMs"), tiles: part("made"),
  };
}

async function settle() {
  let made = -1;
  for (let turn = 0; turn < 400; turn += 1) {
    await pause(25);
    const stats = editorCanvas.stats();
    if (stats.made + stats.rendered === made && stats.tiles.waiting === 0 && stats.stale === 0) return;
    made = stats.made + stats.rendered;
  }
}

async function run() {
  const results = [];
  const document = documentOf(layers, side, 900000);
  fill(document, [0, 1, 2, 3]);
  open(document);
  await settle();
  store.dispatch({ type: "viewport/actualSizeShown" });
  await settle();

  results.push(await measure("pan, first time (tiles are made)", () => store.dispatch({ type: "viewport/panned", dx: -14, dy: -9 })));
  await settle();
  results.push(await measure("pan, again", (index) => store.dispatch({ type: "viewport/panned", dx: index % 40 < 20 ? 11 : -11, dy: index % 30 < 15 ? 7 : -7 })));
  await settle();
  const point = { x: 300, y: 300 };
  results.push(await measure("zoom, first time", (index) => store.dispatch({ type: "viewport/zoomed", factor: index < frames / 2 ? 0.97 : 1 / 0.97, point })));
  await settle();
  results.push(await measure("zoom, again", (index) => store.dispatch({ type: "viewport/zoomed", factor: index < frames / 2 ? 0.97 : 1 / 0.97, point })));
  store.dispatch({ type: "viewport/actualSizeShown" });
  await settle();

  const id = Math.floor(layers / 2);
  results.push(await measure("drag a layer", (index) => editorCanvas.setLiveTransform([id], [1, 0, 0, 1, index * 3, index * 2])));
  editorCanvas.setLiveTransform([], null);
  await settle();

  const target = document.layers[id - 1];
  const live = new Map();
  results.push(await measure("brush of 40 pixels", (index) => {
    const [x, y] = [side / 2 + index * 4 - target.x, side / 2 + Math.sin(index / 5) * 60 - target.y];
    const changed = new Set();
    for (const [dx, dy] of [[-20, -20], [20, -20], [-20, 20], [20, 20]]) {
      const key = `${Math.floor((x + dx) / SIDE)},${Math.floor((y + dy) / SIDE)}`;
      if (!live.has(key)) live.set(key, painted(3));
      changed.add(key);
    }
    for (const key of changed) {
      const [tx, ty] = key.split(",").map(Number);
      const pixels = live.get(key);
      for (let py = Math.max(0, Math.floor(y - 20 - ty * SIDE)); py < Math.min(SIDE, y + 20 - ty * SIDE); py += 1) {
        for (let px = Math.max(0, Math.floor(x - 20 - tx * SIDE)); px < Math.min(SIDE, x + 20 - tx * SIDE); px += 1) {
          pixels.set([220, 30, 60, 255], 4 * (py * SIDE + px));
        }
      }
    }
    editorCanvas.setLive({ layerId: id, kind: "pixels", imageId: target.image, x: target.x, y: target.y, width: side, height: side,
      tiles: live, changed: [...changed], rect: { x: Math.floor(x - 20 + target.x), y: Math.floor(y - 20 + target.y), width: 42, height: 42 } });
  }));
  editorCanvas.clearLive();
  await settle();

  const large = rust ? await largeInRust() : documentOf(30, 8192, 990000);
  if (!rust) fill(large, [3, 4, 5]);
  const began = performance.now();
  open(large);
  await settle();
  const opened = performance.now() - began;
  const fitted = memory();
  if (rust) {
    store.dispatch({ type: "viewport/actualSizeShown" });
    await settle();
    const scroll = (dx, dy) => () => store.dispatch({ type: "viewport/panned", dx, dy });
    results.push(await measure("30 × 8192², scroll at 100 %", scroll(-40, -25)));
    await settle();
    for (let page = 0; page < 12; page += 1) {
      scroll(-500, -300)();
      await settle();
    }
  }
  return { results, card: editorCanvas.stats().withCard, large: { opened, fitted, scrolled: memory() } };
}

function memory() {
  const { tiles: { bytes }, bytes: composites, gpuBytes } = editorCanvas.stats();
  return { page: bytes, composites, card: gpuBytes };
}

// What only Rust has, so that the page has to ask.
async function largeInRust() {
  const document = documentOf(30, 8192, 0);
  for (const [index, layer] of document.layers.entries()) {
    const colour = [(index * 83) % 256, (index * 29) % 256, (index * 151) % 256, 40 + index * 7];
    layer.image = (await window.__TAURI__.core.invoke("create_image", { width: 8192, height: 8192, colour })).id;
    tiles.describe(layer.image, 8192, 8192);
  }
  return document;
}

run().then(done, (error) => done({ error: String(error?.stack ?? error) }));
