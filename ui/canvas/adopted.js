// @ts-check
import { SIDE, atLevel, tileSize } from "./places.js";

/** @typedef {{ width: number, height: number, pixels: Uint8ClampedArray }} Whole */

/**
 * Gives the tiles of an image that is here as a whole, so that it is seen at once.
 * @param {ReturnType<typeof import("./tiles.js").createTiles>} tiles
 * @param {number} id
 * @param {Whole} whole
 */
export function adoptImage(tiles, id, whole) {
  tiles.describe(id, whole.width, whole.height);
  for (let level = 0; ; level += 1) {
    const [columns, rows] = [whole.width, whole.height].map((side) => Math.ceil(atLevel(side, level) / SIDE));
    for (let ty = 0; ty < rows; ty += 1) {
      for (let tx = 0; tx < columns; tx += 1) {
        tiles.put(id, level, tx, ty, new Uint8ClampedArray(tileOf(whole, level, tx, ty).buffer));
      }
    }
    if (columns * rows === 1) return;
  }
}

function cut(whole, left, top, width, height) {
  const result = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    const from = 4 * ((top + y) * whole.width + left);
    result.set(whole.pixels.subarray(from, from + 4 * width), 4 * y * width);
  }
  return result;
}

// The average of each square, weighted by alpha.
function tileOf(whole, level, tx, ty) {
  const { width, height } = tileSize(whole, level, tx, ty);
  if (level === 0) return cut(whole, tx * SIDE, ty * SIDE, width, height);
  const result = new Uint8Array(width * height * 4);
  const side = 2 ** level;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [left, top] = [(tx * SIDE + x) * side, (ty * SIDE + y) * side];
      const [right, bottom] = [Math.min(whole.width, left + side), Math.min(whole.height, top + side)];
      let [red, green, blue, alpha] = [0, 0, 0, 0];
      for (let sy = top; sy < bottom; sy += 1) {
        for (let at = 4 * (sy * whole.width + left); at < 4 * (sy * whole.width + right); at += 4) {
          const weight = whole.pixels[at + 3];
          red += whole.pixels[at] * weight;
          green += whole.pixels[at + 1] * weight;
          blue += whole.pixels[at + 2] * weight;
          alpha += weight;
        }
      }
      if (alpha === 0) continue;
      const count = (right - left) * (bottom - top);
      result.set([red / alpha, green / alpha, blue / alpha, alpha / count].map(Math.round), 4 * (y * width + x));
    }
  }
  return result;
}
