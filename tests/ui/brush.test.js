import assert from "node:assert/strict";
import { test } from "node:test";
import { ui } from "./modules.js";

const { addDab, FULL, paintMask, paintPixels, spanOf } = await ui("canvas/tools/brush/dab.js");
const { alongLine, endPath, extendPath, startPath } = await ui("canvas/tools/brush/path.js");
const { createPainter } = await ui("canvas/tools/brush/painter.js");

const whole = { left: 0, top: 0, right: 16, bottom: 16 };
const dab = (more) => ({ x: 8, y: 8, radius: 4, hardness: 1, strength: 1, ...more });

function covered(...dabs) {
  const coverage = new Uint16Array(256);
  for (const one of dabs) addDab(coverage, 16, one, spanOf(one, 16, 16));
  return coverage;
}

test("a hard dab is full inside, nothing outside, and as large as a circle", () => {
  const coverage = covered(dab());
  assert.equal(coverage[8 * 16 + 8], FULL);
  assert.equal(coverage[8 * 16 + 13], 0);
  assert.equal(coverage[0], 0);
  const area = coverage.reduce((sum, value) => sum + value / FULL, 0);
  assert.ok(Math.abs(area - Math.PI * 16) < 1.5, `${area} for ${Math.PI * 16}`);
});

test("a soft dab falls off from its middle to its edge", () => {
  const coverage = covered(dab({ hardness: 0, radius: 7, x: 8.5, y: 8.5 }));
  const row = [...coverage.slice(8 * 16 + 8, 8 * 16 + 16)];
  assert.equal(row[0], FULL);
  for (let index = 1; index < row.length; index += 1) assert.ok(row[index] < row[index - 1] || row[index] === 0, `${row}`);
});

test("a stroke that crosses itself is not stronger than once", () => {
  const strength = 0.5;
  const once = covered(dab({ strength }));
  const often = covered(...Array.from({ length: 50 }, () => dab({ strength })));
  assert.equal(often[8 * 16 + 8], once[8 * 16 + 8]);
  assert.ok(Math.max(...often) <= Math.round(strength * FULL));
});

test("the smallest brush fills exactly one pixel", () => {
  const coverage = covered(dab({ x: 5.5, y: 6.5, radius: 0.5 }));
  assert.deepEqual([...coverage].flatMap((value, at) => (value ? [[at % 16, Math.floor(at / 16), value]] : [])), [[5, 6, FULL]]);
});

function painted(base, paint, clip = null, coverage = covered(dab())) {
  const out = new Uint8ClampedArray(1024);
  const under = new Uint8ClampedArray(1024);
  for (let at = 0; at < 1024; at += 4) under.set(base, at);
  paintPixels(out, under, coverage, clip, 16, whole, { mode: "paint", colour: [200, 100, 50], opacity: 1, ...paint });
  return (x, y) => [...out.slice(4 * (y * 16 + x), 4 * (y * 16 + x) + 4)];
}

test("paint over transparent pixels has the colour itself, not a mixture with what is not seen", () => {
  assert.deepEqual(painted([255, 0, 255, 0], { opacity: 0.5 })(8, 8), [200, 100, 50, 128]);
});

test("half a stroke over a half transparent pixel is the compositor's over", () => {
  // alpha = 0.5 + 128/255 * 0.5; colour = (c * 0.5 + under * 128/255 * 0.5) / alpha.
  const alpha = 0.5 + (128 / 255) * 0.5;
  const mix = (c, under) => Math.round((c * 0.5 + under * (128 / 255) * 0.5) / alpha);
  assert.deepEqual(painted([10, 20, 30, 128], { opacity: 0.5 })(8, 8), [mix(200, 10), mix(100, 20), mix(50, 30), Math.round(alpha * 255)]);
});

test("a locked transparency keeps every alpha; erasing keeps every colour", () => {
  assert.deepEqual(painted([10, 20, 30, 128], { mode: "recolour" })(8, 8), [200, 100, 50, 128]);
  assert.deepEqual(painted([10, 20, 30, 0], { mode: "recolour" })(8, 8).slice(3), [0]);
  assert.deepEqual(painted([10, 20, 30, 128], { mode: "erase" })(8, 8), [10, 20, 30, 0]);
});

test("outside of the selection nothing changes, at its soft edge a part", () => {
  const clip = new Uint8Array(256).fill(255);
  for (let y = 0; y < 16; y += 1) clip[y * 16 + 8] = 0;
  for (let y = 0; y < 16; y += 1) clip[y * 16 + 7] = 51;
  const at = painted([10, 20, 30, 255], {}, clip);
  assert.deepEqual(at(8, 8), [10, 20, 30, 255]);
  assert.deepEqual(at(7, 8), [48, 36, 34, 255]);
  assert.deepEqual(at(9, 8), [200, 100, 50, 255]);
});

test("a mask goes towards one value", () => {
  const out = new Uint8ClampedArray(256);
  paintMask(out, new Uint8ClampedArray(256).fill(255), covered(dab()), null, 16, whole, { value: 0, opacity: 0.5 });
  assert.deepEqual([out[8 * 16 + 8], out[0]], [128, 255]);
});

test("dabs lie at equal distances along the way, however the pointer's places are spread", () => {
  const gap = () => 3;
  const at = (x, y = 0) => ({ x, y, pressure: 1 });
  let { dabs, path } = startPath(at(0));
  for (const x of [1, 2, 14, 15, 40, 41, 90]) {
    const step = extendPath(path, at(x), gap);
    dabs = [...dabs, ...step.dabs];
    path = step.path;
  }
  dabs = [...dabs, ...endPath(path, gap)];
  assert.deepEqual(dabs.map(({ x }) => Math.round(x)), Array.from({ length: 31 }, (_, index) => index * 3));
});

test("a straight line has both its ends", () => {
  const line = alongLine({ x: 0, y: 0, pressure: 1 }, { x: 10, y: 0, pressure: 0.5 }, () => 4);
  assert.deepEqual(line.map(({ x }) => Math.round(x)), [0, 4, 8, 10]);
  assert.equal(line[3].pressure, 0.5);
});

// A tile cache of one image of one colour; what is missing comes when it is let through.
function fakeTiles({ width, height, colour, held = false }) {
  const known = new Map();
  const gates = [];
  return {
    asked: [],
    release: () => gates.splice(0).forEach((open) => open()),
    get: (id, level, tx, ty) => known.get(`${id},${tx},${ty}`) ?? null,
    async load(id, level, list) {
      this.asked.push(...list);
      if (held) await new Promise((open) => gates.push(open));
      for (const [tx, ty] of list) {
        const [w, h] = [Math.min(256, width - tx * 256), Math.min(256, height - ty * 256)];
        const pixels = new Uint8ClampedArray(w * h * 4);
        for (let at = 0; at < pixels.length; at += 4) pixels.set(colour, at);
        known.set(`${id},${tx},${ty}`, pixels);
      }
    },
  };
}

const settings = {
  size: 10, hardness: 1, opacity: 1, pressureSize: false, pressureOpacity: false, mode: "paint",
  colour: [255, 0, 0], value: 0, selection: null,
};
const target = {
  documentId: 1, layerId: 7, kind: "pixels", id: 3, outside: 0,
  image: { x: 100, y: 50, width: 300, height: 300 }, room: { x: 0, y: 0, width: 500, height: 400 },
};
const sample = (x, y) => ({ x, y, pressure: 1 });

function painter(tiles, commits, finish = async () => {}) {
  const shown = [];
  const failed = [];
  const canvas = { setLive: (live) => shown.push(live), clearLive: () => shown.push(null) };
  const made = createPainter({
    tiles, canvas, onFailed: (error) => failed.push(error),
    async commit(_target, patches, used) {
      commits.push({ patches, used });
      await finish(commits.length);
    },
  });
  return { made, shown, failed };
}

test("a stroke is shown at once and committed at its end as the pixels that it touched", async () => {
  const commits = [];
  const tiles = fakeTiles({ width: 300, height: 300, colour: [0, 0, 255, 255] });
  await tiles.load(3, 0, [[0, 0], [1, 0]]);
  const { made, shown } = painter(tiles, commits);
  made.begin(target, settings, sample(120, 80), false);
  assert.equal(shown.length, 1, "within the event itself");
  made.extend([sample(140, 80), sample(160, 80)]);
  made.end();
  await made.settled();
  assert.equal(shown.at(-1), null);
  const [{ patches: [patch], patches }] = commits;
  assert.equal(patches.length, 1);
  assert.deepEqual(patch.rect, { x: 114, y: 74, width: 52, height: 12 });
  const at = (x, y) => [...patch.pixels.slice(4 * ((y - 74) * 52 + x - 114), 4 * ((y - 74) * 52 + x - 114) + 4)];
  assert.deepEqual(at(140, 80), [255, 0, 0, 255]);
  assert.deepEqual(at(114, 74), [0, 0, 255, 255]);
});

test("one may paint outside of the layer, whole tiles to the left and above", async () => {
  const commits = [];
  const { made, shown } = painter(fakeTiles({ width: 300, height: 300, colour: [0, 0, 255, 255] }), commits);
  made.begin(target, settings, sample(20, 20), false);
  made.end();
  await made.settled();
  const live = shown.find(Boolean);
  assert.deepEqual([live.x, live.y, live.width, live.height], [-156, -206, 656, 606]);
  assert.deepEqual(commits[0].patches[0].rect, { x: 14, y: 14, width: 12, height: 12 });
  assert.deepEqual([...commits[0].patches[0].pixels.slice(0, 4)], [0, 0, 0, 0]);
});

test("strokes that are drawn before the pixels have come are painted in their order", async () => {
  const commits = [];
  const tiles = fakeTiles({ width: 300, height: 300, colour: [0, 0, 255, 255], held: true });
  const { made, shown, failed } = painter(tiles, commits);
  made.begin(target, { ...settings, opacity: 0.5 }, sample(200, 200), false);
  made.end();
  made.begin(target, { ...settings, colour: [0, 255, 0] }, sample(203, 200), false);
  made.end();
  assert.equal(shown.length, 0);
  tiles.release();
  await made.settled();
  assert.deepEqual(failed, []);
  assert.equal(commits.length, 2);
  const centre = (index, x, y) => {
    const { rect, pixels } = commits[index].patches[0];
    return [...pixels.slice(4 * ((y - rect.y) * rect.width + x - rect.x)).slice(0, 4)];
  };
  assert.deepEqual(centre(0, 199, 200), [128, 0, 128, 255], "the first knows nothing of the second");
  assert.deepEqual(centre(1, 203, 200), [0, 255, 0, 255]);
  assert.deepEqual(centre(1, 197, 200), [128, 0, 128, 255], "the second lies on the first");
});

test("a stroke that begins while Rust has not answered lies on the one before, and stays in sight", async () => {
  const commits = [];
  let answer = () => {};
  const tiles = fakeTiles({ width: 300, height: 300, colour: [0, 0, 255, 255] });
  await tiles.load(3, 0, [[0, 0]]);
  const { made, shown } = painter(tiles, commits, (count) => (count === 1 ? new Promise((done) => (answer = done)) : undefined));
  made.begin(target, settings, sample(200, 200), false);
  made.end();
  await new Promise((done) => setTimeout(done, 5));
  made.begin(target, { ...settings, opacity: 0.5, colour: [0, 255, 0] }, sample(200, 200), false);
  answer();
  await new Promise((done) => setTimeout(done, 5));
  assert.ok(!shown.includes(null), "the live pixels stay while one draws");
  made.end();
  await made.settled();
  const { rect, pixels } = commits[1].patches[0];
  assert.deepEqual([...pixels.slice(4 * ((200 - rect.y) * rect.width + 200 - rect.x)).slice(0, 4)], [128, 128, 0, 255]);
});

test("a stroke that is taken back leaves what was there", async () => {
  const commits = [];
  const tiles = fakeTiles({ width: 300, height: 300, colour: [0, 0, 255, 255] });
  await tiles.load(3, 0, [[0, 0]]);
  const { made, shown } = painter(tiles, commits);
  made.begin(target, settings, sample(200, 200), false);
  made.cancel();
  await made.settled();
  assert.deepEqual([commits.length, shown.at(-1)], [0, null]);
});

test("a long diagonal commits little more than it touched", async () => {
  const commits = [];
  const big = { ...target, image: { x: 0, y: 0, width: 4096, height: 4096 }, room: { x: 0, y: 0, width: 4096, height: 4096 } };
  const { made } = painter(fakeTiles({ width: 4096, height: 4096, colour: [0, 0, 255, 255] }), commits);
  made.begin(big, settings, sample(5, 5), false);
  made.extend([sample(2000, 2000), sample(4090, 4090)]);
  made.end();
  await made.settled();
  const bytes = commits[0].patches.reduce((sum, { pixels }) => sum + pixels.length, 0);
  assert.ok(bytes < 48 * 256 * 256 * 4, `${bytes} bytes`);
});
