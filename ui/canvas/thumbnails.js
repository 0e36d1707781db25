// @ts-check
import { imageAsDocument } from "../state/wire.js";

const SIDE = 40;
/** Images above this many pixels are made small by Rust, and never come here whole for their thumbnail. */
const SMALL_PIXELS = 512 * 512;
const RENDERED_SIDE = 96;

/**
 * @typedef {import("../state/document.js").ImageId} ImageId
 * @typedef {{ id: ImageId, width: number, height: number }} Image
 */

/**
 * Small pictures of images, for lists.
 * @param {import("./renderer.js").Bitmaps} bitmaps
 * @param {(document: import("../state/wire.js").DocumentWire, maxSide: number) => Promise<{ width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer> }>} render
 */
export function createThumbnails(bitmaps, render) {
  /** @type {Map<ImageId, Set<HTMLCanvasElement>>} */
  const waiting = new Map();
  /** @type {Map<ImageId, Promise<ImageBitmap | null>>} */
  const rendered = new Map();
  /** @type {WeakMap<HTMLCanvasElement, ImageId>} what a canvas is to show; what comes late for another is left */
  const wanted = new WeakMap();

  function draw(canvas, bitmap) {
    const side = Math.round((Number(canvas.dataset.side) || SIDE) * (devicePixelRatio || 1));
    canvas.width = side;
    canvas.height = side;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const scale = Math.min(side / bitmap.width, side / bitmap.height);
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    context.imageSmoothingEnabled = scale < 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, Math.floor((side - width) / 2), Math.floor((side - height) / 2), width, height);
  }

  async function makeSmall(image) {
    try {
      const { width, height, pixels } = await render(imageAsDocument(image), RENDERED_SIDE);
      return await createImageBitmap(new ImageData(pixels, width, height));
    } catch {
      // A thumbnail that is missing is not worth a word; it is tried again when it is next shown.
      rendered.delete(image.id);
      return null;
    }
  }

  return {
    /** @param {HTMLCanvasElement} canvas @param {Image} image */
    show(canvas, image) {
      const { id, width, height } = image;
      wanted.set(canvas, id);
      if (width * height > SMALL_PIXELS) {
        if (!rendered.has(id)) rendered.set(id, makeSmall(image));
        void rendered.get(id)?.then((bitmap) => {
          if (bitmap && wanted.get(canvas) === id) draw(canvas, bitmap);
        });
        return;
      }
      if (id === 0) {
        canvas.width = canvas.height = SIDE;
        return;
      }
      const bitmap = bitmaps.get(id);
      if (bitmap) {
        draw(canvas, bitmap);
        return;
      }
      const canvases = waiting.get(id) ?? new Set();
      waiting.set(id, canvases.add(canvas));
    },

    /** @param {ImageId} id */
    loaded(id) {
      const bitmap = bitmaps.get(id);
      const canvases = waiting.get(id);
      waiting.delete(id);
      if (!bitmap || !canvases) return;
      for (const canvas of canvases) if (wanted.get(canvas) === id) draw(canvas, bitmap);
    },

    /** Forgets all others. @param {Iterable<ImageId>} ids */
    retain(ids) {
      const held = new Set(ids);
      for (const id of rendered.keys()) if (!held.has(id)) rendered.delete(id);
    },
  };
}
