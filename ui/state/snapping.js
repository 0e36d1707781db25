// @ts-check
import { union } from "./affine.js";
import { walk } from "./tree.js";

/**
 * Where edges and middles catch on others.
 * @typedef {import("./document.js").Rect} Rect
 * @typedef {import("./layer.js").Layer} Layer
 * @typedef {{ at: number, from: number, to: number }} Line one coordinate, and how far it reaches along the other
 * @typedef {{ vertical: Line[], horizontal: Line[] }} Lines
 */

/** @type {Lines} */
export const noLines = { vertical: [], horizontal: [] };

/**
 * The smallest rectangle around a layer and what is in it; null for an empty group.
 * @param {Layer} layer
 * @returns {Rect | null}
 */
export function boundsOfLayer(layer) {
  if (layer.kind === "pixels") {
    const { x, y, width, height } = layer;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
  }
  return union(layer.children.flatMap((child) => boundsOfLayer(child) ?? []));
}

/**
 * Everything that a moved thing may catch on.
 * @param {import("./document.js").Picture} picture
 * @param {{ layers: boolean, canvas: boolean, guides: boolean }} kinds
 * @param {number[]} moving these layers, and what is in them, do not catch on themselves
 * @returns {Lines}
 */
export function snapLines(picture, kinds, moving) {
  const still = kinds.layers ? stillLayers(picture.layers, new Set(moving)) : [];
  const rects = still.flatMap((layer) => boundsOfLayer(layer) ?? []);
  if (kinds.canvas) rects.push(picture);
  const { vertical = [], horizontal = [] } = (kinds.guides && picture.guides) || {};
  return {
    vertical: [
      ...rects.flatMap(({ x, y, width, height }) => thirds(x, width).map((at) => ({ at, from: y, to: y + height }))),
      ...vertical.map((at) => ({ at, from: picture.y, to: picture.y + picture.height })),
    ],
    horizontal: [
      ...rects.flatMap(({ x, y, width, height }) => thirds(y, height).map((at) => ({ at, from: x, to: x + width }))),
      ...horizontal.map((at) => ({ at, from: picture.x, to: picture.x + picture.width })),
    ],
  };
}

/**
 * How far a rectangle moves to lie on the nearest lines, and the lines that it then lies on.
 * @param {Rect} rect
 * @param {Lines} lines
 * @param {number} reach
 * @returns {{ dx: number, dy: number, lines: Lines }}
 */
export function snapRect({ x, y, width, height }, lines, reach) {
  const dx = nearest(thirds(x, width), lines.vertical, reach);
  const dy = nearest(thirds(y, height), lines.horizontal, reach);
  const moved = { x: x + (dx ?? 0), y: y + (dy ?? 0), width, height };
  return {
    dx: dx ?? 0,
    dy: dy ?? 0,
    lines: {
      vertical: dx === null ? [] : touched(thirds(moved.x, width), lines.vertical, moved.y, height),
      horizontal: dy === null ? [] : touched(thirds(moved.y, height), lines.horizontal, moved.x, width),
    },
  };
}

/**
 * The same for one point.
 * @param {{ x: number, y: number }} point
 * @param {Lines} lines
 * @param {number} reach
 */
export function snapPoint({ x, y }, lines, reach) {
  return snapRect({ x, y, width: 0, height: 0 }, lines, reach);
}

function stillLayers(layers, moving) {
  return layers.flatMap((layer) => {
    if (!layer.visible || moving.has(layer.id)) return [];
    // A group that holds what moves would catch it on its own edge.
    if (layer.kind !== "group") return [layer];
    const holds = [...walk(layer.children)].some(({ id }) => moving.has(id));
    return [...(holds ? [] : [layer]), ...stillLayers(layer.children, moving)];
  });
}

function thirds(start, length) {
  return length === 0 ? [start] : [start, start + length / 2, start + length];
}

function nearest(values, lines, reach) {
  let best = null;
  for (const value of values) {
    for (const { at } of lines) {
      const by = at - value;
      if (Math.abs(by) <= reach && (best === null || Math.abs(by) < Math.abs(best))) best = by;
    }
  }
  return best;
}

// One line for each coordinate, as long as everything that lies on it.
function touched(values, lines, start, length) {
  const found = new Map();
  for (const line of lines) {
    if (!values.some((value) => Math.abs(value - line.at) < 0.01)) continue;
    const before = found.get(line.at) ?? { at: line.at, from: start, to: start + length };
    found.set(line.at, { at: line.at, from: Math.min(before.from, line.from), to: Math.max(before.to, line.to) });
  }
  return [...found.values()];
}
