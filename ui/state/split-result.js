// @ts-check
import { locked, plainLook } from "./layer.js";
import { findLayer, replaceLayer } from "./tree.js";

/**
 * The layers that a picture was separated into, before they are kept.
 * @typedef {object} SplitResult
 * @property {number} layerId what was separated
 * @property {import("./layer.js").ImageId} imageId its pixels then
 * @property {{ id: import("./layer.js").ImageId, x: number, y: number, width: number, height: number, name: string }[]} layers
 *   bottom first, measured from the layer's corner
 * @property {string} seed
 * @property {string} prompt
 * @property {string} negative
 * @property {string} model
 * @property {number} steps
 * @property {number} guidance
 * @property {{ passes: boolean, sentences: string[] }} report
 */

/**
 * The picture with a result in the place of the layer that was separated. A plain picture becomes
 * the new layers; a layer among others becomes a group. What was separated stays, hidden and
 * locked, below the new layers.
 * @param {import("./document.js").Picture} picture
 * @param {SplitResult} result
 * @returns {import("./document.js").Picture} the same one when the layer is not there
 */
export function applySplit(picture, result) {
  const target = splitTarget(picture, result);
  if (!target) return picture;
  const first = picture.nextLayerId;
  const parts = result.layers.map((layer, index) => partLayer(layer, index, target, result, first));
  const original = { ...target, visible: false, lock: locked };
  const nextLayerId = first + parts.length;
  if (picture.layers.length === 1 && picture.layers[0] === target && isPlain(target)) {
    return { ...picture, layers: [original, ...parts], nextLayerId };
  }
  // The group looks as the layer did, so its own look moves out to the group.
  const { opacity, fill, blend, clipping, mask, keep } = target;
  /** @type {import("./layer.js").Group} */
  const group = {
    ...plainLook,
    kind: "group",
    id: nextLayerId,
    name: target.name,
    opacity: opacity * fill,
    blend: isPlain(target) ? "pass-through" : blend,
    clipping,
    mask,
    // Rust finds the mask's pixels under the layer's token.
    keep: mask ? keep : null,
    expanded: true,
    children: [{ ...original, opacity: 1, fill: 1, blend: "normal", clipping: false, mask: null }, ...parts],
  };
  return {
    ...picture,
    layers: replaceLayer(picture.layers, target.id, () => [group]),
    nextLayerId: nextLayerId + 1,
  };
}

/**
 * The layer that a result belongs to, or null when it is gone.
 * @param {import("./document.js").Picture} picture
 * @param {SplitResult} result
 * @returns {import("./layer.js").PixelLayer | null}
 */
export function splitTarget(picture, { layerId, imageId }) {
  const layer = findLayer(picture.layers, layerId);
  return layer?.kind === "pixels" && layer.imageId === imageId ? layer : null;
}

/** @returns {import("./layer.js").PixelLayer} */
function partLayer({ id, x, y, width, height, name }, index, target, result, first) {
  const { model, prompt, negative, seed, steps, guidance, layers } = result;
  return {
    ...plainLook,
    kind: "pixels",
    id: first + index,
    imageId: id,
    name,
    x: target.x + x,
    y: target.y + y,
    width,
    height,
    recipe: {
      task: "decompose",
      model,
      prompt,
      negative,
      seed: String(seed),
      steps,
      guidance,
      part: [index + 1, layers.length],
      parent: target.id,
    },
  };
}

function isPlain({ opacity, fill, blend, clipping, mask }) {
  return opacity === 1 && fill === 1 && blend === "normal" && !clipping && mask === null;
}
