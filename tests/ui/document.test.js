import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { emptyDocument, placeImage, reduceDocument } = await ui("state/document.js");
const { drawnLayers } = await ui("state/drawing.js");
const { toWire } = await ui("state/wire.js");

const image = (id, width, height) => ({ id, name: id, width, height });
const play = (...all) => all.reduce(reduceDocument, emptyDocument);

test("the first image makes the picture as large as it is", () => {
  const picture = play(actions.layerAdded(image("a", 128, 96)));
  assert.deepEqual([picture.x, picture.y, picture.width, picture.height], [0, 0, 128, 96]);
});

test("layers are drawn bottom first, hidden and clear ones not at all", () => {
  const picture = play(
    actions.layerAdded(image("a", 8, 8)),
    actions.layerAdded(image("b", 8, 8)),
    actions.layerAdded(image("c", 8, 8)),
    actions.layerAdded(image("d", 8, 8)),
    actions.layerShown(2, false),
    actions.layerFaded(3, 0),
  );
  assert.deepEqual(drawnLayers(picture).map((layer) => layer.imageId), ["a", "d"]);
});

test("moving a layer changes its place in the order and stops at the ends", () => {
  const order = (picture) => picture.layers.map((layer) => layer.imageId).join("");
  const picture = play(...["a", "b", "c"].map((id) => actions.layerAdded(image(id, 8, 8))));
  const moved = reduceDocument(picture, actions.layerMoved(1, 1));
  assert.equal(order(moved), "bac");
  assert.equal(reduceDocument(picture, actions.layerMoved(3, 1)), picture);
  assert.equal(reduceDocument(picture, actions.layerMoved(1, -1)), picture);
});

test("a larger image grows the picture around what is there, which stays in its place", () => {
  const picture = play(actions.layerAdded(image("small", 100, 50)), actions.layerAdded(image("large", 200, 200)));
  assert.deepEqual([picture.x, picture.y, picture.width, picture.height], [-50, -75, 200, 200]);
  assert.deepEqual(picture.layers.map(({ x, y }) => [x, y]), [[0, 0], [-50, -75]]);
});

test("a smaller image lands in the middle", () => {
  const picture = play(actions.layerAdded(image("a", 100, 100)));
  const { frame, x, y } = placeImage(picture, 20, 40);
  assert.deepEqual({ frame, x, y }, { frame: { x: 0, y: 0, width: 100, height: 100 }, x: 40, y: 30 });
});

test("what is sent to Rust is measured from the picture's corner", () => {
  const picture = play(actions.layerAdded(image("small", 100, 50)), actions.layerAdded(image("large", 200, 200)),
    actions.layerFaded(2, 0.5));
  const { width, height, depth, keep, layers } = toWire(picture);
  assert.deepEqual({ width, height, depth, keep }, { width: 200, height: 200, depth: 8, keep: null });
  assert.deepEqual(layers.map(({ image, x, y, opacity }) => [image, x, y, opacity]), [
    ["small", 50, 75, 1],
    ["large", 0, 0, 0.5],
  ]);
});

test("changes that change nothing keep the value, so that they are no step of undo", () => {
  const picture = play(actions.layerAdded(image("a", 8, 8)));
  assert.equal(reduceDocument(picture, actions.layerShown(1, true)), picture);
  assert.equal(reduceDocument(picture, actions.layerRenamed(1, "  ")), picture);
  assert.equal(reduceDocument(emptyDocument, actions.documentCleared()), emptyDocument);
});

test("opacity stays between clear and solid", () => {
  const picture = play(actions.layerAdded(image("a", 8, 8)), actions.layerFaded(1, 7));
  assert.equal(picture.layers[0].opacity, 1);
});

test("a layer's number is never used twice", () => {
  const picture = play(actions.layerAdded(image("a", 8, 8)), actions.documentCleared(), actions.layerAdded(image("b", 8, 8)));
  assert.equal(picture.layers[0].id, 2);
});
