// @ts-check
import { atLevel } from "./places.js";

const SIDE = 40;
/** The most pixels that a tile has on one side. */
const TILE = 256;

/**
 * @typedef {import("../state/document.js").ImageId} ImageId
 * @typedef {{ id: ImageId, width: number, height: number }} Image
 */

/**
 * Small pictures of images and masks, for lists: each is one tile of a small level.
 * @param {ReturnType<typeof import("./tiles.js").createTiles>} tiles
 */
export function createThumbnails(tiles) {
  /** @type {WeakMap<HTMLCanvasElement, string>} what a canvas is to show; what comes late for another is left */
  const wanted = new WeakMap();

  function show(canvas, { id, width, height }, toPixels) {
    const side = Math.round((Number(canvas.dataset.side) || SIDE) * (devicePixelRatio || 1));
    const level = levelOf(width, height, side);
    const key = `${id} ${level} ${side}`;
    if (wanted.get(canvas) === key) return;
    wanted.set(canvas, key);
    if (id === 0 || !(width > 0 && height > 0)) {
      blank(canvas, side);
      return;
    }
    tiles.describe(id, width, height);
    const tile = tiles.tile(id, level, 0, 0);
    if (tile) {
      draw(canvas, tile, side, toPixels);
      return;
    }
    void tiles.load(id, level, [[0, 0]]).then(() => {
      const loaded = tiles.tile(id, level, 0, 0);
      if (wanted.get(canvas) !== key) return;
      if (loaded) draw(canvas, loaded, side, toPixels);
      // A thumbnail that is missing is not worth a word; it is tried again when it is next shown.
      else wanted.delete(canvas);
    });
  }

  return {
    /** @param {HTMLCanvasElement} canvas @param {Image} image */
    show: (canvas, image) => show(canvas, image, ({ pixels }) => new Uint8ClampedArray(pixels)),

    /** White shows, black hides. @param {HTMLCanvasElement} canvas @param {{ id: ImageId, width?: number, height?: number }} mask */
    showMask(canvas, mask) {
      const size = mask.width ? mask : tiles.sizeOf(mask.id);
      show(canvas, { id: mask.id, width: size?.width ?? 0, height: size?.height ?? 0 }, fromMask);
    },
  };
}

// The smallest level that still has the pixels of a thumbnail, and is one tile.
function levelOf(width, height, side) {
  let level = 0;
  while (atLevel(Math.max(width, height), level) > TILE || atLevel(Math.max(width, height), level + 1) >= side) level += 1;
  return level;
}

function fromMask({ pixels }) {
  const colours = new Uint8ClampedArray(pixels.length * 4);
  pixels.forEach((value, at) => colours.set([value, value, value, 255], at * 4));
  return colours;
}

function blank(canvas, side) {
  canvas.width = canvas.height = side;
}

function draw(canvas, tile, side, toPixels) {
  const whole = new OffscreenCanvas(tile.width, tile.height);
  const wholeContext = /** @type {OffscreenCanvasRenderingContext2D} */ (whole.getContext("2d"));
  wholeContext.putImageData(new ImageData(toPixels(tile), tile.width, tile.height), 0, 0);
  blank(canvas, side);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const scale = Math.min(side / tile.width, side / tile.height);
  const width = Math.max(1, Math.round(tile.width * scale));
  const height = Math.max(1, Math.round(tile.height * scale));
  context.imageSmoothingEnabled = scale < 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, Math.floor((side - width) / 2), Math.floor((side - height) / 2), width, height);
}
