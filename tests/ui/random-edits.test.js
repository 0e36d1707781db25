import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";
import { createEdits, faultsOf, KIND_NAMES } from "./random-edits.js";

const actions = await ui("state/actions.js");
const { imagesOf } = await ui("state/drawing.js");
const { stepsOf } = await ui("state/history.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { heldImages } = await ui("state/selectors.js");
const { openDocuments } = await ui("state/tabs.js");

const COUNT = 10_000;
const pixels = (id) => ({ id, kind: "pixels", name: `p${id}`, image: 1_000_000 + id, x: 0, y: 0, width: 32, height: 32 });
const document = { width: 32, height: 32, layers: [pixels(1), { id: 2, kind: "group", name: "g", children: [pixels(3), pixels(4)] }] };
const opening = actions.documentOpened({ path: "/a/b.psd", name: "b.psd", document, notes: [] });
const begin = () => reduce(reduce(initialState({ seed: 1, theme: "system" }), actions.viewportResized(800, 600, 1)), opening);
const ownDocument = (state) => openDocuments(state).find(({ key }) => key === 1).document;

for (const seed of [1, 20, 333, 4444]) {
  test(`${COUNT} random actions keep the state whole, and undo goes back to the start (seed ${seed})`, () => {
    const edits = createEdits(seed);
    const used = new Map();
    let state = begin();
    let start = state.document.present;
    for (let index = 0; index < COUNT; index += 1) {
      const { name, action } = edits(state);
      const next = reduce(state, action);
      if (next !== state) used.set(name, (used.get(name) ?? 0) + 1);
      const faults = faultsOf(next);
      if (faults.length > 0) assert.fail(`after action ${index}, ${name} ${JSON.stringify(action)}: ${faults.join(", ")}`);
      state = next;
      // Opening a group is no step, so it may change even the start.
      const { past, present } = ownDocument(state);
      if (past.length === 0) start = present;
    }
    assert.deepEqual(KIND_NAMES.filter((name) => !used.has(name)), [], "actions that never changed anything");

    state = reduce(state, actions.tabShown(1));
    while (state.document.future.length > 0) state = reduce(state, actions.redone());
    const end = state.document.present;
    const steps = state.document.past.length;
    assert.ok(steps > 500, `only ${steps} steps`);
    while (state.document.past.length > 0) {
      state = reduce(state, actions.undone());
      assert.deepEqual(faultsOf(state), []);
    }
    assert.deepEqual(state.document.present, start);
    assert.equal(state.document.future.length, steps);
    while (state.document.future.length > 0) state = reduce(state, actions.redone());
    assert.deepEqual(state.document.present, end);

    state = reduce(state, actions.historyJumped(0));
    state = reduce(state, actions.layerInserted({ imageId: 7_000_000, x: 0, y: 0, width: 1, height: 1, name: "after" }));
    for (const { key } of state.tabs.list.filter((tab) => tab.key !== 1)) state = reduce(state, actions.tabClosed(key));
    state = reduce(state, actions.clipChanged(null));
    assert.equal(stepsOf(state.document).length, 2);
    assert.deepEqual(heldImages(state), [...imagesOf(start), 7_000_000].sort(), "nothing else is held");
    assert.deepEqual(Object.keys(state.files), [String(state.document.present.documentId)], "no file of a closed tab is remembered");
  });
}

test("steps of large pixels stay within the memory, and what they held is let go", () => {
  const edits = createEdits(5, { largest: 2 ** 29 });
  let state = begin();
  let dropped = false;
  for (let index = 0; index < 4000; index += 1) {
    const before = state.document;
    state = reduce(state, edits(state).action);
    assert.deepEqual(faultsOf(state), [], `after action ${index}`);
    dropped ||= state.document.past.length < before.past.length && state.document.future.length === 0;
  }
  assert.ok(dropped, "no step was ever too much");
  const held = new Set(heldImages(state));
  const reachable = imagesOf(...openDocuments(state).flatMap((open) => stepsOf(open.document).map(({ picture }) => picture)));
  const copied = imagesOf({ ...state.document.present, selection: null, layers: state.clipboard?.layers ?? [] });
  assert.deepEqual([...held].sort(), [...new Set([...reachable, ...copied])].sort());
  for (const { document } of openDocuments(state)) {
    assert.equal(document.total, stepsOf(document).reduce((sum, { bytes }) => sum + bytes, 0), "the sum is kept right");
  }
});
