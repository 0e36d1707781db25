// @ts-check
import { inTab, noticeShown, selectionChanged } from "../state/actions.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { strings } from "../strings.js";

/**
 * The selection: one change after the other, since each starts from the one before.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("../state/document.js").Selection} Selection
 * @typedef {"grow" | "shrink" | "feather" | "border"} Change
 */

/**
 * @param {Store} store
 * @param {any} ipc
 */
export function createSelecting(store, ipc) {
  /** @type {Promise<void>} */
  let queue = Promise.resolve();

  /** @param {(picture: import("../state/document.js").Picture) => Promise<Selection | null>} make @param {string} [label] */
  function change(make, label) {
    const tab = store.getState().tabs.active;
    queue = queue.then(async () => {
      const state = store.getState();
      if (state.tabs.active !== tab) return;
      try {
        const selection = await make(selectPicture(state));
        store.dispatch(inTab(tab, selectionChanged(selection, label ?? (selection ? "selected" : "deselected"))));
      } catch (error) {
        store.dispatch(noticeShown("error", strings.errorText(error)));
      }
    });
    return queue;
  }

  const rectOf = ({ x, y, width, height }) => ({ x, y, width, height });

  return {
    settled: () => queue,

    /** @param {object} shape @param {import("../state/tools.js").SelectionOp} op */
    select(shape, op) {
      const { feather, antialias } = store.getState().tool.selecting;
      return change(({ selection }) => ipc.select({ base: op === "replace" ? null : selection, op, shape, feather, antialias }));
    },

    selectAll: () => change((picture) =>
      ipc.select({ base: null, op: "replace", shape: { kind: "rect", ...rectOf(picture) }, feather: 0, antialias: false })),

    selectNothing() {
      if (selectPicture(store.getState()).selection) void change(async () => null);
    },

    invert: () => change((picture) => (picture.selection
      ? ipc.modifySelection({ selection: picture.selection, canvas: rectOf(picture), change: { kind: "invert", by: 0 } })
      : ipc.select({ base: null, op: "replace", shape: { kind: "rect", ...rectOf(picture) }, feather: 0, antialias: false })), "selected"),

    /** The pixels of a layer that are seen. @param {import("../state/layer.js").Layer | null} layer @param {import("../state/tools.js").SelectionOp} op */
    selectAlpha(layer = selectSelectedLayer(store.getState()), op = "replace") {
      if (layer?.kind !== "pixels" || layer.imageId === 0) return queue;
      const shape = { kind: "alpha", image: layer.imageId, x: layer.x, y: layer.y };
      return change(({ selection }) => ipc.select({ base: op === "replace" ? null : selection, op, shape, feather: 0, antialias: true }));
    },

    /** @param {Change} kind @param {number} by pixels */
    modify: (kind, by) => change((picture) => (picture.selection
      ? ipc.modifySelection({ selection: picture.selection, canvas: rectOf(picture), change: { kind, by } })
      : Promise.resolve(null))),

    /** @param {number} dx @param {number} dy @param {boolean} [joins] the move before */
    moveSelection(dx, dy, joins = false) {
      const { selection } = selectPicture(store.getState());
      if (!selection) return;
      const moved = { ...selection, x: selection.x + dx, y: selection.y + dy };
      const action = selectionChanged(moved, "selectionMoved");
      store.dispatch(joins ? { ...action, undo: "merge", mergeKey: "selection moved", bytes: 0 } : { ...action, bytes: 0 });
    },
  };
}
