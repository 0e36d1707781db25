// @ts-check

const TILE = 256;
const SIDE = 40;

/**
 * Small pictures of masks, for lists: white shows, black hides.
 * @param {(id: number, level: number, list: number[][]) => Promise<ArrayBuffer | Uint8Array>} loadTiles
 */
export function createMaskThumbnails(loadTiles) {
  /** @type {Map<number, Promise<ImageBitmap | null>>} */
  const made = new Map();
  /** @type {WeakMap<HTMLCanvasElement, number>} */
  const wanted = new WeakMap();

  async function make({ id, width, height }) {
    try {
      let level = 0;
      while (Math.max(width, height) > TILE * 2 ** level) level += 1;
      const [w, h] = [width, height].map((side) => Math.ceil(side / 2 ** level));
      const raw = await loadTiles(id, level, [[0, 0]]);
      const bytes = raw instanceof Uint8Array ? raw : new Uint8Array(raw);
      const pixels = new Uint8ClampedArray(w * h * 4).fill(255);
      for (let at = 0; at < w * h; at += 1) pixels.fill(bytes[at], 4 * at, 4 * at + 3);
      return await createImageBitmap(new ImageData(pixels, w, h));
    } catch {
      // As for pictures: a missing thumbnail is not worth a word.
      made.delete(id);
      return null;
    }
  }

  return {
    /** @param {HTMLCanvasElement} canvas @param {import("../state/layer.js").Mask} mask */
    show(canvas, mask) {
      const { id, width, height, outside } = mask;
      wanted.set(canvas, id);
      const side = Math.round(SIDE * (devicePixelRatio || 1));
      canvas.width = canvas.height = side;
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.fillStyle = outside > 127 ? "#fff" : "#000";
      context.fillRect(0, 0, side, side);
      if (!width || !height) return;
      if (!made.has(id)) made.set(id, make({ id, width, height }));
      void made.get(id)?.then((bitmap) => {
        if (!bitmap || wanted.get(canvas) !== id) return;
        const scale = Math.min(side / bitmap.width, side / bitmap.height);
        const [w, h] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * scale)));
        context.drawImage(bitmap, Math.floor((side - w) / 2), Math.floor((side - h) / 2), w, h);
      });
    },

    /** Forgets all others. @param {Iterable<number>} ids */
    retain(ids) {
      const held = new Set(ids);
      for (const id of made.keys()) if (!held.has(id)) made.delete(id);
    },
  };
}
