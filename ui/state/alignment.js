// @ts-check

/**
 * How far layers move to lie in line.
 * @typedef {import("./document.js").Rect} Rect
 * @typedef {{ id: number, rect: Rect }} Box
 * @typedef {{ id: number, dx: number, dy: number }} Offset
 * @typedef {"left" | "center" | "right" | "top" | "middle" | "bottom"} Edge
 */

/** @type {Edge[]} */
export const EDGES = ["left", "center", "right", "top", "middle", "bottom"];

/**
 * @param {Box[]} boxes
 * @param {Edge} edge
 * @param {Rect} to
 * @returns {Offset[]} by whole pixels; without those that stay
 */
export function align(boxes, edge, to) {
  return boxes.map(({ id, rect }) => {
    const x = { left: to.x, center: to.x + (to.width - rect.width) / 2, right: to.x + to.width - rect.width }[edge];
    const y = { top: to.y, middle: to.y + (to.height - rect.height) / 2, bottom: to.y + to.height - rect.height }[edge];
    return { id, dx: Math.round((x ?? rect.x) - rect.x), dy: Math.round((y ?? rect.y) - rect.y) };
  }).filter(moves);
}

/**
 * The same gap between neighbours; the outer two stay.
 * @param {Box[]} boxes
 * @param {"horizontal" | "vertical"} direction
 * @returns {Offset[]}
 */
export function distribute(boxes, direction) {
  if (boxes.length < 3) return [];
  const [start, length] = direction === "horizontal" ? ["x", "width"] : ["y", "height"];
  const sorted = [...boxes].sort((a, b) => a.rect[start] + a.rect[length] / 2 - b.rect[start] - b.rect[length] / 2);
  const first = sorted[0].rect;
  const last = sorted[sorted.length - 1].rect;
  const room = last[start] + last[length] - first[start];
  const gap = (room - sorted.reduce((sum, { rect }) => sum + rect[length], 0)) / (sorted.length - 1);
  let next = first[start];
  return sorted.map(({ id, rect }) => {
    const by = Math.round(next) - rect[start];
    next += rect[length] + gap;
    return direction === "horizontal" ? { id, dx: by, dy: 0 } : { id, dx: 0, dy: by };
  }).filter(({ id }) => id !== sorted[0].id && id !== sorted[sorted.length - 1].id).filter(moves);
}

function moves({ dx, dy }) {
  return dx !== 0 || dy !== 0;
}
