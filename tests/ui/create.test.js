import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { createStore } = await ui("state/store.js");
const { generate, keepVariations, startNext } = await ui("effects/generate.js");
const { createRuns } = await ui("effects/runs.js");
const { keepForm } = await ui("effects/kept.js");
const { waitingRuns } = await ui("state/queue.js");
const { extendRegion, modelSize, repaintRegion, seamBand } = await ui("state/region.js");
const { toInfluence } = await ui("state/references.js");
const { heldImages, selectGenerateBlock, toRequest } = await ui("state/selectors.js");

const starter = {
  id: "starter", name: "Starter", note: "", source: "starter", isStarter: true, distilled: true, ready: true, missing: [],
  defaults: { width: 128, height: 128, steps: 2, guidance: 1 },
};
const picture = { id: 1, width: 200, height: 100, name: "a" };
const settle = () => new Promise((done) => setTimeout(done, 5));

function readyStore() {
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  store.dispatch(actions.engineChanged({ state: "ready", device: "CPU", message: null }));
  store.dispatch(actions.modelsLoaded([starter]));
  store.dispatch(actions.promptChanged("a gem"));
  return store;
}

/** An engine whose runs end when the test says so, and Rust's pixels by name only. */
function engine() {
  const sent = [];
  const ends = [];
  const asked = [];
  let ids = 100;
  const made = (name) => async (args) => {
    asked.push([name, args]);
    return { id: (ids += 1), imageId: ids, x: 0, y: 0, width: args.width ?? 8, height: args.height ?? 8, bytes: 5 };
  };
  const ipc = {
    async generate(request, onEvent) {
      sent.push(request);
      ends.push((event, data = {}) => onEvent({ event, data }));
      return { jobId: sent.length };
    },
    cancel: async () => {},
    select: async ({ base, op, shape }) => ({ ...(base ?? shape), id: 2 ** 40 + 1, op }),
    ...Object.fromEntries(["fitImage", "createImage", "growImage", "flattenLayers", "fillSelected", "copySelected", "lockPixels"].map((name) => [name, made(name)])),
  };
  const outside = { random: () => 0.5, prepareImage: async () => {} };
  /** Lets the run under way make its picture and end. */
  const finish = async (store) => {
    const request = sent[sent.length - 1];
    const tell = ends[ends.length - 1];
    tell("image", { id: (ids += 1), width: request.width, height: request.height, seed: request.seed, prompt: request.prompt, model: "starter" });
    tell("finished", { seconds: 1 });
    await settle();
    await startNext(store, ipc, outside);
    await settle();
  };
  return { sent, ends, asked, ipc, outside, finish };
}

const layers = (store) => store.getState().document.present.layers;

test("runs wait for each other, in an order that can be changed, and each can be taken out", async () => {
  const store = readyStore();
  const { sent, ipc, outside, finish } = engine();
  for (const prompt of ["one", "two", "three", "four"]) {
    store.dispatch(actions.promptChanged(prompt));
    await generate(store, ipc, outside);
  }
  assert.deepEqual(sent.map(({ prompt }) => prompt), ["one"]);
  const ids = () => waitingRuns(store.getState().queue).map(({ form }) => form.prompt);
  const idOf = (prompt) => store.getState().queue.list.find(({ form }) => form.prompt === prompt).id;
  store.dispatch(actions.runMoved(idOf("four"), 0));
  assert.deepEqual(ids(), ["four", "two", "three"], "nothing gets before the run under way");
  store.dispatch(actions.runRemoved(idOf("two")));
  store.dispatch(actions.runRemoved(idOf("one")));
  assert.equal(store.getState().queue.list.length, 3, "the run under way is cancelled, not taken out");
  for (let turn = 0; turn < 3; turn += 1) await finish(store);
  assert.deepEqual(sent.map(({ prompt }) => prompt), ["one", "four", "three"]);
  assert.deepEqual(layers(store).map(({ name }) => name), ["one", "four", "three"]);
});

test("a result goes to the document it was asked from, and nowhere when that is closed", async () => {
  const store = readyStore();
  const { ipc, outside, finish } = engine();
  await generate(store, ipc, outside);
  store.dispatch(actions.promptChanged("for nobody"));
  store.dispatch(actions.tabOpened());
  await generate(store, ipc, outside);
  await finish(store);
  assert.equal(layers(store).length, 0);
  store.dispatch(actions.tabShown(1));
  assert.equal(layers(store).length, 1);
  store.dispatch(actions.tabClosed(2));
  await finish(store);
  assert.equal(layers(store).length, 1);
});

test("after an error the others wait until it is seen", async () => {
  const store = readyStore();
  const { sent, ends, ipc, outside } = engine();
  await generate(store, ipc, outside);
  await generate(store, ipc, outside);
  ends[0]("failed", { code: "out_of_memory", message: "Not enough memory." });
  await settle();
  await startNext(store, ipc, outside);
  assert.equal(sent.length, 1);
  assert.equal(store.getState().jobs.error.code, "out_of_memory");
  store.dispatch(actions.jobErrorDismissed());
  await startNext(store, ipc, outside);
  assert.equal(sent.length, 2);
});

test("variations have seeds in a row, are compared in place, and only what is kept stays", async () => {
  const store = readyStore();
  const { sent, ipc, outside, finish } = engine();
  store.dispatch(actions.seedTyped(7));
  store.dispatch(actions.formChanged({ batch: 3 }));
  await generate(store, ipc, outside);
  for (let turn = 0; turn < 3; turn += 1) await finish(store);
  assert.deepEqual(sent.map(({ seed }) => seed), [7, 8, 9]);
  assert.equal(layers(store).length, 0);
  const [set] = store.getState().variations;
  store.dispatch(actions.variationShown(2));
  assert.equal(store.getState().staged.layers[0].imageId, set.results[2].imageId, "the canvas shows it");
  assert.ok(set.results.every(({ imageId }) => heldImages(store.getState()).includes(imageId)), "Rust keeps them");
  store.dispatch(actions.variationPicked(0));
  store.dispatch(actions.variationPicked(2));
  await keepVariations(store, ipc, outside);
  assert.deepEqual(layers(store).map(({ recipe }) => recipe.seed), ["7", "9"]);
  assert.equal(store.getState().staged, null);
});

test("repainting keeps what is outside: the layer's own pixels are locked over, its place and look stay", async () => {
  const store = readyStore();
  const { sent, asked, ipc, outside, finish } = engine();
  store.dispatch(actions.layerAdded(picture));
  store.dispatch(actions.taskShown("repaint"));
  assert.equal(selectGenerateBlock(store.getState()), "no-selection");
  const selection = { id: 2 ** 40, x: 60, y: 20, width: 30, height: 40 };
  store.dispatch(actions.selectionChanged(selection));
  store.dispatch(actions.layersChanged([1], { opacity: 0.5 }, "opacity"));
  store.dispatch(actions.formChanged({ repaintInto: "layer", strength: 0.6 }));
  await generate(store, ipc, outside);
  assert.equal(sent[0].strength, 0.6);
  assert.ok(sent[0].init > 0 && sent[0].mask > 0);
  assert.equal(sent[0].width % 16, 0);
  // Painted on while the run is under way: that is what must stay.
  store.dispatch(actions.layerPixelsReplaced(1, { imageId: 77, x: 0, y: 0, width: 200, height: 100 }, "painted"));
  await finish(store);
  const lock = asked.filter(([name]) => name === "lockPixels");
  assert.equal(lock.length, 1);
  assert.deepEqual(lock[0][1].selection, selection);
  const grow = asked.filter(([name]) => name === "growImage").pop()[1];
  assert.deepEqual(grow, { id: 77, x: 0, y: 0, width: 200, height: 100 });
  const [layer] = layers(store);
  assert.deepEqual([layer.opacity, layer.x, layer.y, layer.width, layer.height], [0.5, 0, 0, 200, 100]);
  assert.equal(layer.imageId > 100, true);
  store.dispatch(actions.undone());
  assert.equal(layers(store)[0].imageId, 77);
});

test("extending is one step: the canvas grows and the new part is a layer", async () => {
  const store = readyStore();
  const { ipc, outside, finish } = engine();
  store.dispatch(actions.layerAdded(picture));
  store.dispatch(actions.taskShown("extend"));
  store.dispatch(actions.formChanged({ extend: { left: 64, top: 0, right: 0, bottom: 0 } }));
  await generate(store, ipc, outside);
  await finish(store);
  const { x, width, layers: [, made] } = store.getState().document.present;
  assert.deepEqual([x, width, made.recipe.task], [-64, 264, "extend"]);
  store.dispatch(actions.undone());
  assert.deepEqual([store.getState().document.present.width, layers(store).length], [200, 1]);
});

test("a region has sides of whole steps, shows the surroundings, and is as large as the model likes", () => {
  const usual = { width: 512, height: 512 };
  let random = 1;
  const upTo = (most) => 1 + ((random = (random * 16807) % 2147483647) % most);
  for (let round = 0; round < 500; round += 1) {
    const frame = { x: -upTo(50), y: upTo(50), width: upTo(3000), height: upTo(3000) };
    const width = upTo(frame.width);
    const height = upTo(frame.height);
    const selection = { x: frame.x + upTo(frame.width - width + 1) - 1, y: frame.y + upTo(frame.height - height + 1) - 1, width, height };
    const region = repaintRegion(frame, selection, usual);
    assert.ok(region.x <= selection.x && region.y <= selection.y, "it begins before the selection");
    assert.ok(region.x + region.width >= selection.x + width && region.y + region.height >= selection.y + height, "and ends after it");
    for (const side of [region.width, region.height, region.model.width, region.model.height]) assert.equal(side % 16, 0);
    assert.ok(region.model.width * region.model.height <= 512 * 512 * 1.3 || Math.min(region.model.width, region.model.height) === 64);
  }
  assert.deepEqual(modelSize({ width: 512, height: 512 }, usual), { width: 512, height: 512 }, "pixel for pixel where it fits");
  assert.ok(seamBand({ width: 10, height: 300 }) === 1 && seamBand({ width: 500, height: 500 }) === 12);
  const { canvas, x, width } = extendRegion({ x: 0, y: 0, width: 2000, height: 400 }, { left: 0, top: 0, right: 100, bottom: 0 }, usual);
  assert.deepEqual(canvas, { x: 0, y: 0, width: 2100, height: 400 });
  assert.ok(x > 1000 && x + width === 2100, "the far end is not shown");
});

test("references carry their influence, which snaps to neutral; New takes none, Repaint the first", () => {
  const store = readyStore();
  for (const id of [11, 12]) store.dispatch(actions.referenceAdded({ id, name: `r${id}`, width: 8, height: 8 }));
  assert.equal(store.getState().task, "edit", "a reference is for editing");
  store.dispatch(actions.referenceInfluenced(1, 1.7));
  store.dispatch(actions.referencePlaced(2, 0));
  const sent = () => toRequest(store.getState()).references;
  assert.deepEqual(sent(), [12, { image: 11, influence: 1.7 }]);
  assert.deepEqual([0.97, 1.03, -1, 9, 0, NaN].map(toInfluence), [1, 1, 0, 2, 0, 1]);
  store.dispatch(actions.taskShown("repaint"));
  assert.deepEqual(sent(), [12]);
  store.dispatch(actions.taskShown("new"));
  assert.deepEqual(sent(), []);
  store.dispatch(actions.taskShown("edit"));
  store.dispatch(actions.modelsLoaded([{ ...starter, influence: false }]));
  assert.deepEqual(sent(), [12, 11], "a model that cannot is asked nothing");
});

test("the form and the prompts are back after a restart, whatever lies on the disk", async () => {
  const disk = { form: { prompt: "kept", batch: 99, width: "wide", steps: 6, extend: { left: 7, top: -1 } }, prompts: ["b", 4, "a", "b"] };
  const saved = [];
  const ipc = { loadKept: async (name) => disk[name] ?? null, saveKept: async (name, value) => void saved.push([name, value]) };
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  let due = null;
  await keepForm(store, ipc, { after: (work) => ((due = work), () => (due = null)) });
  const { form, prompts } = store.getState();
  assert.deepEqual([form.prompt, form.batch, form.width, form.steps, form.extend.left, form.extend.top], ["kept", 8, 128, 6, 7, 0]);
  assert.deepEqual(prompts, ["b", "a"]);
  store.dispatch(actions.promptChanged("written last"));
  due();
  assert.equal(saved[0][1].prompt, "written last");
});

test("a run is recorded with its pictures and brought back whole", async () => {
  const store = readyStore();
  const { ipc, outside, finish } = engine();
  const saved = [];
  const files = { "ref.png": { id: 900, name: "r", width: 8, height: 8 } };
  Object.assign(ipc, {
    loadKept: async () => [{ id: "old", when: 1, form: { prompt: "old" }, references: [] }, { broken: true }, null],
    saveKept: async (_name, value, pictures) => void saved.push([value, pictures]),
    keepPicture: async (id, side) => (id === 11 ? "ref.png" : `${side ?? "whole"}.png`),
    openKeptPicture: async (file) => files[file] ?? null,
  });
  const runs = createRuns(store, ipc, { now: () => 1000 });
  outside.remember = runs.remember;
  await runs.load();
  assert.deepEqual(store.getState().runs.map(({ id }) => id), ["old"]);
  store.dispatch(actions.referenceAdded({ id: 11, name: "r", width: 8, height: 8 }));
  store.dispatch(actions.referenceInfluenced(1, 0.4));
  await generate(store, ipc, outside);
  await finish(store);
  const [run] = store.getState().runs;
  assert.deepEqual([run.result.file, run.result.thumbnail, run.references[0].file], ["whole.png", "96.png", "ref.png"]);
  assert.deepEqual(saved[0][1], ["whole.png", "96.png", "ref.png"]);

  store.dispatch(actions.promptChanged("another"));
  store.dispatch(actions.referenceRemoved(1));
  store.dispatch(actions.taskShown("new"));
  await runs.bringBack(run.id);
  const { form, references, task } = store.getState();
  assert.deepEqual([form.prompt, form.seed, form.seedLocked, task], ["a gem", run.seed, true, "edit"]);
  assert.deepEqual(references.list.map(({ imageId, influence }) => [imageId, influence]), [[900, 0.4]]);
  await runs.place(run.id);
  assert.equal(store.getState().notices.current.kind, "error", "its picture is gone, and that is said");
});
