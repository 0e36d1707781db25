import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { heldImages, selectIsUnsaved } = await ui("state/selectors.js");
const { openDocuments } = await ui("state/tabs.js");
const { imageAsDocument } = await ui("state/wire.js");

const image = (id, side = 16) => ({ id, name: `image ${id}`, width: side, height: side });
const opened = (id, path = null) => actions.documentOpened({ path, name: `${id}.psd`, document: imageAsDocument(image(id)), notes: [] });
const play = (...all) => all.reduce((state, action) => reduce(state, action),
  reduce(initialState({ seed: 7, theme: "system" }), actions.viewportResized(800, 600, 1)));
const keys = (state) => state.tabs.list.map(({ key }) => key);
const images = (state) => openDocuments(state).map(({ document }) => document.present.layers.map(({ imageId }) => imageId).join());

test("each tab has its own document, steps, selection and view", () => {
  let state = play(opened(1), opened(2), actions.layerAdded(image(3)), actions.layersSelected([1, 2]), actions.viewportPanned(9, 9));
  const second = state;
  assert.deepEqual([keys(state), state.tabs.active, images(state)], [[1, 2], 2, ["1", "2,3"]]);
  state = reduce(state, actions.tabShown(1));
  assert.deepEqual([state.document.past.length, state.selectedLayers, state.viewport.fitted], [0, [1], true]);
  assert.equal(selectIsUnsaved(state), false);
  state = reduce(state, actions.undone());
  state = reduce(state, actions.tabShown(2));
  for (const part of ["document", "selectedLayers", "selectedLayer", "viewport", "frame"]) assert.deepEqual(state[part], second[part], part);
  assert.equal(selectIsUnsaved(state), true);
});

test("an opened file takes the tab in view only when nothing has been done in it", () => {
  assert.deepEqual(keys(play(opened(1))), [1]);
  assert.deepEqual(keys(play(actions.layerAdded(image(1)), actions.undone(), opened(2))), [1, 2], "redo would bring something back");
  assert.deepEqual(keys(play(actions.jobSubmitted({ tab: 1, width: 8, height: 8, steps: 1 }), opened(2))), [1, 2], "a picture is coming");
});

test("a closed tab lets go of its images, and its neighbour comes into view", () => {
  let state = play(opened(1), opened(2), opened(3), actions.tabShown(2), actions.tabClosed(2));
  assert.deepEqual([keys(state), state.tabs.active, heldImages(state), Object.keys(state.files).length], [[1, 3], 3, [1, 3], 2]);
  state = reduce(state, actions.tabClosed(3));
  assert.equal(state.tabs.active, 1);
  state = reduce(state, actions.tabClosed(1));
  assert.deepEqual([state.tabs.list.length, state.frame, state.document.past, heldImages(state)], [1, null, [], []]);
});

test("an action for a document that is not in view changes that one alone", () => {
  const before = play(opened(1), opened(2));
  const state = reduce(before, actions.inTab(1, actions.layerAdded(image(5))));
  assert.deepEqual([images(state), state.tabs.active], [["1,5", "2"], 2]);
  assert.equal(state.document, before.document);
  assert.equal(reduce(state, actions.inTab(9, actions.layerAdded(image(6)))), state, "the tab is closed");
  assert.deepEqual(images(reduce(state, actions.inTab(2, actions.layerAdded(image(7))))), ["1,5", "2,7"]);
});

test("the room for a coming picture is shown in its own tab only", () => {
  const state = play(opened(1), actions.jobSubmitted({ tab: 1, width: 64, height: 64, steps: 1 }), actions.tabOpened());
  assert.equal(state.frame, null);
  assert.equal(reduce(state, actions.tabShown(1)).frame.width, 64);
});

test("numbers of documents are never used twice, so files are not taken for each other's", () => {
  const state = play(opened(1, "/a.psd"), actions.documentCleared(), opened(2, "/b.psd"), actions.tabShown(1), actions.documentCleared(),
    actions.layerAdded(image(3)), opened(4, "/c.psd"));
  const ids = openDocuments(state).map(({ document }) => document.present.documentId);
  assert.equal(new Set(ids).size, ids.length);
  const paths = ids.map((id) => state.files[id]?.path);
  assert.deepEqual(paths, [undefined, "/c.psd", "/b.psd"]);
});

test("tabs are reordered, and the view has the size of the window as it is now", () => {
  let state = play(opened(1), opened(2), actions.tabMoved(2, 0));
  assert.deepEqual(keys(state), [2, 1]);
  state = reduce(reduce(state, actions.viewportResized(400, 300, 2)), actions.tabShown(1));
  assert.deepEqual([state.viewport.width, state.viewport.scale], [400, 2]);
});

test("what was copied stays held when its document is closed", () => {
  let state = play(opened(1));
  state = reduce(state, actions.clipChanged({ layers: state.document.present.layers, documentId: 1, isPart: false }));
  state = reduce(state, actions.tabClosed(1));
  assert.deepEqual(heldImages(state), [1]);
  const pasted = reduce(state, actions.layersInserted(state.clipboard.layers, null));
  assert.deepEqual([pasted.frame, pasted.document.present.layers[0].imageId], [{ x: 0, y: 0, width: 16, height: 16 }, 1]);
});
