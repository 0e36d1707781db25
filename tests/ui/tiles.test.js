// What is fetched and made again when an image is edited, and when the edit is undone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ui } from "./modules.js";

const { damage } = await ui("canvas/damage.js");
const { createTiles } = await ui("canvas/tiles.js");

const OLD = 1;
const NEW = 2;
const NEWEST = 3;

async function tilesOf(image, budget) {
  /** @type {[number, number, [number, number][]][]} */
  const calls = [];
  const tiles = createTiles({
    budget,
    async loadTiles(id, level, list) {
      calls.push([id, level, list]);
      return new Uint8Array(list.length * 256 * 256 * 4).fill(id);
    },
    onLoaded() {},
    onFailed() {},
  });
  tiles.describe(image, 512, 512);
  await tiles.load(image, 0, [[0, 0], [1, 0], [0, 1], [1, 1]]);
  return { tiles, calls };
}

const pictureOf = (imageId) => ({
  documentId: 1, x: 0, y: 0, width: 512, height: 512, depth: 8,
  layers: [{ id: 1, kind: "pixels", visible: true, opacity: 1, fill: 1, blend: "normal", mask: null, imageId, x: 10, y: 20, width: 512, height: 512 }],
});

test("a stroke fetches nothing: what it did not touch is shared, and the rest is known", async () => {
  const { tiles, calls } = await tilesOf(OLD);
  const rect = { x: 250, y: 4, width: 10, height: 2 };
  tiles.share(NEW, OLD, rect, [{ rect, pixels: new Uint8Array(10 * 2 * 4).fill(9) }]);
  await tiles.load(NEW, 0, [[0, 0], [1, 0], [0, 1], [1, 1]]);
  assert.equal(calls.length, 1);
  const pixel = (id, tx, x, y) => tiles.get(id, 0, tx, 0)?.[4 * (y * 256 + x)];
  assert.deepEqual([pixel(NEW, 0, 249, 4), pixel(NEW, 0, 250, 4), pixel(NEW, 1, 3, 5), pixel(NEW, 1, 4, 5)], [1, 9, 9, 1]);
  assert.deepEqual([pixel(OLD, 0, 250, 4), pixel(OLD, 1, 3, 5)], [1, 1], "the old one stays as it was");
});

test("undo and redo make only what the steps touched again, also several at once", async () => {
  const { tiles } = await tilesOf(OLD);
  tiles.share(NEW, OLD, { x: 0, y: 0, width: 5, height: 5 });
  tiles.share(NEWEST, NEW, { x: 100, y: 0, width: 5, height: 5 });
  const touched = (before, after) => damage(pictureOf(before), pictureOf(after), tiles.changed);
  assert.deepEqual(touched(NEW, OLD), [{ x: 10, y: 20, width: 5, height: 5 }]);
  assert.deepEqual(touched(OLD, NEW), touched(NEW, OLD));
  assert.deepEqual(touched(NEWEST, OLD), [{ x: 10, y: 20, width: 105, height: 5 }]);
  assert.deepEqual(touched(OLD, NEWEST), touched(NEWEST, OLD));
  assert.deepEqual(touched(OLD, 99), [{ x: 10, y: 20, width: 512, height: 512 }], "of another image nothing is known");
});

test("no more is held than there is room for, and the oldest goes first", async () => {
  const tile = 256 * 256 * 4;
  const { tiles } = await tilesOf(OLD, 3 * tile);
  assert.equal(tiles.stats().bytes, 3 * tile);
  tiles.describe(NEW, 512, 512);
  await tiles.load(NEW, 0, [[0, 0]]);
  assert.equal(tiles.stats().bytes, 3 * tile);
  assert.notEqual(tiles.get(NEW, 0, 0, 0), null);
});

test("a stroke that becomes part of its image changes nothing that is seen", async () => {
  const { tiles } = await tilesOf(OLD);
  tiles.share(NEW, OLD, { x: 0, y: 0, width: 5, height: 5 });
  const live = { kind: "pixels" };
  const shown = (imageId) => {
    const picture = pictureOf(imageId);
    return { ...picture, layers: picture.layers.map((layer) => ({ ...layer, live })) };
  };
  assert.deepEqual(damage(shown(OLD), shown(NEW), tiles.changed), []);
});
