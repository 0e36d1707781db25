// @ts-check

/** @typedef {import("../state/document.js").ImageId} ImageId */

/**
 * The browser's copies of images, by id. Loads what is asked for and not there yet.
 * @param {object} outside
 * @param {(id: ImageId) => Promise<{ width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer> }>} outside.loadImage
 * @param {(id: ImageId) => void} outside.onLoaded
 * @param {(id: ImageId) => void} outside.onFailed
 */
export function createBitmaps({ loadImage, onLoaded, onFailed }) {
  /** @type {Map<ImageId, ImageBitmap | null>} null while it is loaded, or when it cannot be */
  const bitmaps = new Map();
  /** @type {Map<ImageId, Promise<void>>} */
  const loading = new Map();

  function load(id) {
    bitmaps.set(id, null);
    const loaded = fetchBitmap(id).finally(() => loading.delete(id));
    loading.set(id, loaded);
    return loaded;
  }

  async function fetchBitmap(id) {
    try {
      const { width, height, pixels } = await loadImage(id);
      // The pixels have straight alpha, which is what ImageData means; the bitmap premultiplies.
      const bitmap = await createImageBitmap(new ImageData(pixels, width, height), {
        premultiplyAlpha: "premultiply",
        colorSpaceConversion: "none",
      });
      if (!bitmaps.has(id)) {
        bitmap.close();
        return;
      }
      bitmaps.set(id, bitmap);
      onLoaded(id);
    } catch {
      if (bitmaps.has(id)) onFailed(id);
    }
  }

  return {
    /**
     * @param {ImageId} id
     * @returns {ImageBitmap | null} null until it is loaded
     */
    get(id) {
      if (!bitmaps.has(id)) void load(id);
      return bitmaps.get(id) ?? null;
    },

    /** Resolves when the bitmap is there, or cannot be. @param {ImageId} id @returns {Promise<void>} */
    async prepare(id) {
      await (bitmaps.has(id) ? loading.get(id) : load(id));
    },

    /** Forgets all others. @param {Iterable<ImageId>} ids */
    retain(ids) {
      const held = new Set(ids);
      for (const [id, bitmap] of bitmaps) {
        if (held.has(id)) continue;
        bitmaps.delete(id);
        bitmap?.close();
      }
    },
  };
}
