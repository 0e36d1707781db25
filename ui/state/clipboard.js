// @ts-check

/**
 * Layers that were cut or copied here: ids and places, as in the document they come from.
 * @typedef {object} Clip
 * @property {import("./layer.js").Layer[]} layers bottom first
 * @property {number} documentId where they come from
 * @property {boolean} isPart whether it is a selected part of the pixels
 */

/**
 * @param {Clip | null} clip
 * @param {import("./actions.js").Action} action
 * @returns {Clip | null}
 */
export function reduceClipboard(clip, action) {
  return action.type === "clipboard/changed" ? action.clip : clip;
}
