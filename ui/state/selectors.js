// @ts-check

/**
 * @typedef {import("./reducer.js").State} State
 * @typedef {import("./document.js").ImageId} ImageId
 */

/** @param {State} state */
export const selectPicture = (state) => state.document.present;
/** @param {State} state */
export const selectJob = (state) => state.jobs.current;
/** @param {State} state */
export const selectJobError = (state) => state.jobs.error;
/** @param {State} state */
export const selectIsEmpty = (state) => state.document.present.layers.length === 0;
/** @param {State} state */
export const selectCanUndo = (state) => state.document.past.length > 0;
/** @param {State} state */
export const selectCanRedo = (state) => state.document.future.length > 0;

/** @param {State} state */
export const selectModel = (state) => state.models.list.find((model) => model.id === state.form.model) ?? null;

/** @param {State} state */
export const selectSelectedLayer = (state) =>
  state.document.present.layers.find((layer) => layer.id === state.selectedLayer) ?? null;

/**
 * Why Generate cannot start now, or null.
 * @param {State} state
 * @returns {"starting" | "engine-failed" | "no-model" | "no-prompt" | "running" | null}
 */
export function selectGenerateBlock(state) {
  if (state.jobs.current) return "running";
  if (state.engine.state === "failed") return "engine-failed";
  if (state.engine.state === "starting" || state.models.status === "loading") return "starting";
  if (!selectModel(state)?.ready) return "no-model";
  if (state.form.prompt.trim() === "") return "no-prompt";
  return null;
}

/**
 * The request as the engine takes it; guidance and things to avoid only where the model uses them.
 * @param {State} state
 */
export function toRequest(state) {
  const { form, references } = state;
  const model = selectModel(state);
  return {
    model: form.model,
    prompt: form.prompt.trim(),
    negative: model?.distilled ? null : form.negative.trim(),
    width: form.width,
    height: form.height,
    steps: form.steps,
    seed: form.seed,
    guidance: model?.distilled ? null : form.guidance,
    references: references.list.filter((reference) => reference.enabled).map((reference) => reference.imageId),
    init: null,
    mask: null,
    strength: 1,
  };
}

/**
 * Every image that the window may still show, undone steps included; Rust may forget the others.
 * @param {State} state
 * @returns {ImageId[]} each once, in a fixed order
 */
export function heldImages(state) {
  const { past, present, future } = state.document;
  const ids = new Set(state.references.list.map((reference) => reference.imageId));
  for (const picture of [...past, present, ...future]) {
    for (const layer of picture.layers) ids.add(layer.imageId);
  }
  return [...ids].sort();
}
