// @ts-check
import { noLines, snapLines, snapPoint } from "../../state/snapping.js";
import { contains } from "../../state/affine.js";
import { drawAnts, drawSnapLines, onCanvas } from "./drawing.js";

/** CSS pixels. */
const SNAP = 6;
const SLACK = 3;
const CLOSE = 8;

/** @typedef {import("./hand.js").Context} Context @typedef {import("./hand.js").Press} Press */

/** What the held keys ask for at the beginning of a drag; without them, what the options bar says. */
function opOf({ shift, alt }, { selecting }) {
  if (shift && alt) return "intersect";
  if (shift) return "add";
  return alt ? "subtract" : selecting.op;
}

/** Whether a drag here moves the selection that is there. */
function takesSelection(press, state) {
  const { selection } = state.document.present;
  return Boolean(selection) && !press.shift && !press.alt && state.tool.selecting.op === "replace" && contains(selection, press);
}

/** A drag that moves the selection itself. */
function createCarry({ store, act, away }) {
  let from = null;
  let by = { x: 0, y: 0 };
  return {
    begins(press, inside) {
      if (!inside || !takesSelection(press, store.getState())) return false;
      from = press;
      by = { x: 0, y: 0 };
      return true;
    },
    isOn: () => from !== null,
    by: () => by,
    move(press) {
      if (!from) return;
      const far = by.x !== 0 || by.y !== 0 || Math.hypot(press.x - from.x, press.y - from.y) >= away(SLACK);
      if (far) by = { x: Math.round(press.x - from.x), y: Math.round(press.y - from.y) };
    },
    end() {
      const moved = by.x !== 0 || by.y !== 0;
      if (moved) act.moveSelection(by.x, by.y);
      from = null;
      by = { x: 0, y: 0 };
      return moved;
    },
    cancel() {
      from = null;
      by = { x: 0, y: 0 };
    },
  };
}

/**
 * Rectangles and ellipses.
 * @param {Context} context
 * @param {"rect" | "ellipse"} kind
 */
export function createAreaTool(context, kind) {
  const { store, act, away, ants } = context;
  const carry = createCarry(context);
  /** @type {{ op: string, from: { x: number, y: number }, to: { x: number, y: number }, press: Press, held: { shift: boolean, alt: boolean } } | null} */
  let drag = null;
  let shown = noLines;

  function snapped(press) {
    const { document, tool } = store.getState();
    if (!tool.snapping.on || press.ctrl) return { x: Math.round(press.x), y: Math.round(press.y) };
    const snap = snapPoint(press, snapLines(document.present, tool.snapping, []), away(SNAP));
    shown = snap.lines;
    return { x: Math.round(press.x + snap.dx), y: Math.round(press.y + snap.dy) };
  }

  function rect() {
    const { from, to, press, held } = /** @type {any} */ (drag);
    let [dx, dy] = [to.x - from.x, to.y - from.y];
    // A key that chose what to do with the selection shapes it only when it is pressed anew.
    if (press.shift && !held.shift) {
      const side = Math.max(Math.abs(dx), Math.abs(dy));
      [dx, dy] = [side * (dx < 0 ? -1 : 1), side * (dy < 0 ? -1 : 1)];
    }
    const middle = press.alt && !held.alt;
    const [x, y] = middle ? [from.x - dx, from.y - dy] : [from.x, from.y];
    const [width, height] = middle ? [2 * dx, 2 * dy] : [dx, dy];
    return { x: Math.min(x, x + width), y: Math.min(y, y + height), width: Math.abs(width), height: Math.abs(height) };
  }

  return {
    /** @param {Press} press */
    down(press) {
      if (carry.begins(press, ants.contains(press))) return;
      const from = snapped(press);
      drag = { op: opOf(press, store.getState().tool), from, to: from, press, held: { shift: press.shift, alt: press.alt } };
    },

    /** @param {Press} press */
    move(press) {
      if (carry.isOn()) carry.move(press);
      if (!drag) return;
      shown = noLines;
      drag.to = snapped(press);
      drag.press = press;
      drag.held = { shift: drag.held.shift && press.shift, alt: drag.held.alt && press.alt };
    },

    /** @param {Press} press */
    up(press) {
      this.move(press);
      if (carry.isOn()) {
        if (!carry.end()) act.selectNothing();
        return;
      }
      const area = drag && rect();
      const op = drag?.op;
      drag = null;
      shown = noLines;
      if (!area || !op) return;
      if (area.width > 0 && area.height > 0) act.select({ kind, ...area }, op);
      else if (op === "replace") act.selectNothing();
    },

    cancel() {
      drag = null;
      shown = noLines;
      carry.cancel();
    },

    carried: carry.by,
    /** @param {Press} press */
    cursor: (press) => (takesSelection(press, store.getState()) && ants.contains(press) ? "move" : "cross"),
    size: () => (drag ? rect() : null),

    draw(canvas, view, colours) {
      drawSnapLines(canvas, view, shown, colours.snap);
      if (!drag) return;
      const { x, y, width, height } = rect();
      const start = onCanvas(view, { x, y });
      const end = onCanvas(view, { x: x + width, y: y + height });
      drawAnts(canvas, view, () => {
        canvas.beginPath();
        if (kind === "rect") canvas.rect(Math.round(start.x) + 0.5, Math.round(start.y) + 0.5, Math.round(end.x - start.x), Math.round(end.y - start.y));
        else canvas.ellipse((start.x + end.x) / 2, (start.y + end.y) / 2, (end.x - start.x) / 2, (end.y - start.y) / 2, 0, 0, 2 * Math.PI);
        canvas.stroke();
      }, colours);
    },
  };
}

/**
 * A line drawn around what is selected: freely, or from click to click.
 * @param {Context} context
 * @param {"free" | "clicks"} kind
 */
export function createLassoTool(context, kind) {
  const { store, act, away, ants, redraw } = context;
  const carry = createCarry(context);
  /** @type {{ op: string, points: { x: number, y: number }[] } | null} */
  let line = null;
  let pointer = { x: 0, y: 0 };

  function finish() {
    const done = line;
    line = null;
    redraw();
    if (!done) return false;
    if (done.points.length > 2) act.select({ kind: "polygon", points: done.points.flatMap(({ x, y }) => [x, y]) }, done.op);
    else if (done.op === "replace" && kind === "free") act.selectNothing();
    return true;
  }

  const near = (a, b, css) => Math.hypot(a.x - b.x, a.y - b.y) < away(css);
  const place = ({ x, y }, shift) => {
    const last = line?.points[line.points.length - 1];
    if (!shift || !last || kind === "free") return { x, y };
    // Level, upright or slanting at 45 degrees.
    const angle = Math.round(Math.atan2(y - last.y, x - last.x) / (Math.PI / 4)) * (Math.PI / 4);
    const length = Math.hypot(x - last.x, y - last.y);
    return { x: last.x + length * Math.cos(angle), y: last.y + length * Math.sin(angle) };
  };

  return {
    /** @param {Press} press */
    down(press) {
      pointer = press;
      if (line && kind === "clicks") {
        const { points } = line;
        if (points.length > 2 && near(points[0], press, CLOSE)) finish();
        else if (press.count > 1) finish();
        else points.push(place(press, press.shift));
        return;
      }
      if (carry.begins(press, ants.contains(press))) return;
      line = { op: opOf(press, store.getState().tool), points: [{ x: press.x, y: press.y }] };
    },

    /** @param {Press} press */
    move(press) {
      pointer = press;
      if (carry.isOn()) carry.move(press);
      if (!line || kind === "clicks") return;
      for (const place_ of press.samples) {
        if (!near(place_, line.points[line.points.length - 1], 1)) line.points.push({ x: place_.x, y: place_.y });
      }
    },

    /** @param {Press} press */
    hover(press) {
      pointer = line ? place(press, press.shift) : press;
    },

    /** @param {Press} press */
    up(press) {
      this.move(press);
      if (carry.isOn()) {
        if (!carry.end()) act.selectNothing();
      } else if (kind === "free") finish();
    },

    /** Enter, and Backspace for the last corner. @param {string} key */
    key(key) {
      if (!line || kind === "free") return false;
      if (key === "Enter") return finish();
      if (key !== "Backspace") return false;
      line.points.pop();
      if (line.points.length === 0) line = null;
      return true;
    },

    isBusy: () => line !== null,
    cancel() {
      line = null;
      carry.cancel();
    },
    carried: carry.by,
    /** @param {Press} press */
    cursor: (press) => (!line && takesSelection(press, store.getState()) && ants.contains(press) ? "move" : "cross"),

    draw(canvas, view, colours) {
      if (!line) return;
      const points = kind === "clicks" ? [...line.points, pointer] : line.points;
      drawAnts(canvas, view, () => {
        canvas.beginPath();
        points.forEach((point, index) => {
          const { x, y } = onCanvas(view, point);
          if (index === 0) canvas.moveTo(x, y);
          else canvas.lineTo(x, y);
        });
        canvas.stroke();
      }, colours);
    },
  };
}
