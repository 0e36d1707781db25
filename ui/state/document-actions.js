// @ts-check

/**
 * What can happen to layers, the selection and the history. `label` names the step in the list of
 * steps; `bytes` is what its new pixels need, as Rust said.
 * @typedef {import("./layer.js").ImageId} ImageId
 * @typedef {import("./layer.js").Rect} Rect
 * @typedef {import("./layer.js").Mask} Mask
 * @typedef {Rect & { imageId: ImageId }} PlacedImage
 */

const record = /** @type {const} */ ("record");
const merge = /** @type {const} */ ("merge");

/**
 * A new document, in a tab of its own unless the one in view is untouched and empty. Its background
 * is an image that was made for it; without one it has no layer.
 * @param {{ name: string, width: number, height: number, background: [number, number, number] | null,
 *   imageId: ImageId, layerName?: string }} created
 */
export const documentCreated = (created) => ({ type: "document/created", created });

/** @param {number[]} ids @param {number | null} [primary] the one whose details are shown */
export const layersSelected = (ids, primary) => ({ type: "layers/selectedSeveral", ids, primary });
/** @param {number[]} ids */
export const layersRemoved = (ids) => ({ type: "document/layersRemoved", ids, undo: record, label: "removed" });
/** @param {number[]} ids @param {string} [suffix] of the names of the copies */
export const layersDuplicated = (ids, suffix = "") =>
  ({ type: "document/layersDuplicated", ids, suffix, undo: record, label: "duplicated" });
/** @param {number[]} ids @param {string} name */
export const layersGrouped = (ids, name) => ({ type: "document/layersGrouped", ids, name, undo: record, label: "grouped" });
/** @param {number} id */
export const groupDissolved = (id) => ({ type: "document/groupDissolved", id, undo: record, label: "ungrouped" });
/** @param {number[]} ids @param {number | null} parentId @param {number} index from the bottom, without those that move */
export const layersMovedTo = (ids, parentId, index) =>
  ({ type: "document/layersMovedTo", ids, parentId, index, undo: record, label: "reordered" });
/**
 * One drag of a slider is one step.
 * @param {number[]} ids
 * @param {Parameters<typeof import("./layer-changes.js").alter>[2]} change
 * @param {string} label
 */
export const layersChanged = (ids, change, label) => {
  const slides = "opacity" in change || "fill" in change;
  const key = `${Object.keys(change).join()} of ${ids.join()}`;
  return { type: "document/layersChanged", ids, change, label, undo: slides ? merge : record, mergeKey: slides ? key : undefined };
};
/** @param {number[]} ids @param {number} dx @param {number} dy @param {string} [mergeKey] moves with the same one are one step */
export const layersOffset = (ids, dx, dy, mergeKey) =>
  ({ type: "document/layersOffset", ids, dx, dy, undo: mergeKey ? merge : record, mergeKey, label: "moved" });
/** @param {number[]} ids */
export const layersShownOnly = (ids) => ({ type: "document/layersShownOnly", ids, undo: record, label: "solo" });
/** @param {number} id @param {PlacedImage & { mask?: Mask | null }} image @param {string} label @param {number} [bytes] */
export const layerPixelsReplaced = (id, image, label, bytes = 0) =>
  ({ type: "document/layerPixelsReplaced", id, image, undo: record, label, bytes });
/** @param {number} id @param {Mask | null} mask @param {string} label @param {number} [bytes] */
export const layerMaskReplaced = (id, mask, label, bytes = 0) =>
  ({ type: "document/layerMaskReplaced", id, mask, undo: record, label, bytes });
/** @param {(PlacedImage & { id: number, mask: Mask | null })[]} list @param {string} label @param {number} [bytes] */
export const layersReplaced = (list, label, bytes = 0) =>
  ({ type: "document/layersReplaced", list, undo: record, label, bytes });
/** @param {number[]} ids @param {PlacedImage & { name: string }} made @param {number} [bytes] */
export const layersMerged = (ids, made, bytes = 4 * made.width * made.height) =>
  ({ type: "document/layersMerged", ids, made, undo: record, label: "merged", bytes });
/**
 * @param {PlacedImage & { name: string, recipe?: import("./layer.js").Recipe | null, opacity?: number,
 *   mask?: Mask | null, above?: number | null }} layer `above` null is on top of all
 * @param {string} [label]
 * @param {number} [bytes]
 */
export const layerInserted = (layer, label = "added", bytes = 4 * layer.width * layer.height) =>
  ({ type: "document/layerInserted", layer, undo: record, label, bytes });
/** Layers of this or another document, ids and all. @param {import("./layer.js").Layer[]} layers bottom first @param {number | null} above @param {string} [label] */
export const layersInserted = (layers, above, label = "pasted") =>
  ({ type: "document/layersInserted", layers, above, undo: record, label });
/** Nothing moves: only what is inside of the picture changes. @param {Rect} rect @param {string} [label] */
export const canvasResized = (rect, label = "resized") => ({ type: "document/canvasResized", rect, undo: record, label });
/** A step of undo, and nothing to save. @param {import("./document.js").Selection | null} selection @param {string} [label] */
export const selectionChanged = (selection, label = selection ? "selected" : "deselected") =>
  ({ type: "document/selectionChanged", selection, undo: record, label, bytes: selection ? selection.width * selection.height : 0 });
/** @param {import("./document.js").Guides} guides */
export const guidesChanged = (guides) => ({ type: "document/guidesChanged", guides, undo: record, label: "guides" });

/** @param {number} index of the step, the oldest is 0 */
export const historyJumped = (index) => ({ type: "history/jumped", index });

// Documents in tabs.
/** An empty tab beside the others. */
export const tabOpened = () => ({ type: "tabs/opened" });
/** @param {number} key */
export const tabShown = (key) => ({ type: "tabs/shown", key });
/** What is in it is gone; ask first. @param {number} key */
export const tabClosed = (key) => ({ type: "tabs/closed", key });
/** @param {number} key @param {number} index where it is then */
export const tabMoved = (key, index) => ({ type: "tabs/moved", key, index });
/**
 * An action for the document of a tab, be it in view or not. It does nothing when the tab is gone.
 * @template {import("./actions.js").Action} A
 * @param {number | null | undefined} tab null is the one in view
 * @param {A} action
 * @returns {A}
 */
export const inTab = (tab, action) => (tab === null || tab === undefined ? action : { ...action, tab });

// The copies for the case that the editor ends before work is saved.
/** @param {number} key of the tab @param {import("./document.js").Picture} picture */
export const copyWritten = (key, picture) => ({ type: "recovery/copyWritten", key, picture });
/** @param {number} key */
export const copyForgotten = (key) => ({ type: "recovery/copyForgotten", key });

/** What Paste brings. @param {import("./clipboard.js").Clip | null} clip */
export const clipChanged = (clip) => ({ type: "clipboard/changed", clip });
