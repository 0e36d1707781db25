// @ts-check
import * as actions from "../state/actions.js";
import { walk } from "../state/tree.js";
import { toWire } from "../state/wire.js";
import { strings } from "../strings.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {import("../state/layer.js").Layer} Layer
 * @typedef {import("../state/layer.js").Rect} Rect
 */

/** Tiles of images and masks have this side. */
const TILE = 256;

/**
 * What layers cover, whether it is seen or not; null when they have no pixels.
 * @param {Layer[]} layers
 * @returns {Rect | null}
 */
export function boundsOf(layers) {
  const placed = [...walk(layers)].filter((layer) => layer.kind === "pixels" && layer.imageId !== 0 && layer.width > 0);
  if (placed.length === 0) return null;
  const x = Math.min(...placed.map((layer) => layer.x));
  const y = Math.min(...placed.map((layer) => layer.y));
  return {
    x,
    y,
    width: Math.max(...placed.map((layer) => layer.x + layer.width)) - x,
    height: Math.max(...placed.map((layer) => layer.y + layer.height)) - y,
  };
}

/**
 * Layers as a document that is as large as they are: nothing is cut at the picture's edge.
 * @param {import("../state/document.js").Picture} picture they are from
 * @param {Layer[]} layers
 */
export function documentOf(picture, layers) {
  const bounds = boundsOf(layers) ?? picture;
  const { x, y, width, height } = bounds;
  return { origin: { x, y }, document: toWire({ ...picture, x, y, width, height, layers }) };
}

/**
 * One image of several layers, where they are in the picture.
 * @param {Ipc} ipc
 * @param {import("../state/document.js").Picture} picture
 * @param {Layer[]} layers
 */
export async function newPixels(ipc, picture, layers) {
  if (boundsOf(layers) === null) return { imageId: 0, x: 0, y: 0, width: 0, height: 0, bytes: 0 };
  const { origin, document } = documentOf(picture, layers);
  const { imageId, x, y, width, height, bytes } = await ipc.flattenLayers(document);
  return { imageId, x: x + origin.x, y: y + origin.y, width, height, bytes };
}

/**
 * All pixels of a mask, a byte each.
 * @param {Ipc} ipc
 * @param {{ id: number, width: number, height: number }} mask
 */
export async function readMask(ipc, { id, width, height }) {
  const list = [];
  for (let ty = 0; ty * TILE < height; ty += 1) for (let tx = 0; tx * TILE < width; tx += 1) list.push([tx, ty]);
  const raw = await ipc.loadTiles(id, 0, list);
  const bytes = raw instanceof Uint8Array ? raw : new Uint8Array(/** @type {any} */ (raw));
  const pixels = new Uint8Array(width * height);
  let at = 0;
  for (const [tx, ty] of list) {
    const across = Math.min(TILE, width - tx * TILE);
    const down = Math.min(TILE, height - ty * TILE);
    for (let row = 0; row < down; row += 1) {
      pixels.set(bytes.subarray(at, at + across), (ty * TILE + row) * width + tx * TILE);
      at += across;
    }
  }
  return pixels;
}

/**
 * Says over the canvas what went wrong; new pixels stay until they have their place.
 * @param {Store} store
 * @param {Pick<ReturnType<typeof import("./images.js").createImageEffects>, "hold">} images
 * @param {() => Promise<void>} work
 */
export async function told(store, images, work) {
  try {
    await images.hold(work);
  } catch (error) {
    if (error?.code !== "cancelled") store.dispatch(actions.noticeShown("error", strings.errorText(error ?? {})));
  }
}
