// @ts-check
import { SIDE, atLevel, tileSize } from "./places.js";

/**
 * Tiles cut from whole images and renders, for a Rust that gives only those.
 * @typedef {{ width: number, height: number, pixels: Uint8ClampedArray }} Whole
 * @typedef {import("./places.js").TilePlace} TilePlace
 * @param {object} outside
 * @param {(id: number) => Promise<Whole>} outside.loadImage
 * @param {(image: { id: number, width: number, height: number }, maxSide: number) => Promise<Whole>} outside.renderImage made small
 * @param {(picture: import("../state/document.js").Picture, maxSide: number | null) => Promise<Whole>} outside.render
 */
export function createWholeImages({ loadImage, renderImage, render }) {
  /** @type {Map<string, Promise<Whole>>} the latest few */
  const images = new Map();
  /** @type {{ picture: object, level: number, whole: Promise<Whole> } | null} */
  let rendered = null;

  function kept(key, load) {
    if (!images.has(key)) images.set(key, load());
    const found = /** @type {Promise<Whole>} */ (images.get(key));
    found.catch(() => images.delete(key));
    for (const oldest of images.keys()) {
      if (images.size <= 4) break;
      images.delete(oldest);
    }
    return found;
  }

  return {
    /**
     * @param {number} id
     * @param {number} level
     * @param {TilePlace[]} list
     * @param {{ width: number, height: number } | null} [size]
     * @returns {Promise<Uint8Array>}
     */
    async loadTiles(id, level, list, size = null) {
      if (level === 0 || !size) {
        const whole = await kept(`${id}`, () => loadImage(id));
        return joined(list.map(([tx, ty]) => tileOf(whole, level, tx, ty)));
      }
      // Small levels are made small by Rust; the whole never comes here for them.
      const side = atLevel(Math.max(size.width, size.height), level);
      const small = await kept(`${id} ${level}`, () => renderImage({ id, ...size }, side));
      return joined(list.map(([tx, ty]) => {
        const { width, height } = tileSize(size, level, tx, ty);
        return cut(small, tx * SIDE, ty * SIDE, width, height);
      }));
    },

    /** @param {import("../state/document.js").Picture} picture @param {number} level @param {TilePlace[]} list @returns {Promise<Uint8Array>} */
    async renderTiles(picture, level, list) {
      if (rendered?.picture !== picture || rendered.level !== level) {
        const side = level === 0 ? null : atLevel(Math.max(picture.width, picture.height), level);
        rendered = { picture, level, whole: render(picture, side) };
      }
      const whole = await rendered.whole;
      return joined(list.map(([tx, ty]) => {
        const { width, height } = tileSize(picture, level, tx, ty);
        return cut(whole, tx * SIDE, ty * SIDE, width, height);
      }));
    },
  };
}

function joined(parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

// A render may be a pixel smaller than the level.
function cut(whole, left, top, width, height) {
  const result = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    const row = Math.min(whole.height - 1, top + y) * whole.width;
    for (let x = 0; x < width; x += 1) {
      const from = 4 * (row + Math.min(whole.width - 1, left + x));
      result.set(whole.pixels.subarray(from, from + 4), 4 * (y * width + x));
    }
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
