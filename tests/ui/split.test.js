import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { heldImages, selectResultFits, selectSplitBlock, selectSplitLayer, selectShown, toSplitRequest } = await ui("state/selectors.js");
const { createStore } = await ui("state/store.js");
const { imageAsDocument } = await ui("state/wire.js");
const { isLocked } = await ui("state/layer.js");
const { findLayer } = await ui("state/tree.js");
const { cancelJob } = await ui("effects/jobs.js");
const { discardSplit, keepSplit, split, splitAgain } = await ui("effects/split.js");

const starter = {
  id: "starter", name: "Starter", note: "", isStarter: true, distilled: true, ready: true, missing: [],
  tasks: ["generate"], defaults: { width: 128, height: 128, steps: 2, guidance: 1 },
};
const layered = { ...starter, id: "layered", distilled: false, tasks: ["decompose"], defaults: { width: 128, height: 128, steps: 5, guidance: 2, layers: 3 } };
const settle = () => new Promise((done) => setTimeout(done, 5));
const opened = (id, side = 32) => actions.documentOpened({
  path: null, name: "cat.png", document: imageAsDocument({ id, name: "cat", width: side, height: side }), notes: [],
});

function readyStore(...more) {
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  for (const action of [
    actions.engineChanged({ state: "ready", device: "CPU", message: null }),
    actions.modelsLoaded([starter, layered]),
    ...more,
  ]) store.dispatch(action);
  return store;
}

const parts = (first) => [
  { id: first, x: 0, y: 0, width: 32, height: 32, name: "Background" },
  { id: first + 1, x: 4, y: 6, width: 8, height: 8, name: "Layer 1" },
];

/** An engine that answers when the test says so. */
function engine() {
  const requests = [];
  const cancelled = [];
  let send;
  return {
    requests,
    cancelled,
    say: async (...messages) => {
      messages.forEach(([event, data = {}]) => send({ event, data }));
      for (let turn = 0; turn < 3; turn += 1) await settle();
    },
    ipc: {
      decompose: async (request, onEvent) => {
        send = onEvent;
        return { jobId: requests.push(request) };
      },
      cancel: async (jobId) => void cancelled.push(jobId),
    },
    outside: { random: () => 0.5, prepareImage: async () => {} },
  };
}

const layersOf = (first, more = {}) =>
  ["layers", { layers: parts(first), seed: 77, prompt: "a cat", model: "layered", steps: 5, guidance: 2, report: { passes: true, sentences: ["Good."] }, ...more }];
const done = ["finished", { seconds: 1 }];

async function splitOnce(store, { ipc, outside, say }, first = 100) {
  await split(store, ipc, outside);
  await say(layersOf(first), done);
}

test("splitting says what it waits for", () => {
  const block = (...more) => selectSplitBlock(readyStore(...more).getState());
  assert.equal(selectSplitBlock(initialState({ seed: 1, theme: "system" })), "starting");
  assert.equal(block(), "no-picture");
  assert.equal(block(opened(9)), null);
  assert.equal(block(opened(9, 8)), "too-small");
  assert.equal(block(opened(0)), "no-pixels");
  assert.equal(block(opened(9), actions.modelsLoaded([starter])), "no-model");
  assert.equal(block(actions.modelsLoaded([{ ...layered, ready: false }]), opened(9)), "model-not-ready");
  assert.equal(block(opened(9), actions.jobSubmitted({ width: 8, height: 8, steps: 1 })), "generating");
  assert.equal(block(opened(9), actions.engineChanged({ state: "failed", device: "", message: "" })), "engine-failed");
});

test("each task chooses among its own models, with their numbers", () => {
  const { form, split: { form: splitForm } } = readyStore().getState();
  assert.equal(form.model, "starter");
  assert.deepEqual([splitForm.model, splitForm.layers, splitForm.steps, splitForm.guidance], ["layered", 3, 5, 2]);
  assert.ok(!("layers" in form));
});

test("the number of layers stays between 1 and 10", () => {
  const count = (value) => readyStore(actions.splitLayersChanged(value)).getState().split.form.layers;
  assert.deepEqual([0, 3.4, 99, Number.NaN].map(count), [1, 3, 10, 3]);
});

test("a request says what the form says", () => {
  const state = readyStore(opened(9), actions.splitPromptChanged(" a cat "), actions.splitNegativeChanged("dust"),
    actions.splitSeedTyped(5)).getState();
  assert.deepEqual(toSplitRequest(state, selectSplitLayer(state)), {
    model: "layered", image: 9, layers: 3, prompt: "a cat", negative: "dust", seed: 5, steps: 5, guidance: 2,
  });
});

test("a result is shown but changes nothing until it is kept, and keeping it is one step of undo", async () => {
  const store = readyStore(opened(9));
  const before = store.getState().document.present;
  await splitOnce(store, engine());
  assert.equal(store.getState().document.present, before);
  assert.equal(selectShown(store.getState()).layers.length, 3);
  assert.deepEqual(heldImages(store.getState()), [100, 101, 9]);

  keepSplit(store);
  const { present } = store.getState().document;
  assert.deepEqual(present.layers.map(({ name, visible }) => [name, visible]), [["cat", false], ["Background", true], ["Layer 1", true]]);
  assert.ok(isLocked(present.layers[0]));
  assert.deepEqual([present.layers[2].x, present.layers[2].y], [4, 6]);
  assert.deepEqual(present.layers[2].recipe, {
    task: "decompose", model: "layered", prompt: "a cat", negative: "", seed: "77", steps: 5, guidance: 2, part: [2, 2], parent: 1,
  });
  assert.equal(store.getState().staged, null);
  store.dispatch(actions.undone());
  assert.equal(store.getState().document.present, before);
  store.dispatch(actions.redone());
  assert.equal(store.getState().document.present, present);
});

test("a layer among others becomes a group of its name, in its place and with its look, and undo brings it back", async () => {
  const store = readyStore(opened(9));
  const run = engine();
  await splitOnce(store, run);
  keepSplit(store);
  const layer = store.getState().document.present.layers[2];
  store.dispatch(actions.layerFaded(layer.id, 0.5));
  store.dispatch(actions.layerBlended(layer.id, "multiply"));
  store.dispatch(actions.layerSelected(layer.id));
  const before = store.getState().document.present;
  await split(store, run.ipc, run.outside);
  await run.say(["layers", { ...layersOf(200)[1], layers: parts(200).map((part) => ({ ...part, width: 16, height: 16 })) }], done);
  // A layer of 8 × 8 is too small.
  assert.equal(run.requests.length, 1);

  store.dispatch(actions.layerSelected(store.getState().document.present.layers[1].id));
  await splitOnce(store, run, 300);
  keepSplit(store);
  const after = store.getState().document.present;
  const group = after.layers[1];
  assert.deepEqual([group.kind, group.name, group.blend, group.opacity], ["group", "Background", "pass-through", 1]);
  assert.deepEqual(group.children.map(({ name, visible }) => [name, visible]), [["Background", false], ["Background", true], ["Layer 1", true]]);
  assert.ok(isLocked(group.children[0]));
  assert.equal(group.children[0].id, before.layers[1].id, "what was split keeps its id");
  assert.equal(store.getState().selectedLayer, group.id);
  store.dispatch(actions.undone());
  assert.equal(store.getState().document.present, before);
});

test("the look of a split layer moves out to its group", async () => {
  const store = readyStore(opened(9));
  const mask = { id: 2 ** 40, x: 0, y: 0, outside: 0, enabled: true, linked: true };
  store.dispatch(actions.documentOpened({ path: null, name: "x", notes: [], document: { width: 32, height: 32, layers: [
    { id: 5, name: "shade", image: 9, x: 2, y: 3, width: 32, height: 32, opacity: 0.5, fill: 0.5, blend: "multiply", mask, keep: "k" },
  ] } }));
  await splitOnce(store, engine());
  keepSplit(store);
  const [group] = store.getState().document.present.layers;
  assert.deepEqual([group.opacity, group.blend, group.mask, group.keep], [0.25, "multiply", mask, "k"]);
  const [original, , part] = group.children;
  assert.deepEqual([original.opacity, original.blend, original.mask, original.keep], [1, "normal", null, "k"]);
  assert.deepEqual([part.x, part.y], [6, 9], "measured from the layer's corner");
});

test("cancel keeps the picture, and a failed run says why", async () => {
  const store = readyStore(opened(9));
  const run = engine();
  await split(store, run.ipc, run.outside);
  await run.say(["started", { jobId: 1, steps: 5 }]);
  await cancelJob(store, run.ipc);
  await run.say(["cancelled"]);
  assert.deepEqual(run.cancelled, [1]);
  assert.deepEqual(store.getState().jobs.last, { kind: "split", cancelled: true });
  assert.equal(store.getState().staged, null);

  await split(store, run.ipc, run.outside);
  await run.say(["failed", { code: "out_of_memory", message: "Too large." }]);
  assert.deepEqual(store.getState().jobs.error, { kind: "split", code: "out_of_memory", message: "Too large." });
});

test("previews, the caption and a second try are told while it runs", async () => {
  const store = readyStore(opened(9));
  const run = engine();
  await split(store, run.ipc, run.outside);
  const previews = [{ id: 50, width: 8, height: 8 }, { id: 51, width: 8, height: 8 }];
  await run.say(["caption", { text: "a cat" }], ["retrying", { reason: ["Empty."] }],
    ["step", { done: 1, total: 5, secondsLeft: 9, previews, preview: previews[0] }]);
  const { jobs, split: now } = store.getState();
  assert.deepEqual([now.caption, now.retrying], ["a cat", ["Empty."]]);
  assert.deepEqual(jobs.current.previews, previews);
  assert.equal(jobs.current.preview, null, "nothing is drawn over the picture");
});

test("trying again takes another seed, even of a kept one, and keeps what waits until the new layers are there", async () => {
  const store = readyStore(opened(9), actions.splitSeedTyped(5));
  const run = engine();
  await splitOnce(store, run);
  await splitAgain(store, run.ipc, run.outside);
  assert.notEqual(run.requests[1].seed, 5);
  assert.deepEqual(heldImages(store.getState()), [100, 101, 9]);
  await run.say(["cancelled"]);
  assert.equal(store.getState().split.result.layers[0].id, 100, "cancelling brings back what waited");
  await splitAgain(store, run.ipc, run.outside);
  await run.say(layersOf(200), done);
  assert.equal(store.getState().split.result.layers[0].id, 200);
});

test("a result whose picture is gone waits for undo, and can be discarded", async () => {
  const store = readyStore(opened(9));
  await splitOnce(store, engine());
  store.dispatch(actions.documentCleared());
  assert.equal(selectResultFits(store.getState()), false);
  assert.equal(selectSplitBlock(store.getState()), "no-picture");
  keepSplit(store);
  assert.equal(store.getState().document.present.layers.length, 0);
  store.dispatch(actions.undone());
  assert.equal(selectResultFits(store.getState()), true);
  discardSplit(store);
  assert.deepEqual([store.getState().split.result, store.getState().staged], [null, null]);
});

test("what changes while layers wait is kept with them", async () => {
  const store = readyStore(opened(9));
  await splitOnce(store, engine());
  store.dispatch(actions.layerRenamed(1, "dog"));
  assert.equal(findLayer(selectShown(store.getState()).layers, 1).name, "dog");
});

test("late news of a cancelled run stages nothing", async () => {
  const store = readyStore(opened(9));
  const run = engine();
  await split(store, run.ipc, run.outside);
  await run.say(["cancelled"], layersOf(100));
  assert.equal(store.getState().split.result, null);
});

test("what comes while another panel is in view is told over the canvas", async () => {
  const store = readyStore(opened(9));
  const run = engine();
  store.dispatch(actions.taskShown("split"));
  await splitOnce(store, run);
  assert.equal(store.getState().notices.current, null, "the panel says it");
  store.dispatch(actions.taskShown("new"));
  await splitAgain(store, run.ipc, run.outside);
  await run.say(layersOf(200), done);
  assert.match(store.getState().notices.current.message, /new layers are there/);
  await splitAgain(store, run.ipc, run.outside);
  await run.say(["failed", { code: "internal", message: "No luck." }]);
  assert.equal(store.getState().notices.current.message, "No luck.");
});
