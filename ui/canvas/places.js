// @ts-check

/**
 * Where tiles lie. A picture and every image have a grid of their own, from their corner; level n
 * is 1/2^n of the size, rounded up.
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {[number, number]} TilePlace
 */

export const SIDE = 256;
/** Level 12 of the largest picture is a pixel. */
export const MOST_LEVELS = 12;

/** @param {number} length @param {number} level */
export const atLevel = (length, level) => Math.max(1, Math.ceil(length / 2 ** level));

/** The level that has at least the pixels that this zoom shows. @param {number} zoom */
export function levelFor(zoom) {
  // A hair beside a power of two is that power.
  return zoom >= 1 ? 0 : Math.min(MOST_LEVELS, Math.floor(Math.log2(1 / zoom) + 1e-6));
}

/** The size of a tile, cut at the edge. @param {{ width: number, height: number }} size of the image @param {number} level @param {number} tx @param {number} ty */
export function tileSize({ width, height }, level, tx, ty) {
  return {
    width: Math.min(SIDE, atLevel(width, level) - tx * SIDE),
    height: Math.min(SIDE, atLevel(height, level) - ty * SIDE),
  };
}

/** The tiles that a rectangle of level 0 touches. @param {Rect} rect @param {{ width: number, height: number }} size @param {number} level @returns {TilePlace[]} */
export function tilesIn(rect, size, level) {
  const reach = 2 ** level;
  const last = { x: Math.ceil(atLevel(size.width, level) / SIDE) - 1, y: Math.ceil(atLevel(size.height, level) / SIDE) - 1 };
  const from = { x: Math.max(0, Math.floor(rect.x / reach / SIDE)), y: Math.max(0, Math.floor(rect.y / reach / SIDE)) };
  const to = {
    x: Math.min(last.x, Math.ceil((rect.x + rect.width) / reach / SIDE) - 1),
    y: Math.min(last.y, Math.ceil((rect.y + rect.height) / reach / SIDE) - 1),
  };
  /** @type {TilePlace[]} */
  const found = [];
  for (let ty = from.y; ty <= to.y; ty += 1) for (let tx = from.x; tx <= to.x; tx += 1) found.push([tx, ty]);
  return found;
}

/** @param {Rect} a @param {Rect} b @returns {Rect | null} */
export function meet(a, b) {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** @param {Rect | null} a @param {Rect | null} b @returns {Rect | null} */
export function join(a, b) {
  if (!a || !b) return a ?? b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x, y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** Where a layer can change anything. @param {any} layer @returns {Rect | null} */
export function reach(layer) {
  if (layer.kind !== "group") {
    if (layer.imageId === 0 && !layer.live) return null;
    if (layer.matrix) return turnedBounds(layer, layer.matrix);
    const { x, y, width, height } = layer.live?.kind === "pixels" ? layer.live : layer;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
  }
  return layer.children.reduce((all, child) => (child.visible ? join(all, reach(child)) : all), /** @type {Rect | null} */ (null));
}

function turnedBounds({ x, y, width, height }, [a, b, c, d, e, f]) {
  const corners = [[x, y], [x + width, y], [x, y + height], [x + width, y + height]]
    .map(([px, py]) => [a * px + c * py + e, b * px + d * py + f]);
  const xs = corners.map(([px]) => px);
  const ys = corners.map(([, py]) => py);
  const [left, top] = [Math.floor(Math.min(...xs)) - 1, Math.floor(Math.min(...ys)) - 1];
  return { x: left, y: top, width: Math.ceil(Math.max(...xs)) + 1 - left, height: Math.ceil(Math.max(...ys)) + 1 - top };
}
