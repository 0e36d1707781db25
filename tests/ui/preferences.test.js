import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { budgetOf, gigabytesOf, preferencesChanged, preferencesLoaded, raisedBudget, reducePreferences, usualPreferences } = await ui("state/preferences.js");
const { forecastArrived } = await ui("state/forecast.js");
const { keepPreferences } = await ui("effects/preferences.js");
const { keepForecast } = await ui("effects/forecast.js");
const { createStore } = await ui("state/store.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { selectGenerateBlock } = await ui("state/selectors.js");
const actions = await ui("state/actions.js");

const GIB = 2 ** 30;
const settled = () => new Promise((done) => setTimeout(done));

/** Timers that run when the test says so. */
function timers() {
  let due = [];
  return {
    after(work) {
      due.push(work);
      return () => (due = due.filter((other) => other !== work));
    },
    async rest() {
      const now = due;
      due = [];
      for (const work of now) work();
      await settled();
    },
  };
}

function storeWithModel() {
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  store.dispatch(actions.engineChanged({ state: "ready", device: "CPU", message: null }));
  const model = {
    id: "starter", name: "Starter", note: "", source: "starter", isStarter: true, distilled: true, ready: true, missing: [],
    defaults: { width: 128, height: 128, steps: 4, guidance: 1 },
  };
  store.dispatch(actions.modelsLoaded([model]));
  store.dispatch(actions.promptChanged("a gem"));
  return store;
}

test("a budget at the end of its slider is none, and no budget is nothing", () => {
  const total = 15.65 * GIB;
  assert.equal(gigabytesOf(total), 15.6);
  assert.equal(budgetOf(15.6, total), null);
  assert.equal(budgetOf(99, total), null);
  assert.equal(budgetOf(9, total), 9 * GIB);
  assert.ok(budgetOf(0, total) >= GIB / 10);
  assert.equal(budgetOf(0.3, total) % 2 ** 20, 0);
  assert.ok(raisedBudget(1.21 * GIB) >= 1.21 * GIB && Number.isInteger(raisedBudget(1.21 * GIB)));
  assert.equal(reducePreferences(usualPreferences, preferencesChanged({ unloadAfter: 1e9 })).unloadAfter, 1440);
  assert.equal(reducePreferences(usualPreferences, preferencesChanged({ unloadAfter: 10 })), usualPreferences);
});

test("settings are kept when they rest, and brought back when they cannot be kept", async () => {
  const store = storeWithModel();
  const saved = [];
  let refuses = false;
  const ipc = {
    loadPreferences: async () => ({ ...usualPreferences, hasTray: true, problem: "line 1" }),
    async savePreferences(preferences) {
      if (refuses) throw new Error("the disk is full");
      saved.push(preferences);
      return { ...preferences, hasTray: true, problem: null };
    },
  };
  const { after, rest } = timers();
  await keepPreferences(store, ipc, { after });
  assert.deepEqual(store.getState().notices.current?.notes, ["line 1"]);
  await rest();
  assert.equal(saved.length, 0, "nothing has changed");
  store.dispatch(preferencesChanged({ memoryBudget: GIB }));
  store.dispatch(preferencesChanged({ memoryBudget: 2 * GIB }));
  await rest();
  await rest();
  assert.deepEqual(saved.map(({ memoryBudget, hasTray }) => [memoryBudget, hasTray]), [[2 * GIB, undefined]]);
  refuses = true;
  store.dispatch(preferencesChanged({ keepInTray: true }));
  await rest();
  await rest();
  assert.equal(store.getState().preferences.keepInTray, false);
  assert.equal(store.getState().notices.current?.message, "the disk is full");
  assert.equal(saved.length, 1);
});

test("the engine is asked once for what rests, and late answers are dropped", async () => {
  const store = storeWithModel();
  const asked = [];
  const ipc = { forecast: (request) => new Promise((answer) => asked.push({ request, answer })) };
  const { after, rest } = timers();
  keepForecast(store, ipc, { after });
  for (const size of [256, 512, 1024]) store.dispatch(actions.sizeChanged(size, size));
  store.dispatch(actions.promptChanged("another gem"));
  await rest();
  assert.deepEqual(asked.map(({ request }) => request.width), [1024]);
  store.dispatch(preferencesChanged({ memoryBudget: GIB }));
  await rest();
  assert.equal(asked.length, 1, "the engine does not keep to it yet");
  store.dispatch(preferencesLoaded({ ...usualPreferences, memoryBudget: GIB }));
  await rest();
  assert.equal(asked.length, 2, "a budget changes the answer");
  const answer = { needs: 2, available: 1, seconds: null, fits: false, wouldFit: { size: null, budget: 2, model: null } };
  asked[0].answer({ ...answer, fits: true });
  await settled();
  assert.equal(store.getState().forecast, null, "it was about something else");
  asked[1].answer(answer);
  await settled();
  assert.deepEqual(store.getState().forecast, { kind: "generate", ...answer });
  assert.equal(selectGenerateBlock(store.getState()), "no-memory");
  store.dispatch(actions.promptChanged("a third gem"));
  await rest();
  assert.equal(asked.length, 2, "words change nothing");
});

test("what cannot be made now is not foreseen, and a part of a picture is told as one", async () => {
  const store = storeWithModel();
  const asked = [];
  const ipc = { async forecast(request) {
    asked.push(request);
    throw new Error("no such model");
  } };
  const { after, rest } = timers();
  keepForecast(store, ipc, { after });
  await rest();
  assert.equal(store.getState().forecast, null);
  store.dispatch(forecastArrived({ kind: "generate", needs: 1, available: 2, fits: true }));
  store.dispatch(actions.taskShown("repaint"));
  assert.equal(store.getState().forecast, null, "there is no picture");
  store.dispatch(actions.documentCreated({ name: "a", width: 300, height: 200, background: null, imageId: 1, layerName: "b" }));
  store.dispatch(actions.taskShown("extend"));
  await rest();
  const { region, width, height } = asked[asked.length - 1];
  assert.equal(region, true);
  assert.ok(width % 16 === 0 && height % 16 === 0 && width * height < 128 * 128 * 1.3, `${width} × ${height}`);
});
