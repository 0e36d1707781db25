// @ts-check
import { walk } from "./tree.js";

/**
 * What of a picture is drawn, and who can draw it.
 * @typedef {import("./document.js").Picture} Picture
 * @typedef {import("./layer.js").Layer} Layer
 */

/** Above this many pixels in all the layers that are seen, drawing them one by one is slow. */
export const PIXELS_DRAWN_HERE = 16_000_000;

/**
 * The layers that are drawn, bottom first, with the opacity of each.
 * @param {{ layers: Layer[] }} picture
 * @returns {import("./layer.js").PixelLayer[]}
 */
export function drawnLayers({ layers }) {
  return layers.flatMap((layer) => {
    if (!isSeen(layer)) return [];
    if (layer.kind === "group") return drawnLayers({ layers: layer.children });
    return layer.imageId === 0 ? [] : [layer];
  });
}

/**
 * Whether drawing the layers one over the other shows the picture exactly and quickly enough.
 * @param {Picture} picture
 */
export function isDrawnHere(picture) {
  if (!picture.layers.every(isSimple)) return false;
  const pixels = drawnLayers(picture).reduce((sum, { width, height }) => sum + width * height, 0);
  return pixels <= PIXELS_DRAWN_HERE;
}

/**
 * Whether two pictures look the same: only names, locks and open groups differ.
 * @param {Picture} a
 * @param {Picture} b
 */
export function looksLike(a, b) {
  const frame = ["documentId", "x", "y", "width", "height", "depth", "keep"];
  return frame.every((key) => a[key] === b[key]) && sameLook(a.layers, b.layers);
}

/** Every image and mask of a picture. @param {Picture} picture */
export function imagesOf(picture) {
  return [...walk(picture.layers)].flatMap((layer) =>
    [layer.kind === "pixels" ? layer.imageId : 0, layer.mask?.id ?? 0].filter((id) => id !== 0));
}

/** Every token of what only Rust knows of a picture. @param {Picture} picture @returns {string[]} */
export function keepsOf(picture) {
  return [picture, ...walk(picture.layers)].flatMap(({ keep }) => (keep === null ? [] : [keep]));
}

function isSeen(layer) {
  return layer.visible && layer.opacity > 0;
}

function isSimple(layer) {
  if (!isSeen(layer)) return true;
  if (layer.fill !== 1 || layer.clipping || layer.mask?.enabled) return false;
  if (layer.kind === "pixels") return layer.blend === "normal";
  return layer.blend === "pass-through" && layer.opacity === 1 && layer.children.every(isSimple);
}

const LOOK = ["visible", "opacity", "fill", "blend", "clipping", "mask", "keep", "imageId", "x", "y", "width", "height"];

function sameLook(a, b) {
  return a === b || (a.length === b.length && a.every((layer, index) => {
    const other = b[index];
    return layer === other || (layer.kind === other.kind && LOOK.every((key) => layer[key] === other[key])
      && (layer.kind !== "group" || sameLook(layer.children, other.children)));
  }));
}
