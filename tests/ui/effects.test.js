import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { createStore } = await ui("state/store.js");
const { generate } = await ui("effects/generate.js");
const { cancelJob } = await ui("effects/jobs.js");
const { createImageEffects, retainHeldImages } = await ui("effects/images.js");
const { imageAsDocument } = await ui("state/wire.js");
const { createRunner } = await ui("effects/commands.js");

const starter = {
  id: "starter", name: "Starter", note: "", source: "starter", isStarter: true, distilled: true, ready: true, missing: [],
  defaults: { width: 128, height: 128, steps: 2, guidance: 1 },
};
const outside = { random: () => 0.5, prepareImage: async () => {} };
const settle = () => new Promise((done) => setTimeout(done, 5));

function readyStore(prompt = "a gem") {
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  store.dispatch(actions.engineChanged({ state: "ready", device: "CPU", message: null }));
  store.dispatch(actions.modelsLoaded([starter]));
  store.dispatch(actions.promptChanged(prompt));
  return store;
}

const events = {
  started: { event: "started", data: { jobId: "j", steps: 2 } },
  step: { event: "step", data: { done: 1, total: 2, secondsLeft: 1, preview: { id: "p", width: 8, height: 8 } } },
  image: { event: "image", data: { id: "i", width: 128, height: 128, seed: 1, prompt: "a gem", model: "starter" } },
  finished: { event: "finished", data: { seconds: 1 } },
  cancelled: { event: "cancelled", data: {} },
};

test("a picture becomes a layer only when its pixels are there", async () => {
  const store = readyStore();
  const order = [];
  let send;
  const ipc = { generate: async (_request, onEvent) => ((send = onEvent), { jobId: "j" }) };
  store.observe((state) => state.document.present.layers.length, (count) => count && order.push("layer"));
  await generate(store, ipc, {
    random: () => 0.5,
    prepareImage: async (id) => {
      await settle();
      order.push(`pixels of ${id}`);
    },
  });
  [events.started, events.step, events.image, events.finished].forEach(send);
  for (let turn = 0; turn < 5; turn += 1) await settle();
  assert.deepEqual(order, ["pixels of p", "pixels of i", "layer"]);
  assert.equal(store.getState().jobs.current, null);
  assert.equal(store.getState().document.present.layers[0].name, "a gem");
});

test("a new seed is drawn for every picture unless it is kept", async () => {
  const seeds = [];
  const ipc = { generate: async (request, onEvent) => {
    seeds.push(request.seed);
    onEvent(events.finished);
    return { jobId: "j" };
  } };
  const store = readyStore();
  await generate(store, ipc, outside);
  await settle();
  store.dispatch(actions.seedTyped(77));
  await generate(store, ipc, outside);
  assert.deepEqual(seeds, [2147483648, 77]);
});

test("cancel pressed before the job has its number is not forgotten", async () => {
  const store = readyStore();
  const cancelled = [];
  let accept;
  let send;
  const ipc = {
    generate: (_request, onEvent) => new Promise((done) => ((accept = done), (send = onEvent))),
    cancel: async (jobId) => {
      cancelled.push(jobId);
      send(events.cancelled);
    },
  };
  const running = generate(store, ipc, outside);
  await cancelJob(store, ipc);
  accept({ jobId: "late" });
  await running;
  await settle();
  assert.deepEqual(cancelled, ["late"]);
  assert.deepEqual(store.getState().jobs.last, { kind: "generate", cancelled: true });
});

test("a refused request is shown and the prompt stays", async () => {
  const store = readyStore("a very special gem");
  const ipc = { generate: () => Promise.reject({ code: "busy", message: "Another picture is being made." }) };
  await generate(store, ipc, outside);
  assert.equal(store.getState().jobs.error.code, "busy");
  assert.equal(store.getState().form.prompt, "a very special gem");
});

test("an unreadable file is told over the canvas, and the other files still arrive", async () => {
  const store = readyStore();
  const read = async (path) => {
    if (path === "bad") throw { code: "image_unreadable", message: "bad is not a picture." };
    return { id: path, name: path, width: 8, height: 8 };
  };
  const ipc = {
    openImagePath: read,
    openDocumentPath: async (path) => ({ path, name: path, document: imageAsDocument(await read(path)), notes: [] }),
  };
  await createImageEffects(store, ipc).openPaths(["good", "bad", "better"], "document");
  assert.deepEqual(store.getState().document.present.layers.map((layer) => layer.imageId), ["good", "better"]);
  assert.equal(store.getState().notices.current.message, "bad is not a picture.");
});

test("Rust is told once what is still needed, and never while a job runs", () => {
  const store = readyStore();
  const kept = [];
  let later = [];
  const runLater = () => {
    const due = later;
    later = [];
    due.forEach((work) => work());
  };
  retainHeldImages(store, { retainImages: async (ids) => void kept.push(ids.join()) }, {
    isArriving: () => false,
    later: (work) => later.push(work),
    onRetained: () => {},
  });
  store.dispatch(actions.jobSubmitted({ width: 8, height: 8, steps: 1 }));
  store.dispatch(actions.layerAdded({ id: "a", name: "a", width: 8, height: 8 }));
  runLater();
  assert.deepEqual(kept, []);
  store.dispatch(actions.jobFinished(1, { seconds: 1 }));
  runLater();
  store.dispatch(actions.layerFaded(1, 0.5));
  runLater();
  assert.deepEqual(kept, ["a"], "opacity needs no other images");

  store.dispatch(actions.jobSubmitted({ width: 8, height: 8, steps: 1 }));
  store.dispatch(actions.jobCancelled(2));
  runLater();
  assert.deepEqual(kept, ["a", "a"], "the previews of a cancelled job may go");
});

test("a key that reaches both the menu and the page counts once", () => {
  let time = 0;
  let undone = 0;
  const run = createRunner({ undo: () => (undone += 1) }, () => time);
  run("undo", "menu");
  time += 5;
  run("undo", "page");
  assert.equal(undone, 1);
  time += 30;
  run("undo", "page");
  run("undo", "page");
  assert.equal(undone, 3, "a key that is held repeats");
  run("unknown", "menu");
});
