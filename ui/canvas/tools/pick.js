// @ts-check
import { contains } from "../../state/affine.js";

/**
 * Which layer is under a point: the top one that is seen there.
 * @typedef {import("../../state/layer.js").PixelLayer} PixelLayer
 */

const SIDE = 256;
/** Pixels that are fainter than this are seen through. */
const SEEN = 12;

/**
 * @param {import("../../state/document.js").Picture} picture
 * @param {{ x: number, y: number }} point
 * @param {import("./brush/surface.js").Tiles} tiles
 * @returns {Promise<PixelLayer | null>}
 */
export async function layerAt(picture, point, tiles) {
  for (const layer of candidates(picture.layers, point)) {
    const x = Math.floor(point.x) - layer.x;
    const y = Math.floor(point.y) - layer.y;
    const alpha = await pixelOf(tiles, layer.imageId, x, y, layer.width, 4, 3);
    if (alpha < SEEN) continue;
    if (await hidesByMask(layer, point, tiles)) continue;
    return layer;
  }
  return null;
}

// The top one first; what is hidden or empty is not there.
function* candidates(layers, point) {
  for (const layer of [...layers].reverse()) {
    if (!layer.visible || layer.opacity === 0) continue;
    if (layer.kind === "group") yield* candidates(layer.children, point);
    else if (layer.imageId !== 0 && contains(layer, point)) yield layer;
  }
}

async function hidesByMask(layer, point, tiles) {
  const { mask } = layer;
  if (!mask?.enabled || !mask.width) return false;
  const [x, y] = [Math.floor(point.x) - mask.x, Math.floor(point.y) - mask.y];
  if (x < 0 || y < 0 || x >= mask.width || y >= mask.height) return mask.outside < SEEN;
  return (await pixelOf(tiles, mask.id, x, y, mask.width, 1, 0)) < SEEN;
}

async function pixelOf(tiles, id, x, y, width, channels, channel) {
  const [tx, ty] = [Math.floor(x / SIDE), Math.floor(y / SIDE)];
  let pixels = tiles.get(id, 0, tx, ty);
  if (!pixels) {
    try {
      await tiles.load(id, 0, [[tx, ty]]);
    } catch {
      // What cannot be read cannot be seen either.
      return 0;
    }
    pixels = tiles.get(id, 0, tx, ty);
  }
  const across = Math.min(SIDE, width - tx * SIDE);
  return pixels ? pixels[((y - ty * SIDE) * across + x - tx * SIDE) * channels + channel] : 0;
}
