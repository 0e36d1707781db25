// @ts-check
import { cutAround } from "./sandwich.js";

const SIDE = 256;

/**
 * Strokes where there is no graphics card: what is below and above the layer comes from Rust once, and
 * the layer is laid between them with its painted tiles in every frame.
 * @param {() => ReturnType<typeof import("./composites.js").createComposites>} createComposites
 * @param {ReturnType<typeof import("./tiles.js").createTiles>} tiles
 */
export function createBrushed(createComposites, tiles) {
  const below = createComposites();
  const own = createComposites();
  const above = createComposites();
  const parts = [below, own, above];
  /** @type {{ picture: any, layerId: number, sandwich: import("./sandwich.js").Sandwich | null }} */
  let cut = { picture: null, layerId: 0, sandwich: null };
  /** @type {any} */
  let painted = null;
  /** @type {Map<string, { canvas: OffscreenCanvas, serial: number, base: string }>} */
  let laid = new Map();
  /** @type {OffscreenCanvas | null} */
  let sheet = null;

  // A tile of the layer as it is painted, with its mask; null while pixels are missing.
  function tileOf(layer, key) {
    const { mask } = layer;
    const serial = painted.serials.get(key) ?? 0;
    const base = `${painted.kind === "mask" ? layer.imageId : 0} ${mask?.enabled ? `${mask.id} ${mask.x} ${mask.y}` : ""}`;
    const known = laid.get(key);
    if (known?.serial === serial && known.base === base) return known.canvas;
    const rect = rectOf(painted, key);
    const values = painted.tiles.get(key);
    const pixels = painted.kind === "pixels" ? values.slice() : cutOut(layer.imageId, layer, rect, 4, 0);
    const shares = painted.kind === "mask" ? values
      : mask?.enabled ? cutOut(mask.id, { width: 0, height: 0, ...tiles.sizeOf(mask.id), x: mask.x, y: mask.y }, rect, 1, mask.outside) : null;
    if (!pixels || (mask?.enabled && !shares)) return null;
    // A mask that is switched off is painted on without being seen.
    if (shares && mask?.enabled) for (let at = 0; at < shares.length; at += 1) pixels[4 * at + 3] = (pixels[4 * at + 3] * shares[at]) / 255;
    const canvas = known?.canvas ?? new OffscreenCanvas(SIDE, SIDE);
    contextOf(canvas).putImageData(new ImageData(pixels, rect.width, rect.height), 0, 0);
    laid.set(key, { canvas, serial, base });
    return canvas;
  }

  // A rectangle of an image, from its tiles at 100 %.
  function cutOut(id, image, rect, channels, outside) {
    const result = new Uint8ClampedArray(rect.width * rect.height * channels).fill(outside);
    const [left, top] = [Math.max(rect.x, image.x), Math.max(rect.y, image.y)];
    const [right, bottom] = [Math.min(rect.x + rect.width, image.x + image.width), Math.min(rect.y + rect.height, image.y + image.height)];
    if (id === 0 || left >= right || top >= bottom) return result;
    for (let ty = Math.floor((top - image.y) / SIDE); ty * SIDE < bottom - image.y; ty += 1) {
      for (let tx = Math.floor((left - image.x) / SIDE); tx * SIDE < right - image.x; tx += 1) {
        const pixels = tiles.get(id, 0, tx, ty);
        if (!pixels) return null;
        const width = Math.min(SIDE, image.width - tx * SIDE);
        const from = Math.max(left, image.x + tx * SIDE);
        const to = Math.min(right, image.x + tx * SIDE + width);
        for (let y = Math.max(top, image.y + ty * SIDE); y < Math.min(bottom, image.y + (ty + 1) * SIDE); y += 1) {
          const start = ((y - image.y - ty * SIDE) * width + from - image.x - tx * SIDE) * channels;
          result.set(pixels.subarray(start, start + (to - from) * channels), ((y - rect.y) * rect.width + from - rect.x) * channels);
        }
      }
    }
    return result;
  }

  function drawOwn(view, level, layer) {
    sheet ??= new OffscreenCanvas(view.width, view.height);
    if (sheet.width !== view.width || sheet.height !== view.height) [sheet.width, sheet.height] = [view.width, view.height];
    const context = contextOf(sheet);
    context.globalAlpha = 1;
    context.clearRect(0, 0, view.width, view.height);
    context.imageSmoothingEnabled = view.zoom < 1;
    let pending = own.draw(context, view, level);
    context.globalAlpha = layer.opacity * layer.fill;
    for (const key of painted.tiles.keys()) {
      const { x, y, width, height } = rectOf(painted, key);
      const place = (value, pan) => Math.round(pan + value * view.zoom);
      const [left, top] = [place(x, view.panX), place(y, view.panY)];
      const [right, bottom] = [place(x + width, view.panX), place(y + height, view.panY)];
      if (right <= 0 || bottom <= 0 || left >= view.width || top >= view.height) continue;
      const tile = tileOf(layer, key);
      pending ||= tile === null;
      if (!tile) continue;
      context.clearRect(left, top, right - left, bottom - top);
      context.drawImage(tile, 0, 0, width, height, left, top, right - left, bottom - top);
    }
    return pending;
  }

  return {
    /** @param {any} next what is painted, see `live.js` @param {import("../state/document.js").Picture} picture */
    hold(next, picture) {
      painted = next;
      if (cut.picture === picture && cut.layerId === next.layerId) return;
      const sandwich = cutAround(picture, new Set([next.layerId]));
      cut = { picture, layerId: next.layerId, sandwich };
      if (!sandwich) return;
      below.update(sandwich.below, sandwich.below, false);
      own.update(sandwich.moved, sandwich.moved, false);
      above.update(sandwich.above, sandwich.above, false);
    },

    isHeld: () => painted !== null,

    /** Whether it can be drawn, and does not only come. @param {import("../state/viewport.js").Viewport} view @param {number} level */
    isReady(view, level) {
      const layers = cut.sandwich?.moved.layers;
      if (layers?.length !== 1 || layers[0].kind === "group") return false;
      for (const part of parts) if (!part.isDrawn(level, view)) part.work(view, level);
      return parts.every((part) => part.isDrawn(level, view));
    },

    /** @param {CanvasRenderingContext2D} context @param {import("../state/viewport.js").Viewport} view @param {number} level @returns {boolean} whether there is more to do */
    draw(context, view, level) {
      if (!cut.sandwich) return false;
      const [layer] = cut.sandwich.moved.layers;
      let pending = below.draw(context, view, level);
      pending = drawOwn(view, level, layer) || pending;
      context.globalCompositeOperation = cut.sandwich.operation;
      context.drawImage(/** @type {OffscreenCanvas} */ (sheet), 0, 0);
      context.globalCompositeOperation = "source-over";
      return above.draw(context, view, level) || pending;
    },

    forget() {
      painted = null;
      cut = { picture: null, layerId: 0, sandwich: null };
      laid = new Map();
      sheet = null;
      for (const part of parts) part.clear();
    },
  };
}

function rectOf({ x, y, width, height }, key) {
  const [tx, ty] = key.split(",").map(Number);
  return { x: x + tx * SIDE, y: y + ty * SIDE, width: Math.min(SIDE, width - tx * SIDE), height: Math.min(SIDE, height - ty * SIDE) };
}

const contextOf = (canvas) => /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
