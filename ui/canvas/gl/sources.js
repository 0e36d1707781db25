// @ts-check
import { SIDE, atLevel, meet, reach, tileSize } from "../places.js";
import { isMask } from "../tiles.js";

/**
 * Which tiles of images a tile of the picture is made of.
 * @typedef {import("../../state/document.js").Rect} Rect
 * @typedef {{ picture: any, level: number, tx: number, ty: number }} Spot a tile of the picture
 * @typedef {{ slots: number[], offset: number[], inside: number[] }} Window four tiles around it; `inside` is where the image lies
 */

/** Where a tile of the picture begins, in pixels of its level. @param {Spot} spot */
const originOf = ({ tx, ty }) => ({ x: tx * SIDE, y: ty * SIDE });

/** The tile's rectangle in the coordinates of layers. @param {Spot} spot @param {Rect} [part] of the tile, in pixels of its level @returns {Rect} */
export function coveredBy({ picture, level, tx, ty }, part = { x: 0, y: 0, width: SIDE, height: SIDE }) {
  const scale = 2 ** level;
  return {
    x: picture.x + (tx * SIDE + part.x) * scale,
    y: picture.y + (ty * SIDE + part.y) * scale,
    width: part.width * scale,
    height: part.height * scale,
  };
}

/** Where an image's corner is on the tile. @param {Spot} spot @param {{ x: number, y: number }} place */
export function cornerOn(spot, { x, y }) {
  const origin = originOf(spot);
  const scale = 2 ** spot.level;
  return { x: Math.round((x - spot.picture.x) / scale) - origin.x, y: Math.round((y - spot.picture.y) / scale) - origin.y };
}

/**
 * @param {Spot} spot
 * @param {Rect} image where it lies
 * @param {(tx: number, ty: number) => number} slotOf -1 for nothing
 * @returns {Window}
 */
export function windowOn(spot, image, slotOf) {
  const corner = cornerOn(spot, image);
  const first = { x: Math.floor(-corner.x / SIDE), y: Math.floor(-corner.y / SIDE) };
  const offset = [-corner.x - first.x * SIDE, -corner.y - first.y * SIDE];
  const [width, height] = [atLevel(image.width, spot.level), atLevel(image.height, spot.level)];
  const [columns, rows] = [Math.ceil(width / SIDE), Math.ceil(height / SIDE)];
  const slots = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([i, j]) => {
    const [tx, ty] = [first.x + i, first.y + j];
    // The second column and row are seen only where the image does not begin with the tile.
    if ((i === 1 && offset[0] === 0) || (j === 1 && offset[1] === 0)) return -1;
    return tx < 0 || ty < 0 || tx >= columns || ty >= rows ? -1 : slotOf(tx, ty);
  });
  const [left, top] = [-first.x * SIDE, -first.y * SIDE];
  return { slots, offset, inside: [left, top, left + width, top + height] };
}

/**
 * Every image tile that a tile of the picture needs.
 * @param {Spot} spot
 * @param {(id: number) => { width: number, height: number } | null} sizeOf
 * @param {(id: number, level: number, tx: number, ty: number) => void} need
 * @returns {boolean} false where a size is not known, so that only Rust can tell
 */
export function needs(spot, sizeOf, need) {
  const area = coveredBy(spot);
  return needsOf(spot.picture.layers, spot, area, sizeOf, need);
}

function needsOf(layers, spot, area, sizeOf, need) {
  let known = true;
  for (const layer of layers) {
    const reached = layer.visible && reach(layer);
    if (!reached || !meet(reached, area)) continue;
    if (layer.mask?.enabled && layer.live?.kind !== "mask") known = maskNeeds(layer.mask, spot, sizeOf, need) && known;
    if (layer.kind === "group") {
      known = needsOf(layer.children, spot, area, sizeOf, need) && known;
    } else if (layer.imageId !== 0 && !layer.matrix) {
      imageNeeds(layer.imageId, layer, spot, need);
    } else if (layer.imageId !== 0) {
      turnedTiles(layer, spot.level, ({ tx, ty }) => need(layer.imageId, spot.level, tx, ty));
    }
  }
  return known;
}

function maskNeeds(mask, spot, sizeOf, need) {
  const size = maskSize(mask, sizeOf);
  if (!size) return false;
  if (size.width > 0) imageNeeds(mask.id, { x: mask.x, y: mask.y, ...size }, spot, need);
  return true;
}

/**
 * A mask may have no pixels at all; null where it is not known.
 * @param {import("../../state/layer.js").Mask} mask
 * @param {(id: number) => { width: number, height: number } | null} sizeOf
 */
export function maskSize({ id, width, height }, sizeOf) {
  return width !== undefined && height !== undefined ? { width, height } : sizeOf(id);
}

function imageNeeds(id, image, spot, need) {
  windowOn(spot, image, (tx, ty) => {
    need(id, spot.level, tx, ty);
    return -1;
  });
}

/** All tiles of an image that is turned or scaled. @param {any} image @param {number} level @param {(tile: { tx: number, ty: number, width: number, height: number }) => void} each */
export function turnedTiles(image, level, each) {
  const [columns, rows] = [Math.ceil(atLevel(image.width, level) / SIDE), Math.ceil(atLevel(image.height, level) / SIDE)];
  for (let ty = 0; ty < rows; ty += 1) {
    for (let tx = 0; tx < columns; tx += 1) each({ tx, ty, ...tileSize(image, level, tx, ty) });
  }
}

/** @param {import("../tiles.js").Tile | null} tile @param {string} key @param {number} id @param {{ colours: any, masks: any }} pools */
export function slotFor(tile, key, id, pools) {
  if (!tile || (tile.clear && !isMask(id))) return -1;
  return (isMask(id) ? pools.masks : pools.colours).slot(key, tile);
}
