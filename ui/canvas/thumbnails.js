// @ts-check

const SIDE = 40;

/** @typedef {import("../state/document.js").ImageId} ImageId */

/**
 * Small pictures of images, for lists.
 * @param {import("./renderer.js").Bitmaps} bitmaps
 */
export function createThumbnails(bitmaps) {
  /** @type {Map<ImageId, Set<HTMLCanvasElement>>} */
  const waiting = new Map();

  function draw(canvas, bitmap) {
    const side = Math.round(SIDE * (devicePixelRatio || 1));
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

  return {
    /** @param {HTMLCanvasElement} canvas @param {ImageId} imageId */
    show(canvas, imageId) {
      const bitmap = bitmaps.get(imageId);
      if (bitmap) {
        draw(canvas, bitmap);
        return;
      }
      const canvases = waiting.get(imageId) ?? new Set();
      waiting.set(imageId, canvases.add(canvas));
    },

    /** @param {ImageId} imageId */
    loaded(imageId) {
      const bitmap = bitmaps.get(imageId);
      const canvases = waiting.get(imageId);
      waiting.delete(imageId);
      if (bitmap && canvases) for (const canvas of canvases) draw(canvas, bitmap);
    },
  };
}
