// @ts-check
import { layerOf } from "./document.js";
import { layerAdded, layerInserted, layerPixelsReplaced } from "./actions.js";
import { pictureExtended } from "./create-actions.js";

/**
 * What was asked for, whole: it waits, it runs, and its results land where they were wanted, whatever
 * has been done to the form and the document meanwhile.
 *
 * @typedef {import("./document.js").Rect} Rect
 * @typedef {import("./document.js").ImageId} ImageId
 * @typedef {"new" | "edit" | "repaint" | "extend"} Mode
 * @typedef {{ imageId: ImageId, name: string, width: number, height: number, influence: number }} UsedReference
 *
 * @typedef {object} Target where the result belongs
 * @property {Rect} region the part of the document that the model sees
 * @property {Rect} canvas the picture's rectangle then
 * @property {any} selection what is painted
 * @property {number} band how wide the seam is
 * @property {ImageId} original the region before, whole
 * @property {number | null} layerId the layer that it is about
 * @property {"new" | "layer"} into
 *
 * @typedef {object} Run
 * @property {number} id
 * @property {number} tab whose document it is for
 * @property {Mode} mode
 * @property {import("./form.js").Form} form as it was
 * @property {UsedReference[]} references those that were on
 * @property {number} count how many pictures
 * @property {number} done how many there are
 * @property {number} seed of the first one
 * @property {{ width: number, height: number }} size
 * @property {ImageId | null} init
 * @property {ImageId | null} mask
 * @property {{ x: number, y: number, above: number } | null} over the layer that it was made from, where it is as large as that
 * @property {Target | null} target
 * @property {object} request as the engine takes it, without the seed
 *
 * @typedef {Rect & { imageId: ImageId, seed: number, made: ImageId, bytes: number, over: ImageId | null, prompt: string, model: string }} Placed
 *   a result, ready for the document; `over` is what it was blended with
 */

/** @param {Run} run @param {number} index */
export const seedOf = (run, index) => run.seed + index;

/** @param {Run} run */
export const requestOf = (run) => ({ ...run.request, seed: seedOf(run, run.done) });

/** Every image that a run needs. @param {Run} run @returns {ImageId[]} */
export function imagesOfRun({ references, init, mask, target }) {
  const ids = [init, mask, target?.original, target?.selection?.id, ...references.map(({ imageId }) => imageId)];
  return ids.filter((id) => typeof id === "number" && id !== 0);
}

/**
 * How a result comes into its document.
 * @param {Run} run
 * @param {Placed} result
 */
export function landing(run, result) {
  const { imageId, x, y, width, height, bytes } = result;
  const name = nameOf(result.prompt);
  const recipe = recipeOf(run, result);
  const { target, over } = run;
  if (target === null && over === null) return layerAdded({ id: imageId, width, height, name, recipe });
  if (target === null) return layerInserted({ imageId, x: over.x, y: over.y, width, height, name, recipe, above: over.above }, "added", bytes);
  if (run.mode === "extend") return pictureExtended(target.canvas, { imageId, x, y, width, height, name, recipe });
  if (target.into === "layer" && target.layerId !== null) {
    return { ...layerPixelsReplaced(target.layerId, { imageId, x, y, width, height }, "repainted", bytes) };
  }
  return layerInserted({ imageId, x, y, width, height, name, recipe, above: target.layerId }, "repainted", bytes);
}

/** @param {Run} run @param {Placed} result @returns {import("./layer.js").Recipe} */
export function recipeOf({ mode, request, references, target }, { seed, prompt, model }) {
  const { negative, steps, guidance, strength, stepCache } = /** @type {any} */ (request);
  return {
    task: mode,
    model,
    prompt,
    negative: negative ?? "",
    seed: String(seed),
    steps,
    guidance: guidance ?? 1,
    part: null,
    parent: target?.layerId ?? null,
    strength: mode === "repaint" ? strength : null,
    references: references.map(({ name, influence }) => [name, influence]),
    ...(stepCache ? { stepCache } : {}),
  };
}

/** What a repaint into a layer is blended with; null where the layer is gone. @param {import("./document.js").Picture} picture @param {Run} run */
export function layerUnder(picture, { target }) {
  const layer = target?.into === "layer" ? layerOf(picture, target.layerId) : null;
  return layer?.kind === "pixels" ? layer : null;
}

/** A layer is called like its prompt, cut at a word. @param {string} prompt */
export function nameOf(prompt) {
  const name = prompt.trim().replace(/\s+/g, " ");
  if (name.length <= 40) return name;
  return `${name.slice(0, 40).replace(/\s\S*$/, "")}…`;
}
