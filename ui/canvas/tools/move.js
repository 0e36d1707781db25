// @ts-check
import { boundsOf } from "../../state/affine.js";
import { boundsOfLayer, noLines, snapLines, snapPoint, snapRect } from "../../state/snapping.js";
import { transformChanged } from "../../state/tool-actions.js";
import { dragHandle, dragTurn, frameOf, gripAt, handlePoint, moveBy, onPixels, startTransform } from "../../state/transform.js";
import { groupsAround } from "../../state/tree.js";
import { selectedBox, selectedTop } from "../../state/selected.js";
import { drawFrame, drawSnapLines } from "./drawing.js";
import { layerAt } from "./pick.js";

/** CSS pixels. */
const REACH = 7;
const SNAP = 6;
const SLACK = 3;

/** @typedef {import("./hand.js").Context} Context @typedef {import("./hand.js").Press} Press */

/**
 * Selects, moves, scales and turns layers.
 * @param {Context} context
 */
export function createMoveTool({ store, tiles, act, redraw, away }) {
  /** @type {{ kind: "move" | "handle" | "turn" | "pick", handle?: any, from: Press, start: any, lines: any, moved: boolean } | null} */
  let drag = null;
  let shown = noLines;
  /** Counts presses: what is under one is known a moment later, when another may have begun or this one ended. */
  let presses = 0;
  let released = true;
  /** @type {number | null} one of several that are selected: a click, unlike a drag, takes it alone */
  let alone = null;

  const transformOf = () => {
    const { tool } = store.getState();
    if (tool.transform) return tool.transform;
    const found = selectedBox(store.getState());
    return found ? startTransform(found.ids, found.box) : null;
  };

  function begin(kind, press, start, handle) {
    const { document, tool } = store.getState();
    const lines = tool.snapping.on ? snapLines(document.present, tool.snapping, start.ids) : noLines;
    drag = { kind, handle, from: press, start, lines, moved: false };
  }

  function change(transform) {
    store.dispatch(transformChanged(transform));
  }

  function follow(press) {
    if (!drag) return;
    const { from, start, kind } = drag;
    if (!drag.moved && Math.hypot(press.x - from.x, press.y - from.y) < away(SLACK)) return;
    if (!drag.moved && kind === "move" && !act.mayMove(start.ids)) {
      drag = null;
      return;
    }
    if (!drag.moved && kind !== "move" && !act.mayTransform(start.ids)) {
      drag = null;
      return;
    }
    drag.moved = true;
    shown = noLines;
    if (kind === "turn") change(dragTurn(start, from, press, press.shift));
    else if (kind === "handle") change(scaled(press));
    else change(moved(press));
  }

  function moved(press) {
    const { from, start, lines } = /** @type {any} */ (drag);
    let [dx, dy] = [Math.round(press.x - from.x), Math.round(press.y - from.y)];
    if (press.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
    const free = press.ctrl ? noLines : lines;
    const snap = snapRect(boundsOf(frameOf(moveBy(start, dx, dy))), free, away(SNAP));
    const [sx, sy] = press.shift ? [dx === 0 ? 0 : snap.dx, dy === 0 ? 0 : snap.dy] : [snap.dx, snap.dy];
    shown = snap.lines;
    return moveBy(start, Math.round(dx + sx), Math.round(dy + sy));
  }

  function scaled(press) {
    const { start, handle, lines } = /** @type {any} */ (drag);
    const how = { keepRatio: press.shift, fromMiddle: press.alt };
    const free = press.ctrl || start.angle % 90 !== 0 ? noLines : lines;
    const first = dragHandle(start, handle, press, how);
    const snap = snapPoint(handlePoint(first, handle), free, away(SNAP));
    shown = snap.lines;
    return onPixels(dragHandle(start, handle, { x: press.x + snap.dx, y: press.y + snap.dy }, how));
  }

  async function take(press) {
    const turn = (presses += 1);
    released = false;
    alone = null;
    const state = store.getState();
    const picture = state.document.present;
    const layer = state.tool.moving.autoSelect ? await layerAt(picture, press, tiles) : null;
    if (turn !== presses) return;
    const top = selectedTop(state);
    if (!layer) {
      const box = selectedBox(state);
      if (box && !released) begin("move", press, startTransform(box.ids, box.box));
      return;
    }
    const groups = groupsAround(picture.layers, layer.id) ?? [];
    // Ctrl takes the other one of both.
    const byGroup = (state.tool.moving.picks === "group") !== press.ctrl;
    const id = byGroup && groups.length > 0 ? groups[0].id : layer.id;
    // One of several that are selected already, or in a selected group: all of them move.
    const inside = top.includes(id) || groups.some((group) => top.includes(group.id));
    if (press.shift) act.selectLayers(top.includes(id) ? top.filter((other) => other !== id) : [...top, id], id);
    else if (!inside || released) act.selectLayers([id], id);
    else alone = id;
    const box = selectedBox(store.getState());
    if (!box || released) return;
    if (press.alt) act.duplicate();
    const start = press.alt ? selectedBox(store.getState()) ?? box : box;
    begin("move", press, startTransform(start.ids, start.box));
  }

  return {
    /** @param {Press} press */
    async down(press) {
      const { tool } = store.getState();
      const transform = transformOf();
      const grip = transform && gripAt(transform, press, away(REACH));
      if (transform && grip && grip !== "inside") {
        begin(grip === "turn" ? "turn" : "handle", press, transform, grip);
        return;
      }
      if (tool.transform) {
        if (grip === "inside") begin("move", press, tool.transform);
        else await act.commitTransform();
        return;
      }
      await take(press);
    },

    move: follow,

    /** @param {Press} press */
    up(press) {
      follow(press);
      released = true;
      const done = drag;
      drag = null;
      shown = noLines;
      // A move alone needs no pixels to be made; scaling and turning wait for more.
      if (done?.moved && done.kind === "move") act.commitMove();
      else if (done && !done.moved && alone !== null) act.selectLayers([alone], alone);
      redraw();
    },

    cancel() {
      presses += 1;
      if (drag?.moved) change(drag.start.ids === store.getState().tool.transform?.ids && drag.kind !== "move" ? drag.start : null);
      drag = null;
      shown = noLines;
    },

    /** @param {Press} press */
    cursor(press) {
      const transform = transformOf();
      const grip = transform && gripAt(transform, press, away(REACH));
      if (!transform || !grip || grip === "inside") return "move";
      if (grip === "turn") return "turn";
      const angle = (Math.atan2(grip.y * transform.scaleY, grip.x * transform.scaleX) * 180) / Math.PI + transform.angle;
      return ["ew", "nwse", "ns", "nesw"][((Math.round(angle / 45) % 4) + 4) % 4];
    },

    draw(context, view, colours) {
      const transform = transformOf();
      if (transform) drawFrame(context, view, transform, colours);
      drawSnapLines(context, view, shown, colours.snap);
    },
  };
}
