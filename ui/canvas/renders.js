// @ts-check
import { looksLike } from "../state/drawing.js";
import { toWire } from "../state/wire.js";

/**
 * Pictures that Rust composites, because the layers cannot be drawn here one over the other. The
 * old one stays until the new one is there.
 * @typedef {import("../state/document.js").Picture} Picture
 * @typedef {{ picture: Picture, side: number, bitmap: ImageBitmap }} Render
 */

/** Sizes double from here, so that zooming asks for few of them. */
const SMALLEST_SIDE = 512;

/**
 * @param {object} outside
 * @param {(document: import("../state/wire.js").DocumentWire, maxSide: number | null) => Promise<{ width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer> }>} outside.render
 * @param {(work: () => void) => void} outside.later after a moment, so that a drag of a slider asks less often
 * @param {() => void} outside.onRendered
 * @param {(error: any) => void} outside.onFailed
 */
export function createRenders({ render, later, onRendered, onFailed }) {
  /** @type {Render | null} */
  let shown = null;
  /** @type {{ picture: Picture, side: number } | null} */
  let wanted = null;
  /** @type {{ picture: Picture, side: number } | null} what failed is not asked for again */
  let failed = null;
  let busy = false;

  const covers = (have, picture, side) => have !== null && have.side >= side && looksLike(have.picture, picture);

  function plan() {
    if (busy) return;
    busy = true;
    later(async () => {
      const asked = wanted;
      wanted = null;
      if (asked) await fetchRender(asked);
      busy = false;
      if (wanted) plan();
    });
  }

  async function fetchRender({ picture, side }) {
    const whole = side >= Math.max(picture.width, picture.height);
    try {
      const { width, height, pixels } = await render(toWire(picture), whole ? null : side);
      const bitmap = await createImageBitmap(new ImageData(pixels, width, height), {
        premultiplyAlpha: "premultiply",
        colorSpaceConversion: "none",
      });
      shown?.bitmap.close();
      shown = { picture, side, bitmap };
      onRendered();
    } catch (error) {
      failed = { picture, side };
      onFailed(error);
    }
  }

  return {
    /**
     * The newest render of this document, and asks for a better one where it is old or too small.
     * @param {Picture} picture
     * @param {number} zoom device pixels per image pixel
     * @returns {Render | null}
     */
    get(picture, zoom) {
      const longest = Math.max(picture.width, picture.height);
      let side = SMALLEST_SIDE;
      while (side < longest && side < longest * zoom) side *= 2;
      if (!covers(shown, picture, side) && !covers(failed, picture, side)) {
        wanted = { picture, side };
        plan();
      }
      return shown?.picture.documentId === picture.documentId ? shown : null;
    },

    /** Frees the memory when nothing needs it. */
    clear() {
      shown?.bitmap.close();
      shown = null;
    },
  };
}
