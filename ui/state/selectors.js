// @ts-check
import { countLayers, emptyDocument, isEmpty, layerOf, savesAs } from "./document.js";
import { imagesOf, keepsOf } from "./drawing.js";
import { doesNotFit } from "./forecast.js";
import { STEP_CACHE } from "./form.js";
import { stepsOf } from "./history.js";
import { usedLoras } from "./loras.js";
import { modelsFor } from "./models.js";
import { INFLUENCE } from "./references.js";
import { extendRegion, repaintRegion } from "./region.js";
import { imagesOfRun } from "./run.js";
import { splitTarget } from "./split-result.js";
import { openDocuments } from "./tabs.js";
import { hasBegun } from "./tools.js";
import { imagesOfVariations } from "./variations.js";

/**
 * @typedef {import("./reducer.js").State} State
 * @typedef {import("./document.js").ImageId} ImageId
 */

/** @param {State} state */
export const selectPicture = (state) => state.document.present;
/** What the canvas shows: layers that wait to be kept are in it. @param {State} state */
export const selectShown = (state) => state.staged ?? state.document.present;
/** @param {State} state */
export const selectFile = (state) => state.files[state.document.present.documentId];
/** @param {State} state */
export const selectJob = (state) => state.jobs.current;
/** @param {State} state */
export const selectJobError = (state) => state.jobs.error;
/** @param {State} state */
export const selectIsEmpty = (state) => isEmpty(state.document.present);
/** @param {State} state */
export const selectCanUndo = (state) => state.document.past.length > 0 || hasBegun(state.tool);
/** @param {State} state */
export const selectCanRedo = (state) => state.document.future.length > 0;

/** @param {State} state */
export const selectModel = (state) => state.models.list.find((model) => model.id === state.form.model) ?? null;

/** @param {State} state */
export const selectSelectedLayer = (state) => layerOf(state.document.present, state.selectedLayer);

/** Whether there is something that is in no file yet. @param {State} state */
export const selectIsUnsaved = (state) => isUnsaved(state, state.document.present);

/** @param {State} state @param {import("./document.js").Picture} picture */
export function isUnsaved({ files }, picture) {
  const file = files[picture.documentId];
  if (!file) return picture.layers.length > 0;
  return file.saved === null || !savesAs(file.saved, picture);
}

/**
 * Where the work in view is kept: nothing to keep, in its file, in a safety copy, nowhere yet.
 * @param {State} state
 * @returns {"nothing" | "saved" | "copied" | "nowhere"}
 */
export function selectKept(state) {
  const { present } = state.document;
  if (isEmpty(present)) return "nothing";
  if (!isUnsaved(state, present)) return state.files[present.documentId]?.path ? "saved" : "nothing";
  const copy = state.copies[state.tabs.active];
  return copy && savesAs(copy, present) ? "copied" : "nowhere";
}

/** All selected layers, bottom first. @param {State} state */
export const selectSelectedLayers = (state) => state.selectedLayers;

/**
 * Why Generate cannot start now, or null.
 * @param {State} state
 * @returns {"starting" | "engine-failed" | "no-model" | "no-prompt" | "no-references" | "no-picture" | "no-selection" | "no-layer" | "no-side" | "too-large" | "no-memory" | null}
 */
export function selectGenerateBlock(state) {
  if (state.engine.state === "failed") return "engine-failed";
  if (state.engine.state === "starting" || state.models.status === "loading") return "starting";
  if (!selectModel(state)?.ready) return "no-model";
  const missing = missingFor(selectMode(state), state);
  if (missing) return missing;
  if (doesNotFit(state.forecast, "generate")) return "no-memory";
  return state.form.prompt.trim() === "" ? "no-prompt" : null;
}

/**
 * What repainting and extending would paint, and how large the model sees it; null for a whole picture.
 * @param {State} state
 */
export function selectRegion(state) {
  const mode = selectMode(state);
  const { present } = state.document;
  const usual = selectModel(state)?.defaults ?? { width: 512, height: 512 };
  if (mode === "extend") return extendRegion(present, state.form.extend, usual);
  if (mode !== "repaint" || !present.selection) return null;
  const { x, y, width, height } = present;
  return { ...repaintRegion(present, present.selection, usual), canvas: { x, y, width, height } };
}

/** @param {State} state @returns {import("./run.js").Mode} what a run would be now */
export const selectMode = ({ task }) => (task === "split" ? "new" : task);

/** What there must be before something can be made in a mode. */
function missingFor(mode, state) {
  const { present } = state.document;
  if (mode === "edit") return usedReferences(state).length === 0 ? "no-references" : null;
  if (mode === "new") return null;
  if (selectIsEmpty(state)) return "no-picture";
  if (mode === "repaint") {
    if (!present.selection) return "no-selection";
    const needsLayer = state.form.repaintFrom === "layer" || state.form.repaintInto === "layer";
    return needsLayer && selectSelectedLayer(state)?.kind !== "pixels" ? "no-layer" : null;
  }
  const { left, top, right, bottom } = state.form.extend;
  if (left + top + right + bottom === 0) return "no-side";
  return Math.max(present.width + left + right, present.height + top + bottom) > LARGEST_CANVAS ? "too-large" : null;
}

/** What the engine and the files can take. */
export const LARGEST_CANVAS = 8192;

/** The references that a run would use now. @param {State} state */
export function usedReferences(state) {
  const on = state.references.list.filter(({ enabled }) => enabled);
  const mode = selectMode(state);
  if (mode === "new") return [];
  // The picture itself is the first one then; the engine takes one more.
  return mode === "edit" ? on : on.slice(0, 1);
}

/**
 * The request as the engine takes it; guidance and things to avoid only where the model uses them.
 * @param {State} state
 */
export function toRequest(state) {
  const { form } = state;
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
    references: usedReferences(state).map(({ imageId, influence }) =>
      (influence === INFLUENCE.neutral || model?.influence === false ? imageId : { image: imageId, influence })),
    loras: usedLoras(state).map(({ path, strength }) => ({ path, strength })),
    init: null,
    mask: null,
    strength: selectMode(state) === "repaint" ? form.strength : 1,
    ...(model?.reuses && form.reuse ? { stepCache: STEP_CACHE } : {}),
  };
}

/**
 * What a split starts from: the layer that waits for its result, the selected one, or the only one.
 * @param {State} state
 * @returns {import("./layer.js").PixelLayer | null}
 */
export function selectSplitLayer(state) {
  if (state.split.result) return splitTarget(state.document.present, state.split.result);
  const layer = selectSelectedLayer(state);
  if (layer?.kind === "pixels") return layer;
  const [only] = state.document.present.layers;
  return countLayers(state.document.present) === 1 && only?.kind === "pixels" ? only : null;
}

/** @param {State} state */
export const selectSplitModel = (state) =>
  state.models.list.find((model) => model.id === state.split.form.model) ?? null;

/**
 * Why a picture cannot be separated into layers now, or null.
 * @param {State} state
 * @returns {"running" | "generating" | "engine-failed" | "starting" | "no-model" | "model-not-ready" | "no-picture" | "gone" | "group" | "no-pixels" | "too-small" | "no-memory" | null}
 */
export function selectSplitBlock(state) {
  if (state.jobs.current) return state.jobs.current.kind === "split" ? "running" : "generating";
  if (state.engine.state === "failed") return "engine-failed";
  if (state.engine.state === "starting" || state.models.status === "loading") return "starting";
  if (modelsFor(state.models.list, "decompose").length === 0) return "no-model";
  if (!selectSplitModel(state)?.ready) return "model-not-ready";
  if (selectIsEmpty(state)) return "no-picture";
  const layer = selectSplitLayer(state);
  if (!layer) return state.split.result ? "gone" : "group";
  if (layer.imageId === 0) return "no-pixels";
  if (Math.min(layer.width, layer.height) < SMALLEST_SPLIT) return "too-small";
  return doesNotFit(state.forecast, "split") ? "no-memory" : null;
}

/** Pixels that a side must have to be separated. */
export const SMALLEST_SPLIT = 16;

/** Whether the layer that waits to be replaced by the result is still there. @param {State} state */
export const selectResultFits = (state) =>
  state.split.result !== null && splitTarget(state.document.present, state.split.result) !== null;

/**
 * @param {State} state
 * @param {import("./layer.js").PixelLayer} layer
 */
export function toSplitRequest(state, layer) {
  const { model, layers, prompt, negative, steps, guidance, seed } = state.split.form;
  return {
    model,
    image: layer.imageId,
    layers,
    prompt: prompt.trim(),
    negative: selectSplitModel(state)?.distilled ? null : negative.trim(),
    seed,
    steps,
    guidance: selectSplitModel(state)?.distilled ? null : guidance,
  };
}

/**
 * Every image that the window may still show, undone steps and other tabs included; Rust may forget
 * the others.
 * @param {State} state
 * @returns {ImageId[]} each once, in a fixed order
 */
export function heldImages(state) {
  const ids = imagesOf(...heldPictures(state));
  for (const { imageId } of state.references.list) ids.add(imageId);
  for (const id of [...state.queue.list.flatMap(imagesOfRun), ...imagesOfVariations(state.variations)]) ids.add(id);
  for (const { split: { result } } of openDocuments(state)) {
    for (const layer of result?.layers ?? []) ids.add(layer.id);
    if (result) ids.add(result.imageId);
  }
  return [...ids].sort();
}

/**
 * Every token of what only Rust knows, undone steps and other tabs included.
 * @param {State} state
 * @returns {string[]}
 */
export const heldKeeps = (state) => [...keepsOf(...heldPictures(state))].sort();

function heldPictures(state) {
  const pictures = openDocuments(state).flatMap(({ document }) => stepsOf(document).map(({ picture }) => picture));
  const copied = state.clipboard ? [{ ...emptyDocument, layers: state.clipboard.layers }] : [];
  return [...pictures, ...copied];
}
