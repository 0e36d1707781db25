import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { emptyDocument, reduceDocument } = await ui("state/document.js");
const { drawnLayers, imagesOf, isDrawnHere, keepsOf, looksLike } = await ui("state/drawing.js");
const { selectLayers } = await ui("state/selection.js");
const { findLayer, groupsAround, rowsOf, walk } = await ui("state/tree.js");
const { readDocument, toWire } = await ui("state/wire.js");

const pixels = (id, more = {}) => ({ id, kind: "pixels", name: `p${id}`, image: 10 * id, x: 0, y: 0, width: 8, height: 8, ...more });
const group = (id, children, more = {}) => ({ id, kind: "group", name: `g${id}`, children, ...more });
const wire = (...layers) => ({ width: 8, height: 8, layers });
const open = (...layers) => reduceDocument(emptyDocument, actions.documentOpened({ path: null, name: "x", document: wire(...layers), notes: [] }));
const apply = (picture, ...all) => all.reduce(reduceDocument, picture);

/** A tree in one line: names from the bottom, groups in brackets. */
function line(layers) {
  return layers.map((layer) => (layer.kind === "group" ? `${layer.id}[${line(layer.children)}]` : String(layer.id))).join(" ");
}

const nested = () => open(pixels(1), group(2, [pixels(3), group(4, [pixels(5)]), pixels(6)]), pixels(7));

test("a document comes back from the wire as it went, whatever it holds", () => {
  const full = {
    width: 30, height: 20, depth: 16, keep: "d",
    layers: [
      pixels(4, {
        visible: false, opacity: 0.25, fill: 0.5, blend: "linear-burn", clipping: true, keep: "k", x: -3, y: 40,
        lock: { transparency: true, pixels: false, position: true },
        mask: { id: 2 ** 40, x: 1, y: -2, outside: 255, enabled: false, linked: false },
        recipe: { task: "generate", model: "m", prompt: "p", negative: "", seed: "18446744073709551615", steps: 4, guidance: 1.5, part: [1, 2], parent: 9 },
      }),
      group(9, [pixels(2, {
        visible: true, opacity: 1, fill: 1, blend: "normal", clipping: false, keep: null, mask: null, recipe: null,
        lock: { transparency: false, pixels: false, position: false },
      })], {
        visible: true, opacity: 1, fill: 1, blend: "screen", clipping: false, keep: null, mask: null, recipe: null, expanded: false,
        lock: { transparency: false, pixels: false, position: false },
      }),
    ],
  };
  assert.deepEqual(toWire(readDocument(full)), full);
});

test("what the wire leaves out has its defaults, and ids that are missing or twice are new", () => {
  const picture = open({ image: 1, width: 8, height: 8 }, group(5, [pixels(3), pixels(3)]));
  const [first, folder] = picture.layers;
  assert.deepEqual([first.kind, first.visible, first.opacity, first.blend, first.recipe], ["pixels", true, 1, "normal", null]);
  assert.deepEqual([folder.blend, folder.expanded], ["pass-through", true]);
  const ids = [...walk(picture.layers)].map(({ id }) => id);
  assert.equal(new Set(ids).size, 4);
  assert.ok(ids.every((id) => id > 0 && id < picture.nextLayerId));
});

test("masks move with the corner that the picture has grown to", () => {
  const grown = apply(open(pixels(1, { mask: { id: 9, x: 2, y: 3, outside: 0, enabled: true, linked: true } })),
    actions.layerAdded({ id: 50, name: "large", width: 20, height: 20 }));
  assert.deepEqual([toWire(grown).layers[0].mask.x, toWire(grown).layers[0].mask.y], [8, 9]);
});

test("a layer is found, and the groups around it, however deep it lies", () => {
  const { layers } = nested();
  assert.equal(findLayer(layers, 5).name, "p5");
  assert.deepEqual(groupsAround(layers, 5).map(({ id }) => id), [2, 4]);
  assert.deepEqual(groupsAround(layers, 7), []);
  assert.equal(groupsAround(layers, 99), null);
});

test("a list shows the top layer first, with levels, and nothing of closed groups", () => {
  const rows = (picture) => rowsOf(picture.layers).map(({ layer, level, position, count }) => [layer.id, level, position, count]);
  assert.deepEqual(rows(nested()), [
    [7, 1, 1, 3], [2, 1, 2, 3], [6, 2, 1, 3], [4, 2, 2, 3], [5, 3, 1, 1], [3, 2, 3, 3], [1, 1, 3, 3],
  ]);
  assert.deepEqual(rows(apply(nested(), actions.groupExpanded(2, false))).map(([id]) => id), [7, 2, 1]);
});

test("moving up goes past neighbours, into open groups and out of them, and down the same way back", () => {
  const start = open(pixels(1), group(2, [pixels(3)]), group(4, [pixels(5)], { expanded: false }));
  const lines = ["1 2[3] 4[5]", "2[1 3] 4[5]", "2[3 1] 4[5]", "2[3] 1 4[5]", "2[3] 4[5] 1", "2[3] 4[5] 1"];
  let picture = start;
  for (const expected of lines) {
    assert.equal(line(picture.layers), expected);
    picture = apply(picture, actions.layerMoved(1, 1));
  }
  for (const expected of lines.slice(0, -1).reverse()) {
    assert.equal(line(picture.layers), expected);
    picture = apply(picture, actions.layerMoved(1, -1));
  }
  assert.equal(apply(start, actions.layerMoved(1, -1)), start, "nothing is below the lowest");
});

test("changes deep in the tree leave everything else the same value", () => {
  const before = nested();
  const after = apply(before, actions.layerBlended(5, "multiply"));
  assert.equal(findLayer(after.layers, 5).blend, "multiply");
  assert.equal(after.layers[0], before.layers[0]);
  assert.equal(findLayer(after.layers, 6), findLayer(before.layers, 6));
  assert.equal(apply(after, actions.layerBlended(5, "multiply")), after);
});

test("a group is removed with what is in it, and a locked layer not at all", () => {
  assert.equal(line(apply(nested(), actions.layerRemoved(2)).layers), "1 7");
  const locked = apply(nested(), actions.layerLocked(5, true));
  assert.equal(apply(locked, actions.layerRemoved(5)), locked);
  assert.equal(line(apply(locked, actions.layerLocked(5, false), actions.layerRemoved(5)).layers), "1 2[3 4[] 6] 7");
});

test("the selection stays in sight: a closed group takes it over, and so does the neighbour of what is gone", () => {
  const before = nested();
  const closing = actions.groupExpanded(2, false);
  const select = (id, action) => selectLayers({ primary: id, ids: [id] }, before, apply(before, action), action).primary;
  assert.equal(select(5, closing), 2);
  assert.equal(select(7, closing), 7);
  const removing = actions.layerRemoved(4);
  assert.equal(select(4, removing), 6);
});

test("only plain layers and open-handed groups are drawn here; the rest is for the compositor", () => {
  assert.ok(isDrawnHere(nested()));
  for (const more of [{ blend: "multiply" }, { fill: 0.5 }, { clipping: true }, { mask: { id: 9, enabled: true } }]) {
    assert.ok(!isDrawnHere(open(pixels(1), pixels(2, more))), JSON.stringify(more));
    assert.ok(isDrawnHere(open(pixels(1), pixels(2, { ...more, visible: false }))), `hidden ${JSON.stringify(more)}`);
  }
  assert.ok(isDrawnHere(open(pixels(1, { mask: { id: 9, enabled: false } }))));
  assert.ok(!isDrawnHere(open(group(1, [pixels(2)], { blend: "normal" }))), "an isolated group");
  assert.ok(!isDrawnHere(open(group(1, [pixels(2)], { opacity: 0.5 }))), "a faded group");
  assert.ok(!isDrawnHere(open(pixels(1, { width: 4096, height: 4096 }))), "too many pixels");
});

test("the layers that are drawn come from the bottom, through groups, without hidden and empty ones", () => {
  const picture = apply(nested(), actions.layerShown(4, false), actions.layerFaded(6, 0));
  assert.deepEqual(drawnLayers(picture).map(({ id }) => id), [1, 3, 7]);
  assert.deepEqual(drawnLayers(open(pixels(1, { image: 0, width: 0, height: 0 }))), []);
});

test("names, locks and open groups do not ask for another render", () => {
  const before = nested();
  assert.ok(looksLike(before, apply(before, actions.layerRenamed(5, "x"), actions.groupExpanded(2, false), actions.layerLocked(3, true))));
  assert.ok(!looksLike(before, apply(before, actions.layerShown(5, false))));
  assert.ok(!looksLike(before, apply(before, actions.layerMoved(1, 1))));
});

test("images, masks and tokens of every depth are held", () => {
  const picture = open(pixels(1, { keep: "a" }), group(2, [pixels(3, { keep: "b" })], { mask: { id: 2 ** 40 }, keep: "c" }));
  assert.deepEqual([...imagesOf(picture)].sort(), [10, 2 ** 40, 30].sort());
  assert.deepEqual([...keepsOf(picture)].sort(), ["a", "b", "c"]);
});
