// @ts-check
import { union } from "./affine.js";
import { boundsOfLayer } from "./snapping.js";
import { findLayer, walk } from "./tree.js";

/**
 * The layers that are selected, as tools take them.
 * @typedef {import("./reducer.js").State} State
 */

/** @param {State} state @returns {number[]} */
export const selectedIds = (state) => state.selectedLayers;

/**
 * Those that are not inside of another selected one, bottom first.
 * @param {State} state
 * @returns {number[]}
 */
export function selectedTop(state) {
  const selected = new Set(selectedIds(state));
  const find = (layers) => layers.flatMap((layer) =>
    (selected.has(layer.id) ? [layer.id] : layer.kind === "group" ? find(layer.children) : []));
  return find(state.document.present.layers);
}

/**
 * The rectangle around what is selected; null when there is nothing in it.
 * @param {State} state
 */
export function selectedBox(state) {
  const ids = selectedTop(state);
  const boxes = boxesOf(state, ids);
  const box = union(boxes.map(({ rect }) => rect));
  return box && { ids, box };
}

/** @param {State} state @param {number[]} ids @returns {import("./alignment.js").Box[]} */
export function boxesOf(state, ids) {
  return ids.flatMap((id) => {
    const layer = findLayer(state.document.present.layers, id);
    const rect = layer && boundsOfLayer(layer);
    return rect ? [{ id, rect }] : [];
  });
}

/**
 * Every layer with pixels among the given ones and in them.
 * @param {State} state
 * @param {number[]} ids
 * @returns {import("./layer.js").Layer[]} groups included, each before what is in it
 */
export function withInner(state, ids) {
  return ids.flatMap((id) => {
    const layer = findLayer(state.document.present.layers, id);
    return layer ? [...walk([layer])] : [];
  });
}
