// @ts-check
import { boundsOf } from "../../state/affine.js";
import { noLines, snapLines, snapPoint, snapRect } from "../../state/snapping.js";
import { cropChanged } from "../../state/tool-actions.js";
import { dragHandle, frameOf, gripAt, handlePoint, moveBy, onPixels, startTransform } from "../../state/transform.js";
import { drawCrop, drawSnapLines } from "./drawing.js";

const REACH = 8;
const SNAP = 6;

/** @typedef {import("./hand.js").Context} Context @typedef {import("./hand.js").Press} Press */

/**
 * What is to remain of the picture. Enter cuts, Escape forgets.
 * @param {Context} context
 */
export function createCropTool({ store, away }) {
  /** @type {{ start: import("../../state/transform.js").Transform, handle: any, from: Press, lines: any } | null} */
  let drag = null;
  let shown = noLines;

  const rectOf = () => {
    const { tool, document } = store.getState();
    const { x, y, width, height } = document.present;
    return tool.crop ?? { x, y, width, height };
  };

  function rectFrom(transform) {
    const { x, y, width, height } = boundsOf(frameOf(onPixels(transform)));
    return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) };
  }

  function withRatio(rect, handle) {
    const { ratio } = store.getState().tool.cropping;
    if (!ratio) return rect;
    // The dragged side leads; the other follows, and the opposite corner stays.
    const byWidth = handle.x !== 0 && (handle.y === 0 || rect.width / rect.height > ratio);
    const width = byWidth ? rect.width : Math.max(1, Math.round(rect.height * ratio));
    const height = byWidth ? Math.max(1, Math.round(rect.width / ratio)) : rect.height;
    return {
      x: handle.x < 0 ? rect.x + rect.width - width : handle.x === 0 ? Math.round(rect.x + (rect.width - width) / 2) : rect.x,
      y: handle.y < 0 ? rect.y + rect.height - height : handle.y === 0 ? Math.round(rect.y + (rect.height - height) / 2) : rect.y,
      width,
      height,
    };
  }

  return {
    /** @param {Press} press */
    down(press) {
      const { document, tool } = store.getState();
      const lines = tool.snapping.on ? snapLines(document.present, tool.snapping, []) : noLines;
      const whole = startTransform([], rectOf());
      const grip = gripAt(whole, press, away(REACH));
      // Inside of the whole picture there is nothing to move yet: a new rectangle begins.
      const anew = grip === null || grip === "turn" || (grip === "inside" && !tool.crop);
      if (!anew) drag = { start: whole, handle: grip, from: press, lines };
      else {
        const at = { x: Math.round(press.x), y: Math.round(press.y), width: 1, height: 1 };
        drag = { start: startTransform([], at), handle: null, from: press, lines };
      }
    },

    /** @param {Press} press */
    move(press) {
      if (!drag) return;
      const { start, from, lines } = drag;
      const free = press.ctrl ? noLines : lines;
      if (drag.handle === "inside") {
        const moved = moveBy(start, Math.round(press.x - from.x), Math.round(press.y - from.y));
        const snap = snapRect(rectFrom(moved), free, away(SNAP));
        shown = snap.lines;
        store.dispatch(cropChanged(rectFrom(moveBy(moved, Math.round(snap.dx), Math.round(snap.dy)))));
        return;
      }
      if (drag.handle === null) {
        if (Math.hypot(press.x - from.x, press.y - from.y) < away(3)) return;
        drag.handle = { x: press.x < from.x ? -1 : 1, y: press.y < from.y ? -1 : 1 };
      }
      const how = { keepRatio: press.shift, fromMiddle: press.alt };
      const first = dragHandle(start, drag.handle, press, how);
      const snap = snapPoint(handlePoint(first, drag.handle), free, away(SNAP));
      shown = snap.lines;
      const rect = rectFrom(dragHandle(start, drag.handle, { x: press.x + snap.dx, y: press.y + snap.dy }, how));
      store.dispatch(cropChanged(withRatio(rect, drag.handle)));
    },

    /** @param {Press} press */
    up(press) {
      this.move(press);
      drag = null;
      shown = noLines;
    },

    cancel() {
      if (drag) store.dispatch(cropChanged(drag.handle === null || drag.start.box.width === 1 ? null : rectFrom(drag.start)));
      drag = null;
      shown = noLines;
    },

    /** @param {Press} press */
    cursor(press) {
      const grip = gripAt(startTransform([], rectOf()), press, away(REACH));
      if (grip === null || grip === "turn") return "cross";
      if (grip === "inside") return store.getState().tool.crop ? "move" : "cross";
      if (grip.x === 0) return "ns";
      if (grip.y === 0) return "ew";
      return grip.x === grip.y ? "nwse" : "nesw";
    },

    draw(context, view, colours) {
      if (!store.getState().frame) return;
      drawCrop(context, view, rectOf(), colours);
      drawSnapLines(context, view, shown, colours.snap);
    },
  };
}
