// @ts-check
import { layerOf } from "../../../state/document.js";
import { brushOf } from "../../../state/tools.js";
import { colourUsed, strokeArrived, strokeEnded } from "../../../state/tool-actions.js";
import { drawBrush } from "../drawing.js";
import { createPainter } from "./painter.js";

/** @typedef {import("../hand.js").Context} Context @typedef {import("../hand.js").Press} Press */

/**
 * Paints and erases on the pixels or the mask of the selected layer.
 * @param {Context} context
 */
export function createBrushTool({ store, canvas, tiles, act }) {
  const painter = createPainter({
    tiles,
    canvas,
    commit: act.commitStroke,
    onFailed: act.strokeFailed,
    onEnded: () => store.dispatch(strokeEnded()),
    onArrived: () => store.dispatch(strokeArrived()),
  });
  /** @type {{ x: number, y: number } | null} */
  let pointer = null;

  /** @returns {import("./painter.js").Target | null} */
  function target() {
    const state = store.getState();
    const picture = state.document.present;
    const layer = layerOf(picture, state.selectedLayer);
    if (!layer) return null;
    const { x, y, width, height } = picture;
    const room = { x, y, width, height };
    const base = { documentId: picture.documentId, layerId: layer.id, room };
    if (state.tool.target === "mask") {
      const { mask } = layer;
      if (!mask) return null;
      const own = mask.width ? mask : layer.kind === "pixels" ? layer : room;
      return { ...base, kind: "mask", id: mask.id, outside: mask.outside, image: { x: mask.x, y: mask.y, width: own.width, height: own.height } };
    }
    if (layer.kind !== "pixels") return null;
    return { ...base, kind: "pixels", id: layer.imageId, outside: 0, image: { x: layer.x, y: layer.y, width: layer.width, height: layer.height } };
  }

  function settings() {
    const state = store.getState();
    const { tool } = state;
    const { size, hardness, opacity, pressureSize, pressureOpacity } = brushOf(tool);
    const erases = tool.active === "eraser";
    const layer = layerOf(state.document.present, state.selectedLayer);
    const keepsAlpha = Boolean(layer?.lock.transparency);
    // Where transparency is locked, and on a mask, the eraser paints with the other colour.
    const colour = erases ? tool.otherColour : tool.colour;
    const [red, green, blue] = colour;
    return {
      size, hardness, opacity, pressureSize, pressureOpacity, colour,
      mode: /** @type {"paint" | "recolour" | "erase"} */ (keepsAlpha ? "recolour" : erases ? "erase" : "paint"),
      value: Math.round(0.299 * red + 0.587 * green + 0.114 * blue),
      selection: state.document.present.selection ?? null,
    };
  }

  return {
    /** @param {Press} press */
    down(press) {
      pointer = press;
      if (!act.mayPaint()) return;
      const where = target();
      if (!where) return;
      painter.begin(where, settings(), press, press.shift);
      if (store.getState().tool.active === "brush") store.dispatch(colourUsed(store.getState().tool.colour));
    },

    /** @param {Press} press */
    move(press) {
      pointer = press;
      painter.extend(press.samples);
    },

    up() {
      painter.end();
    },

    cancel() {
      painter.cancel();
    },

    /** @param {Press} press */
    hover(press) {
      pointer = press;
      const where = target();
      if (where) painter.prepare(where, press, brushOf(store.getState().tool).size);
    },

    leave() {
      pointer = null;
    },

    isBusy: painter.isDrawing,
    settled: painter.settled,
    isSettled: painter.isSettled,
    cursor: () => "brush",

    draw(context, view, colours) {
      if (pointer) drawBrush(context, view, pointer, brushOf(store.getState().tool).size, colours);
    },
  };
}
