// @ts-check
import { forecastArrived } from "../state/forecast.js";
import { selectGenerateBlock, selectRegion, selectSplitBlock, selectSplitLayer, toRequest, toSplitRequest } from "../state/selectors.js";

/**
 * Asks the engine what the next run will take, whenever that may have changed.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {import("../state/reducer.js").State} State
 */

/** Typing and sliders rest this long. */
const REST_MS = 250;
/** What stands in the way of a run for other reasons is no run to foresee. */
const FORESEEN = new Set([null, "no-prompt", "no-memory", "generating", "running"]);

/**
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {{ after: (work: () => void, ms: number) => () => void }} outside `after` gives what calls it off
 */
export function keepForecast(store, ipc, { after }) {
  let callOff = () => {};
  let turn = 0;
  store.observe(questionOf, (question) => {
    callOff();
    turn += 1;
    if (question === null) store.dispatch(forecastArrived(null));
    else callOff = after(() => void ask(JSON.parse(question), turn), REST_MS);
  });

  async function ask({ kind, request }, asked) {
    let forecast = null;
    try {
      const foreseen = await (kind === "split" ? ipc.forecastLayers(request) : ipc.forecast(request));
      forecast = { kind, ...foreseen };
    } catch {
      // Whoever starts the run is told what is wrong.
    }
    if (asked === turn) store.dispatch(forecastArrived(forecast));
  }
}

/** All that the answer depends on, as text, so that equal questions are one. @param {State} state */
function questionOf(state) {
  const kind = state.task === "split" ? "split" : "generate";
  const request = kind === "split" ? splitOf(state) : pictureOf(state);
  if (request === null) return null;
  // When a run has ended, there is more memory, and the engine has learned.
  return JSON.stringify({ kind, request, budgets: state.budgets, idle: state.jobs.current === null });
}

// What is written and which seed makes no difference.
function pictureOf(state) {
  if (!FORESEEN.has(selectGenerateBlock(state))) return null;
  const region = selectRegion(state);
  return { ...toRequest(state), prompt: "a", negative: null, seed: 0, ...(region ? { ...region.model, region: true } : {}) };
}

function splitOf(state) {
  const layer = selectSplitLayer(state);
  if (!layer || state.split.result || !FORESEEN.has(selectSplitBlock(state))) return null;
  return { ...toSplitRequest(state, layer), prompt: "", negative: null, seed: 0 };
}
