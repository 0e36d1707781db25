import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { createStore } = await ui("state/store.js");
const { findLayer, walk } = await ui("state/tree.js");
const { createClipboardCommands } = await ui("effects/clipboard.js");
const { createImageEffects } = await ui("effects/images.js");
const { createLayerCommands } = await ui("effects/layer-commands.js");
const { createTabCommands } = await ui("effects/tab-commands.js");
const { strings } = await ui("strings.js");

const pixels = (id, more = {}) => ({ id, kind: "pixels", name: `p${id}`, image: 10 * id, x: id, y: 0, width: 8, height: 8, ...more });
const group = (id, children, more = {}) => ({ id, kind: "group", name: `g${id}`, children, ...more });
const selection = { id: 2 ** 41, x: 0, y: 0, width: 4, height: 4 };
const settle = () => new Promise((done) => setTimeout(done, 2));

/** A Rust that remembers what it was asked. */
function fakeRust(more = {}) {
  const calls = [];
  let image = 1000;
  const made = (name, reply) => [name, async (...args) => {
    calls.push([name, ...args]);
    return typeof reply === "function" ? reply(...args) : reply;
  }];
  const rect = { x: 2, y: 3, width: 4, height: 5 };
  const ipc = Object.fromEntries([
    made("createImage", ({ width, height }) => ({ id: (image += 1), width, height, bytes: 7 })),
    made("flattenLayers", () => ({ imageId: (image += 1), ...rect, bytes: 7 })),
    made("copySelected", () => ({ imageId: (image += 1), ...rect, bytes: 7 })),
    made("clearSelected", () => ({ id: (image += 1), width: 8, height: 8, bytes: 7 })),
    made("maskOf", () => ({ id: 2 ** 42, ...rect, bytes: 7 })),
    made("patchMask", ({ x, y, width, height }) => ({ id: 2 ** 43, x, y, width, height, bytes: 7 })),
    made("loadTiles", () => Uint8Array.of(0, 10, 255, 255)),
    made("applyMask", () => ({ id: (image += 1), width: 8, height: 8, bytes: 7 })),
    made("copyImage", undefined),
    made("renderDocument", (document) => ({ width: 1, height: 1, pixels: Uint8ClampedArray.of(more.sample?.(document) ?? 1, 0, 0, 255) })),
    made("pasteImage", () => more.pasted ?? null),
  ]);
  return { calls, ipc, called: (name) => calls.filter(([other]) => other === name).map(([, ...args]) => args) };
}

function opened(layers, more) {
  const rust = fakeRust(more);
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  store.dispatch(actions.documentOpened({ path: "/a/b.psd", name: "b.psd", document: { width: 32, height: 32, layers }, notes: [] }));
  const images = createImageEffects(store, rust.ipc);
  const commands = {
    ...createLayerCommands({ store, ipc: rust.ipc, images, renameLayer: () => {} }),
    ...createClipboardCommands({ store, ipc: rust.ipc, images }),
    ...createTabCommands({ store }),
  };
  const run = async (name) => {
    commands[name]();
    for (let turn = 0; turn < 4; turn += 1) await settle();
  };
  const picture = () => store.getState().document.present;
  return {
    ...rust, store, run, picture,
    layer: (id) => findLayer(picture().layers, id),
    names: () => [...walk(picture().layers)].map(({ name }) => name),
    select: (...ids) => store.dispatch(actions.layersSelected(ids, ids[ids.length - 1])),
    notice: () => store.getState().notices.current?.message,
  };
}

test("one layer is merged with the one below it, several with each other, at the place of the top one", async () => {
  const { run, names, select, called, picture } = opened([pixels(1), pixels(2, { x: -20 }), pixels(3)]);
  select(2);
  await run("layer.merge");
  assert.deepEqual(names(), ["p1", "p3"]);
  const [[document]] = called("flattenLayers");
  assert.deepEqual([document.width, document.layers.map(({ x }) => x)], [29, [21, 0]], "nothing is cut at the edge of the picture");
  const [merged] = picture().layers;
  assert.deepEqual([merged.x, merged.y, merged.imageId], [2 - 20, 3, 1001]);
  assert.equal(called("flattenLayers").length, 1);
});

test("the lowest layer has nothing to merge with, and a locked one is told", async () => {
  const { run, select, names, notice, store } = opened([pixels(1, { lock: { pixels: true } }), pixels(2)]);
  select(1);
  await run("layer.merge");
  assert.equal(notice(), strings.layersPanel.nothingBelow);
  select(1, 2);
  await run("layer.merge");
  assert.equal(notice(), strings.layers.lockedNotice("p1"));
  assert.deepEqual(names(), ["p1", "p2"]);
  assert.equal(store.getState().document.past.length, 0);
});

test("what arrives late goes into the document that it was asked for", async () => {
  const { run, select, store, ipc } = opened([pixels(1), pixels(2)]);
  let arrive;
  ipc.flattenLayers = () => new Promise((done) => (arrive = done));
  select(1, 2);
  await run("layer.merge");
  store.dispatch(actions.tabOpened());
  arrive({ imageId: 77, x: 0, y: 0, width: 1, height: 1, bytes: 0 });
  await settle();
  assert.equal(store.getState().document.present.layers.length, 0);
  store.dispatch(actions.tabShown(1));
  assert.equal(store.getState().document.present.layers[0].imageId, 77);
});

test("duplicate copies layers, or what is selected of the pixels", async () => {
  const { run, select, names, store, called, layer } = opened([pixels(1), pixels(2)]);
  select(1, 2);
  await run("layer.duplicate");
  assert.deepEqual(names(), ["p1", "p1 copy", "p2", "p2 copy"]);
  store.dispatch(actions.selectionChanged(selection));
  select(1);
  await run("layer.duplicate");
  assert.deepEqual(called("copySelected"), [[{ image: 10, x: 1, y: 0, selection }]]);
  const { imageId, x, name } = layer(store.getState().selectedLayer);
  assert.deepEqual([imageId, x, name], [1001, 2, "p1 copy"]);
});

test("a mask comes from the selection, or shows all; it is turned, switched, applied and removed", async () => {
  const { run, select, store, layer, called } = opened([pixels(1), pixels(2, { mask: { id: 2 ** 40, x: 0, y: 0, width: 2, height: 2 } })]);
  select(1);
  await run("layer.mask-add");
  assert.deepEqual([layer(1).mask.id, layer(1).mask.outside, store.getState().tool.target], [2 ** 43, 255, "mask"]);
  await run("layer.mask-remove");
  store.dispatch(actions.selectionChanged(selection));
  await run("layer.mask-add");
  assert.deepEqual([layer(1).mask.id, layer(1).mask.x, layer(1).mask.outside], [2 ** 42, 2, 0]);
  await run("layer.mask-apply");
  assert.deepEqual([layer(1).mask, layer(1).imageId], [null, 1001]);
  select(2);
  await run("layer.mask-invert");
  const [, pixelsOfMask] = called("patchMask").at(-1);
  assert.deepEqual([[...pixelsOfMask], layer(2).mask.outside], [[255, 245, 0, 0], 255]);
  await run("layer.mask-toggle");
  assert.equal(layer(2).mask.enabled, false);
});

test("toggles follow the primary layer and reach all that are selected", async () => {
  const { run, select, picture, notice } = opened([pixels(1, { visible: false }), pixels(2), pixels(3)]);
  select(1, 2, 3);
  await run("layer.visibility");
  assert.deepEqual(picture().layers.map(({ visible }) => visible), [false, false, false]);
  await run("layer.visibility");
  await run("layer.lock-position");
  assert.deepEqual(picture().layers.map(({ visible, lock }) => [visible, lock.position, lock.pixels]), Array(3).fill([true, true, false]));
  await run("layer.clipping");
  assert.deepEqual(picture().layers.map(({ clipping }) => clipping), [false, true, true]);
  select(1);
  await run("layer.clipping");
  assert.equal(notice(), strings.layersPanel.nothingToClipTo);
});

test("several layers move together by one place", async () => {
  const { run, select, names } = opened([pixels(1), pixels(2), pixels(3), pixels(4)]);
  select(1, 2);
  await run("layer.raise");
  assert.deepEqual(names(), ["p3", "p1", "p2", "p4"]);
  await run("layer.raise");
  assert.deepEqual(names(), ["p3", "p4", "p1", "p2"]);
  await run("layer.raise");
  await run("layer.lower");
  assert.deepEqual(names(), ["p3", "p1", "p2", "p4"]);
});

test("layers are pasted into another document, in its middle, and above what is selected", async () => {
  const { run, select, store, names, picture } = opened([group(1, [pixels(2)]), pixels(3)]);
  select(1);
  await run("edit.copy");
  await run("edit.paste");
  assert.deepEqual(names(), ["g1", "p2", "g1", "p2", "p3"]);
  assert.equal(picture().layers[1].children[0].x, 2, "in the same document where it was");
  store.dispatch(actions.documentCreated({ name: "n", width: 108, height: 58, background: null, imageId: 0 }));
  await run("edit.paste");
  const [pasted] = picture().layers[0].children;
  assert.deepEqual([picture().width, pasted.x, pasted.y], [108, 50, 25]);
});

test("a picture from another program is pasted instead of what was copied here before", async () => {
  const foreign = { id: 500, width: 8, height: 8, name: "Pasted picture" };
  let own = false;
  const sample = (document) => (document.layers[0].image === 500 && !own ? 99 : 1);
  const { run, select, names } = opened([pixels(1)], { pasted: foreign, sample });
  select(1);
  await run("edit.copy");
  await run("edit.paste");
  assert.deepEqual(names(), ["p1", "Pasted picture"]);
  own = true;
  await run("edit.paste");
  assert.deepEqual(names(), ["p1", "Pasted picture", "p1"], "its own copy is the layer itself");
});

test("cut takes the layer, or what is selected of its pixels; locks are kept", async () => {
  const { run, select, store, names, layer, notice } = opened([pixels(1), pixels(2), pixels(3, { lock: { pixels: true } })]);
  select(2);
  await run("edit.cut");
  assert.deepEqual(names(), ["p1", "p3"]);
  store.dispatch(actions.selectionChanged(selection));
  select(1);
  await run("edit.cut");
  assert.deepEqual([layer(1).imageId > 1000, store.getState().clipboard.isPart], [true, true]);
  select(3);
  await run("edit.cut");
  assert.equal(notice(), strings.layers.lockedNotice("p3"));
  assert.equal(layer(3).imageId, 30);
});

test("the settings that made a layer come back into the form", async () => {
  const recipe = { task: "generate", model: "gone", prompt: "a red gem", negative: "blur", seed: "77", steps: 12, guidance: 3, part: null, parent: null, stepCache: 0.1 };
  const { run, select, store, notice } = opened([pixels(1, { recipe, width: 256, height: 128 })]);
  store.dispatch(actions.taskShown("split"));
  select(1);
  await run("layer.use-recipe");
  const { form, task } = store.getState();
  assert.deepEqual([task, form.prompt, form.negative, form.seed, form.seedLocked, form.steps, form.reuse, form.width, form.height],
    ["new", "a red gem", "blur", 77, true, 12, true, 256, 128]);
  assert.match(notice(), /gone/, "a model that is not here is named");
});

test("Ctrl+Tab goes round the documents", async () => {
  const { run, store } = opened([pixels(1)]);
  store.dispatch(actions.documentCreated({ name: "n", width: 8, height: 8, background: null, imageId: 0 }));
  await run("view.next-tab");
  assert.equal(store.getState().tabs.active, 1);
  await run("view.previous-tab");
  assert.equal(store.getState().tabs.active, 2);
});
