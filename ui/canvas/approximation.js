// @ts-check
import { toCanvas } from "../state/viewport.js";

const SIDE = 256;

/**
 * Painted tiles laid over the picture, for the time until they can be composited: where they lie
 * is right, how they meet other layers is not.
 */
export function createApproximation() {
  /** @type {Map<string, { canvas: OffscreenCanvas, serial: number }>} */
  let drawn = new Map();

  return {
    /**
     * @param {CanvasRenderingContext2D} context
     * @param {import("../state/viewport.js").Viewport} view
     * @param {any} painted
     * @param {number} opacity
     */
    draw(context, view, painted, opacity) {
      context.globalAlpha = opacity;
      for (const [key, pixels] of painted.tiles) {
        const [tx, ty] = key.split(",").map(Number);
        const width = Math.min(SIDE, painted.width - tx * SIDE);
        const height = Math.min(SIDE, painted.height - ty * SIDE);
        const serial = painted.serials.get(key) ?? 0;
        let tile = drawn.get(key);
        if (!tile || tile.serial !== serial) {
          tile = { canvas: tile?.canvas ?? new OffscreenCanvas(SIDE, SIDE), serial };
          const tileContext = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.canvas.getContext("2d"));
          tileContext.putImageData(new ImageData(pixels, width, height), 0, 0);
          drawn.set(key, tile);
        }
        const place = toCanvas(view, { x: painted.x + tx * SIDE, y: painted.y + ty * SIDE, width, height });
        context.drawImage(tile.canvas, 0, 0, width, height, place.x, place.y, place.width, place.height);
      }
      context.globalAlpha = 1;
    },

    clear() {
      drawn = new Map();
    },
  };
}
