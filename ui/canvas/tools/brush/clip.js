// @ts-check

/**
 * How much of each pixel of a place is selected: null for all, a promise while the selection's pixels come.
 * @typedef {import("../../../state/document.js").Rect} Rect
 */

const SIDE = 256;

/**
 * @param {import("./surface.js").Tiles} tiles
 * @param {(Rect & { id: number }) | null} selection
 * @param {Rect} place in the document
 * @returns {Uint8Array | null | Promise<Uint8Array | null>}
 */
export function clipOfTile(tiles, selection, place) {
  if (!selection) return null;
  const list = tilesOver(selection, place);
  const missing = list.filter(([tx, ty]) => tiles.get(selection.id, 0, tx, ty) === null);
  if (missing.length === 0) return cut(tiles, selection, place, list);
  return tiles.load(selection.id, 0, missing).then(() => cut(tiles, selection, place, list));
}

function tilesOver(selection, place) {
  const left = Math.max(0, place.x - selection.x);
  const top = Math.max(0, place.y - selection.y);
  const right = Math.min(selection.width, place.x + place.width - selection.x);
  const bottom = Math.min(selection.height, place.y + place.height - selection.y);
  const list = [];
  for (let ty = Math.floor(top / SIDE); ty * SIDE < bottom; ty += 1) {
    for (let tx = Math.floor(left / SIDE); tx * SIDE < right; tx += 1) list.push(/** @type {[number, number]} */ ([tx, ty]));
  }
  return list;
}

function cut(tiles, selection, place, list) {
  const clip = new Uint8Array(place.width * place.height);
  for (const [tx, ty] of list) {
    const pixels = tiles.get(selection.id, 0, tx, ty);
    // Pixels that cannot be had are not selected.
    if (!pixels) continue;
    const width = Math.min(SIDE, selection.width - tx * SIDE);
    const height = Math.min(SIDE, selection.height - ty * SIDE);
    const [x, y] = [selection.x + tx * SIDE - place.x, selection.y + ty * SIDE - place.y];
    const [left, right] = [Math.max(0, x), Math.min(place.width, x + width)];
    if (left >= right) continue;
    for (let row = Math.max(0, y); row < Math.min(place.height, y + height); row += 1) {
      const from = (row - y) * width + left - x;
      clip.set(pixels.subarray(from, from + right - left), row * place.width + left);
    }
  }
  return clip;
}
