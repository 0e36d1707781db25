// @ts-check
import { HANDLES, handlePoint, frameOf } from "../../state/transform.js";

/**
 * What tools draw over the picture. Everything is in device pixels; lines keep their width at every zoom.
 * @typedef {import("../../state/viewport.js").Viewport} Viewport
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ accent: string, light: string, dark: string, snap: string, guide: string, shade: string, ruler: string,
 *   rulerText: string, rulerLine: string }} Colours
 */

const HANDLE = 7;
const DASH = 4;

/** @param {Viewport} view @param {Point} point @returns {Point} */
export const onCanvas = (view, { x, y }) => ({ x: view.panX + x * view.zoom, y: view.panY + y * view.zoom });

/**
 * The frame of a transform and its handles.
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} view
 * @param {import("../../state/transform.js").Transform} transform
 * @param {Colours} colours
 */
export function drawFrame(context, view, transform, colours) {
  const points = frameOf(transform).map((point) => onCanvas(view, point));
  strokePath(context, view, points, colours.accent);
  const side = Math.round(HANDLE * view.scale);
  const small = Math.hypot(points[1].x - points[0].x, points[1].y - points[0].y) < side * 4
    || Math.hypot(points[3].x - points[0].x, points[3].y - points[0].y) < side * 4;
  for (const handle of HANDLES) {
    if (small && (handle.x === 0 || handle.y === 0)) continue;
    const { x, y } = onCanvas(view, handlePoint(transform, handle));
    drawHandle(context, view, x, y, colours);
  }
}

/** Handles at the corners and edges of a rectangle in the document. */
export function drawRectHandles(context, view, rect, colours) {
  for (const { x, y } of HANDLES) {
    const point = onCanvas(view, { x: rect.x + (rect.width * (x + 1)) / 2, y: rect.y + (rect.height * (y + 1)) / 2 });
    drawHandle(context, view, point.x, point.y, colours);
  }
}

function drawHandle(context, view, x, y, colours) {
  const side = Math.round(HANDLE * view.scale);
  const [left, top] = [Math.round(x - side / 2), Math.round(y - side / 2)];
  context.fillStyle = colours.light;
  context.fillRect(left, top, side, side);
  context.strokeStyle = colours.accent;
  context.lineWidth = Math.max(1, Math.round(view.scale));
  context.strokeRect(left + 0.5, top + 0.5, side - 1, side - 1);
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Point[]} points on the canvas @param {string} colour */
export function strokePath(context, view, points, colour, closed = true) {
  if (points.length === 0) return;
  context.beginPath();
  points.forEach(({ x, y }, index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  if (closed) context.closePath();
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, Math.round(view.scale));
  context.stroke();
}

/**
 * A line that is seen on every ground: light, with dark dashes that may walk.
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} view
 * @param {() => void} stroke draws the path
 * @param {Colours} colours
 * @param {{ phase?: number, width?: number }} [more] `width` where the path has its own scale
 */
export function drawAnts(context, view, stroke, colours, { phase = 0, width = 1 } = {}) {
  const line = Math.max(1, Math.round(view.scale)) * width;
  context.lineWidth = line;
  context.strokeStyle = colours.light;
  context.setLineDash([]);
  stroke();
  context.strokeStyle = colours.dark;
  context.setLineDash([DASH * view.scale * width, DASH * view.scale * width]);
  context.lineDashOffset = -phase * view.scale * width;
  stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {import("../../state/snapping.js").Lines} lines @param {string} colour */
export function drawSnapLines(context, view, { vertical, horizontal }, colour) {
  for (const { at, from, to } of vertical) {
    strokePath(context, view, [crisp(view, { x: at, y: from }), crisp(view, { x: at, y: to })], colour, false);
  }
  for (const { at, from, to } of horizontal) {
    strokePath(context, view, [crisp(view, { x: from, y: at }), crisp(view, { x: to, y: at })], colour, false);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {{ vertical: number[], horizontal: number[] }} guides @param {string} colour */
export function drawGuides(context, view, { vertical, horizontal }, colour) {
  const line = Math.max(1, Math.round(view.scale));
  context.fillStyle = colour;
  for (const at of vertical) context.fillRect(Math.round(view.panX + at * view.zoom), 0, line, view.height);
  for (const at of horizontal) context.fillRect(0, Math.round(view.panY + at * view.zoom), view.width, line);
}

/** The brush at its true size, seen on every ground. */
export function drawBrush(context, view, at, size, colours) {
  const { x, y } = onCanvas(view, at);
  const radius = Math.max(1, (size * view.zoom) / 2);
  const line = Math.max(1, view.scale);
  for (const [colour, more] of [[colours.dark, 0], [colours.light, line]]) {
    context.beginPath();
    context.arc(x, y, radius + more, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.stroke();
  }
  if (radius > 4 * view.scale) return;
  // A very small circle is hard to find.
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    strokePath(context, view, [{ x: x + dx * 6 * view.scale, y: y + dy * 6 * view.scale }, { x: x + dx * 10 * view.scale, y: y + dy * 10 * view.scale }], colours.dark, false);
  }
}

/** What is cut away is shaded; thirds help to compose. */
export function drawCrop(context, view, rect, colours) {
  const { x: left, y: top } = onCanvas(view, rect);
  const { x: right, y: bottom } = onCanvas(view, { x: rect.x + rect.width, y: rect.y + rect.height });
  context.fillStyle = colours.shade;
  context.fillRect(0, 0, view.width, Math.max(0, top));
  context.fillRect(0, bottom, view.width, Math.max(0, view.height - bottom));
  context.fillRect(0, top, Math.max(0, left), bottom - top);
  context.fillRect(right, top, Math.max(0, view.width - right), bottom - top);
  const corner = [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }];
  strokePath(context, view, corner, colours.accent);
  context.globalAlpha = 0.4;
  for (const part of [1 / 3, 2 / 3]) {
    const [x, y] = [left + (right - left) * part, top + (bottom - top) * part];
    strokePath(context, view, [{ x, y: top }, { x, y: bottom }], colours.light, false);
    strokePath(context, view, [{ x: left, y }, { x: right, y }], colours.light, false);
  }
  context.globalAlpha = 1;
  drawRectHandles(context, view, rect, colours);
}

// On the middle of a device pixel, so that one pixel is one pixel wide.
function crisp(view, point) {
  const { x, y } = onCanvas(view, point);
  return { x: Math.round(x) + 0.5, y: Math.round(y) + 0.5 };
}
