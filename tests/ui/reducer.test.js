import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { heldImages, selectGenerateBlock, toRequest } = await ui("state/selectors.js");
const { jobPercent } = await ui("state/jobs.js");
const { imageAsDocument } = await ui("state/wire.js");
const { shuffledSeed, toSize, SHUFFLED_SEED_MAX } = await ui("state/form.js");

const starter = {
  id: "starter", name: "Starter", note: "", source: "starter", isStarter: true, distilled: true, ready: true, missing: [],
  defaults: { width: 128, height: 128, steps: 6, guidance: 1 },
};
const base = { ...starter, id: "base", isStarter: false, distilled: false, defaults: { width: 512, height: 512, steps: 28, guidance: 4 } };
const broken = { ...base, id: "broken", ready: false };
const image = (id, width = 128, height = 128) => ({ id, name: id, width, height });
const opened = (picture) => actions.documentOpened({ path: null, name: picture.name, document: imageAsDocument(picture), notes: [] });
const step = (done, preview = null) => ({ done, total: 6, secondsLeft: 2, preview });

function play(...all) {
  const state = reduce(initialState({ seed: 7, theme: "system" }), actions.viewportResized(800, 600, 1));
  return all.reduce(reduce, state);
}
const ready = [
  actions.engineChanged({ state: "ready", device: "CPU", message: null }),
  actions.modelsLoaded([broken, starter, base]),
];

test("the first model that is ready is chosen, with its own defaults", () => {
  const { form } = play(...ready);
  assert.deepEqual([form.model, form.width, form.steps, form.guidance], ["starter", 128, 6, 1]);
});

test("a model list that comes again keeps what the user chose", () => {
  const { form } = play(...ready, actions.modelChosen(base), actions.stepsChanged(11), actions.modelsLoaded([starter, base]));
  assert.deepEqual([form.model, form.steps], ["base", 11]);
});

test("generate says what it waits for", () => {
  assert.equal(selectGenerateBlock(play()), "starting");
  assert.equal(selectGenerateBlock(play(...ready)), "no-prompt");
  assert.equal(selectGenerateBlock(play(...ready, actions.promptChanged("  "))), "no-prompt");
  assert.equal(selectGenerateBlock(play(...ready, actions.promptChanged("a gem"))), null);
  assert.equal(selectGenerateBlock(play(ready[0], actions.modelsLoaded([broken]))), "no-model");
  assert.equal(selectGenerateBlock(play(actions.engineChanged({ state: "failed", device: "", message: "no" }))), "engine-failed");
});

test("a request carries guidance and leave-out only for models that use them", () => {
  const written = [actions.promptChanged(" a gem "), actions.negativeChanged("blur"), actions.guidanceChanged(9)];
  const distilled = toRequest(play(...ready, ...written));
  assert.deepEqual([distilled.prompt, distilled.negative, distilled.guidance], ["a gem", null, null]);
  const guided = toRequest(play(...ready, actions.modelChosen(base), ...written));
  assert.deepEqual([guided.negative, guided.guidance], ["blur", 9]);
});

test("steps are skipped only where that is wanted and the model can", () => {
  const wanted = actions.formChanged({ reuse: true });
  const able = { ...base, reuses: true };
  const sent = (model, ...more) =>
    toRequest(play(actions.modelsLoaded([model]), actions.modelChosen(model), ...more)).stepCache;
  assert.deepEqual([sent(able), sent(base, wanted), sent(able, wanted)], [undefined, undefined, 0.1]);
});

test("a request carries the references that are on, in their order", () => {
  const state = play(...ready, ...["a", "b", "c"].map((id) => actions.referenceAdded(image(id))),
    actions.referenceEnabled(2, false), actions.referenceMoved(3, -1), actions.referenceMoved(3, -1));
  const sent = (state) => toRequest(state).references;
  assert.deepEqual(sent(state), ["c", "a"]);
  assert.deepEqual(sent(reduce(state, actions.referenceRemoved(1))), ["c"]);
  assert.deepEqual(sent(reduce(state, actions.taskShown("new"))), [], "a picture of words alone");
});

test("a job runs from submitted to finished and never loses the prompt", () => {
  let state = play(...ready, actions.promptChanged("a gem"), actions.jobSubmitted({ width: 128, height: 128, steps: 6 }));
  assert.equal(jobPercent(state.jobs.current), null, "waiting has no percentage");
  for (const action of [actions.jobStarted(1, { jobId: "j", steps: 6 }), actions.jobStageChanged(1, { stage: "denoise" })]) {
    state = reduce(state, action);
  }
  state = reduce(state, actions.jobStepped(1, step(3, { id: "p3", width: 16, height: 16 })));
  assert.equal(jobPercent(state.jobs.current), 50);
  state = reduce(state, actions.jobStepped(1, step(4)));
  assert.equal(state.jobs.current.preview.id, "p3", "a step without a preview keeps the one before");
  state = reduce(reduce(state, actions.layerAdded(image("result"))), actions.jobFinished(1, { seconds: 3 }));
  assert.equal(state.jobs.current, null);
  assert.equal(state.form.prompt, "a gem");
});

test("a failed job keeps the prompt and says what went wrong", () => {
  const state = play(...ready, actions.promptChanged("a gem"), actions.jobSubmitted({ width: 128, height: 128, steps: 6 }),
    actions.jobFailed(1, { code: "out_of_memory", message: "Too large." }));
  assert.deepEqual(state.jobs.error, { kind: "generate", code: "out_of_memory", message: "Too large." });
  assert.equal(state.form.prompt, "a gem");
});

test("news of a job that is over is ignored", () => {
  const state = play(...ready, actions.jobSubmitted({ width: 128, height: 128, steps: 6 }), actions.jobCancelled(1));
  assert.equal(reduce(state, actions.jobStepped(1, step(2))), state);
});

test("the room for the coming picture is where the picture then is", () => {
  const running = play(...ready, actions.jobSubmitted({ width: 128, height: 64, steps: 6 }));
  const landed = reduce(reduce(running, actions.layerAdded(image("r", 128, 64))), actions.jobFinished(1, { seconds: 1 }));
  assert.equal(landed.frame, running.frame);
  assert.equal(landed.viewport, running.viewport, "nothing moves when the picture lands");
});

test("the view follows the picture until the user moves it", () => {
  let state = play(actions.layerAdded(image("a")));
  assert.equal(state.viewport.zoom, 4);
  state = reduce(state, actions.viewportPanned(10, 0));
  const moved = state.viewport;
  state = reduce(state, actions.layerAdded(image("b", 1000, 1000)));
  assert.equal(state.viewport, moved);
  state = reduce(state, actions.viewportFitted());
  assert.ok(state.viewport.zoom < 1);
});

test("a new layer is selected, and a deleted one hands over to its neighbour", () => {
  let state = play(...["a", "b", "c"].map((id) => actions.layerAdded(image(id))));
  assert.equal(state.selectedLayer, 3);
  state = reduce(reduce(state, actions.layerSelected(2)), actions.layerRemoved(2));
  assert.equal(state.selectedLayer, 3);
  state = reduce(state, actions.layerRemoved(3));
  assert.equal(state.selectedLayer, 1);
  assert.equal(reduce(state, actions.layerRemoved(1)).selectedLayer, null);
});

test("a document that is opened has a tab of its own, and the images of both are held", () => {
  let state = play(actions.layerAdded(image("old")), opened(image("new", 20, 20)));
  assert.equal(state.document.present.layers[0].imageId, "new");
  assert.equal(reduce(state, actions.undone()), state, "there is nothing to undo in it");
  assert.deepEqual(heldImages(state), ["new", "old"]);
  state = reduce(state, actions.tabShown(1));
  assert.equal(state.document.present.layers[0].imageId, "old");
  state = reduce(state, actions.tabClosed(2));
  assert.deepEqual(heldImages(state), ["old"]);
});

test("a typed seed is kept, a shuffled one is not", () => {
  assert.deepEqual(pickSeed(play(actions.seedTyped(42))), [42, true]);
  assert.deepEqual(pickSeed(play(actions.seedShuffled(9))), [9, false]);
  assert.deepEqual(pickSeed(play(actions.seedTyped(-3))), [0, true]);
  assert.deepEqual(pickSeed(play(actions.seedTyped(2 ** 60))), [Number.MAX_SAFE_INTEGER, true]);
  assert.equal(shuffledSeed(() => 0.9999999999999), SHUFFLED_SEED_MAX);
});

function pickSeed({ form }) {
  return [form.seed, form.seedLocked];
}

test("sizes are multiples of 16 between 64 and 2048", () => {
  assert.deepEqual([100, 1, 9999, 136, Number.NaN].map((value) => toSize(value, 256)), [96, 64, 2048, 144, 256]);
});
