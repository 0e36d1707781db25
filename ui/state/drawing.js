// @ts-check

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

/** Every image and mask of pictures, what is selected included. @param {Picture[]} pictures @returns {Set<number>} */
export function imagesOf(...pictures) {
  const ids = new Set();
  for (const { selection } of pictures) if (selection) ids.add(selection.id);
  for (const layer of layersOf(pictures)) {
    if (layer.kind === "pixels") ids.add(layer.imageId);
    if (layer.mask) ids.add(layer.mask.id);
  }
  ids.delete(0);
  return ids;
}

/** Every token of what only Rust knows of pictures. @param {Picture[]} pictures @returns {Set<string>} */
export function keepsOf(...pictures) {
  const keeps = new Set([...pictures, ...layersOf(pictures)].map(({ keep }) => keep));
  keeps.delete(null);
  return /** @type {Set<string>} */ (keeps);
}

// Pictures of one document share most of their layers; each is visited once.
function* layersOf(pictures) {
  const seen = new Set();
  const open = pictures.map(({ layers }) => layers);
  for (let layers = open.pop(); layers; layers = open.pop()) {
    if (seen.has(layers)) continue;
    seen.add(layers);
    for (const layer of layers) {
      if (seen.has(layer)) continue;
      seen.add(layer);
      yield layer;
      if (layer.kind === "group") open.push(layer.children);
    }
  }
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
