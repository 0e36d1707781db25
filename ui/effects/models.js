// @ts-check
import * as actions from "../state/actions.js";
import { strings } from "../strings.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/** @param {Store} store @param {Ipc} ipc */
export async function loadModels(store, ipc) {
  try {
    store.dispatch(actions.modelsLoaded(await ipc.listModels()));
  } catch (error) {
    store.dispatch(actions.modelsFailed(strings.errorText(error)));
  }
}

/** @param {Store} store @param {Ipc} ipc */
export async function askEngineStatus(store, ipc) {
  try {
    showEngineStatus(store, await ipc.engineStatus());
  } catch (error) {
    showEngineStatus(store, { state: "failed", device: "", message: strings.errorText(error) });
  }
}

/** @param {Store} store @param {import("../state/models.js").Engine} engine */
export function showEngineStatus(store, engine) {
  store.dispatch(actions.engineChanged(engine));
  if (engine.state !== "failed") {
    if (store.getState().jobs.error?.code === "engine_failed") store.dispatch(actions.jobErrorDismissed());
    return;
  }
  const message = engine.message ? `${engine.message} ${strings.engineFailed.text}` : strings.engineFailed.text;
  store.dispatch(actions.jobErrorShown({ code: "engine_failed", message }));
}
