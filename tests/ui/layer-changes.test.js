import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { emptyDocument, reduceDocument } = await ui("state/document.js");
const { DEEPEST, movable } = await ui("state/layer-changes.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { findLayer, walk } = await ui("state/tree.js");

const pixels = (id, more = {}) => ({ id, kind: "pixels", name: `p${id}`, image: 10 * id, x: 0, y: 0, width: 8, height: 8, ...more });
const group = (id, children, more = {}) => ({ id, kind: "group", name: `g${id}`, children, ...more });
const opening = (...layers) => actions.documentOpened({ path: null, name: "x", document: { width: 8, height: 8, layers }, notes: [] });
const open = (...layers) => reduceDocument(emptyDocument, opening(...layers));
const apply = (picture, ...all) => all.reduce((now, action) => reduceDocument(now, action), picture);
const nested = () => open(pixels(1), group(2, [pixels(3), group(4, [pixels(5)]), pixels(6)]), pixels(7));

/** A tree in one line: numbers from the bottom, groups in brackets. */
function line({ layers }) {
  const of = (list) => list.map((layer) => (layer.kind === "group" ? `${layer.id}[${of(layer.children)}]` : String(layer.id))).join(" ");
  return of(layers);
}
const check = (action, expected, before = nested()) => assert.equal(line(apply(before, action)), expected, JSON.stringify(action));
const unchanged = (before, action) => assert.equal(apply(before, action), before, JSON.stringify(action));

const only = (part) => ({ lock: { transparency: false, pixels: false, position: false, [part]: true } });
const all = { lock: { transparency: true, pixels: true, position: true } };
const lockedGroup = (lock) => open(group(1, [pixels(2)], lock), pixels(3));

test("several layers are removed, those inside of others with them", () => {
  check(actions.layersRemoved([3, 4, 5, 7]), "1 2[6]");
  check(actions.layersRemoved([99]), "1 2[3 4[5] 6] 7");
  check(actions.layersRemoved([1, 2, 3]), "1[2]", lockedGroup(all));
});

test("copies lie above what they are copies of, with numbers of their own", () => {
  check(actions.layersDuplicated([1, 4, 5]), "1 8 2[3 4[5] 9[10] 6] 7");
  const named = apply(nested(), actions.layersDuplicated([4], " copy"));
  assert.deepEqual([8, 9].map((id) => findLayer(named.layers, id).name), ["g4 copy", "p5"]);
});

test("layers are grouped where the top one was, in their order", () => {
  check(actions.layersGrouped([1, 7], "g"), "2[3 4[5] 6] 8[1 7]");
  check(actions.layersGrouped([6, 5, 1], "g"), "2[3 4[] 8[1 5 6]] 7");
  check(actions.layersGrouped([2], "g"), "1 8[2[3 4[5] 6]] 7");
  unchanged(nested(), actions.layersGrouped([], "g"));
});

test("a group is dissolved into what is in it, unless it is locked", () => {
  check(actions.groupDissolved(2), "1 3 4[5] 6 7");
  unchanged(nested(), actions.groupDissolved(1));
  unchanged(lockedGroup(all), actions.groupDissolved(1));
});

test("layers move anywhere but into themselves", () => {
  check(actions.layersMovedTo([7, 1], null, 0), "1 7 2[3 4[5] 6]");
  check(actions.layersMovedTo([7, 1], 4, 1), "2[3 4[5 1 7] 6]");
  check(actions.layersMovedTo([5], null, 99), "1 2[3 4[] 6] 7 5");
  check(actions.layersMovedTo([3, 6], 2, 0), "1 2[3 6 4[5]] 7");
  unchanged(nested(), actions.layersMovedTo([2], 4, 0));
  unchanged(nested(), actions.layersMovedTo([2], 2, 0));
  unchanged(nested(), actions.layersMovedTo([1], 7, 0));
  unchanged(nested(), actions.layersMovedTo([3], 2, 0));
});

test("groups are never deeper than a file can hold", () => {
  let picture = open(pixels(1));
  for (let times = 0; times < DEEPEST + 5; times += 1) picture = apply(picture, actions.layersGrouped([1], "g"));
  const depth = () => [...line(picture)].filter((letter) => letter === "[").length;
  assert.equal(depth(), DEEPEST);
  picture = apply(picture, actions.layerInserted({ imageId: 9, x: 0, y: 0, width: 1, height: 1, name: "n" }));
  const added = picture.layers[1].id;
  picture = apply(picture, actions.layersGrouped([added], "outer"));
  unchanged(picture, actions.layersMovedTo([picture.layers[1].id], DEEPEST + 1, 0));
});

test("one action changes the look of many, within bounds", () => {
  const picture = apply(nested(), actions.layersChanged([1, 5], { opacity: 7, fill: -1, blend: "screen" }, "blend"));
  for (const id of [1, 5]) {
    const { opacity, fill, blend } = findLayer(picture.layers, id);
    assert.deepEqual([opacity, fill, blend], [1, 0, "screen"]);
  }
  unchanged(nested(), actions.layersChanged([1, 5], { blend: "pass-through" }, "blend"));
});

test("the lowest layer of a list is never clipped, however it came there", () => {
  const clipped = (picture) => [...walk(picture.layers)].filter(({ clipping }) => clipping).map(({ id }) => id);
  const picture = apply(nested(), actions.layersChanged([1, 3, 5, 6, 7], { clipping: true }, "clipping"));
  assert.deepEqual(clipped(picture), [6, 7]);
  assert.deepEqual(clipped(apply(picture, actions.layersRemoved([3, 4]))), [7]);
  assert.deepEqual(clipped(apply(picture, actions.layersMovedTo([7], null, 0))), [6]);
  assert.deepEqual(clipped(apply(picture, actions.layersGrouped([6, 7], "g"))), [7]);
});

test("solo hides all others and the second time brings them back as they were", () => {
  const before = apply(nested(), actions.layerShown(1, false), actions.layerShown(5, false));
  const hidden = (picture) => [...walk(picture.layers)].filter(({ visible }) => !visible).map(({ id }) => id);
  const alone = apply(before, actions.layersShownOnly([4]));
  assert.deepEqual(hidden(alone), [1, 3, 5, 6, 7]);
  assert.deepEqual(hidden(apply(alone, actions.layersShownOnly([4]))), [1, 5]);
  const another = apply(alone, actions.layersShownOnly([6]));
  assert.deepEqual(hidden(another), [1, 3, 4, 5, 7]);
  assert.deepEqual(hidden(apply(another, actions.layersShownOnly([6]))), [1, 5]);
});

test("layers move with their linked masks, and groups with what is in them", () => {
  const mask = (linked) => ({ id: 2 ** 40, x: 1, y: 1, outside: 0, enabled: true, linked });
  const before = open(group(1, [pixels(2, { mask: mask(true) }), pixels(3, { mask: mask(false) })], { mask: mask(true) }));
  const after = apply(before, actions.layersOffset([1, 2], 5.4, -3));
  const at = (id) => { const { x, y, mask: { x: mx, y: my } } = findLayer(after.layers, id); return [x, y, mx, my]; };
  assert.deepEqual([at(1), at(2), at(3)], [[undefined, undefined, 6, -2], [5, -3, 6, -2], [5, -3, 1, 1]]);
});

test("what is locked in its place is not moved, nor a group that holds it, nor what a locked group holds", () => {
  const picture = open(pixels(1, only("position")), group(2, [pixels(3, only("position")), pixels(4)]), group(5, [pixels(6)], only("position")), pixels(7, only("pixels")));
  for (const id of [1, 2, 3, 5, 6]) unchanged(picture, actions.layersOffset([id], 1, 1));
  assert.deepEqual(movable(picture, [1, 2, 4, 6, 7]).map(({ id }) => id), [7]);
  assert.deepEqual(movable(picture, [4]).map(({ id }) => id), [4]);
  const made = (id) => ({ id, imageId: 99, x: 1, y: 1, width: 2, height: 2, mask: null });
  const after = apply(picture, actions.layersReplaced([1, 3, 4, 6, 7].map(made), "transformed", 5));
  assert.deepEqual([...walk(after.layers)].filter(({ imageId }) => imageId === 99).map(({ id }) => id), [4]);
});

test("what is locked in its pixels keeps them, and may be moved", () => {
  const picture = open(pixels(1, only("pixels")), group(2, [pixels(3)], only("pixels")), pixels(4, only("transparency")), pixels(5, all));
  const image = { imageId: 99, x: 0, y: 0, width: 8, height: 8 };
  for (const id of [1, 3, 5]) unchanged(picture, actions.layerPixelsReplaced(id, image, "painted"));
  assert.equal(findLayer(apply(picture, actions.layerPixelsReplaced(4, image, "painted")).layers, 4).imageId, 99);
  assert.equal(findLayer(apply(picture, actions.layersOffset([1], 2, 0)).layers, 1).x, 2);
  unchanged(picture, actions.layersMerged([3, 4], { ...image, name: "m" }));
  unchanged(picture, actions.layerMaskReplaced(5, { id: 2 ** 41, x: 0, y: 0 }, "masked"));
  unchanged(picture, actions.layersChanged([5], { opacity: 0.5 }, "opacity"));
  assert.equal(findLayer(apply(picture, actions.layerMaskReplaced(1, { id: 2 ** 41, x: 0, y: 0 }, "masked")).layers, 1).mask.enabled, true);
});

test("merged layers are one where the top one was", () => {
  const made = { imageId: 99, x: 1, y: 2, width: 3, height: 4, name: "m" };
  check(actions.layersMerged([1, 4, 6], made), "2[3 8] 7");
  check(actions.layersMerged([2, 5], made), "1 8 7");
});

test("a layer is inserted above another one, and brings its size into nothing", () => {
  const layer = { imageId: 5, x: 2, y: 3, width: 4, height: 5, name: "n", opacity: 0.5 };
  check(actions.layerInserted({ ...layer, above: 3 }), "1 2[3 8 4[5] 6] 7");
  check(actions.layerInserted({ ...layer, above: null }), "1 2[3 4[5] 6] 7 8");
  const { x, y, width, height, layers } = apply(emptyDocument, actions.layerInserted(layer));
  assert.deepEqual([x, y, width, height, layers[0].opacity], [2, 3, 4, 5, 0.5]);
});

test("a document that is made has its size with or without a background", () => {
  const made = { name: "New", width: 300, height: 200, background: null, imageId: 0 };
  let state = reduce(initialState({ seed: 1, theme: "system" }), actions.documentCreated(made));
  assert.deepEqual([state.tabs.list.length, state.frame], [1, { x: 0, y: 0, width: 300, height: 200 }]);
  assert.equal(state.files[state.document.present.documentId].name, "New");
  state = reduce(state, actions.documentCreated({ ...made, background: [255, 255, 255], imageId: 4, layerName: "Background" }));
  assert.deepEqual([state.tabs.list.length, state.document.present.layers[0].name, state.selectedLayer], [2, "Background", 1]);
  state = reduce(reduce(state, actions.layersRemoved([1])), actions.layerAdded({ id: 6, width: 50, height: 50, name: "i" }));
  assert.deepEqual([state.frame.width, state.document.present.layers[0].x], [300, 125], "an empty document keeps its size");
});

test("the size of the canvas changes without moving layers", () => {
  const picture = apply(nested(), actions.canvasResized({ x: -4, y: 2.2, width: 20, height: 0 }));
  assert.deepEqual([picture.x, picture.y, picture.width, picture.height, picture.layers[0].x], [-4, 2, 20, 1, 0]);
});
