// @ts-check
import { isLocked, locked, plainLook, unlocked } from "./layer.js";
import { changeLayer, findLayer, moveLayer, replaceLayer, walk } from "./tree.js";
import { applySplit } from "./split-result.js";
import { readDocument } from "./wire.js";

/**
 * The layered picture: a tree of names, places and image ids. Never pixels.
 * Layers and the picture's own rectangle share one coordinate system, so that the picture can grow
 * without moving what is already on the screen.
 *
 * @typedef {import("./layer.js").Rect} Rect
 * @typedef {import("./layer.js").ImageId} ImageId
 * @typedef {import("./layer.js").Layer} Layer
 * @typedef {import("./layer.js").PixelLayer} PixelLayer
 * @typedef {import("./layer.js").Group} Group
 * @typedef {Rect & { layers: Layer[], nextLayerId: number, documentId: number, depth: 8 | 16,
 *   keep: string | null }} Picture bottom layer first
 */

/** @type {Picture} */
export const emptyDocument = {
  x: 0, y: 0, width: 0, height: 0, layers: [], nextLayerId: 1, documentId: 0, depth: 8, keep: null,
};

/**
 * @param {Picture} picture
 * @param {import("./actions.js").Action} action
 * @returns {Picture}
 */
export function reduceDocument(picture, action) {
  const documentId = picture.documentId + 1;
  switch (action.type) {
    case "document/cleared":
      return picture.layers.length === 0 ? picture : { ...emptyDocument, nextLayerId: picture.nextLayerId, documentId };
    case "document/opened":
      return { ...readDocument(action.opened.document), documentId };
    case "document/layerAdded":
      return addLayer(picture, action.image);
    case "document/layerRemoved":
      return withLayers(picture, replaceLayer(picture.layers, action.id, (layer) => (isLocked(layer) ? [layer] : [])));
    case "document/layerRenamed":
      return action.name.trim() === "" ? picture : change(picture, action.id, { name: action.name.trim() });
    case "document/layerShown":
      return change(picture, action.id, { visible: action.visible });
    case "document/layerFaded":
      return change(picture, action.id, { opacity: Math.min(1, Math.max(0, action.opacity)) });
    case "document/layerBlended":
      return change(picture, action.id, { blend: action.blend });
    case "document/layerLocked":
      return change(picture, action.id, { lock: action.locked ? locked : unlocked });
    case "document/groupExpanded":
      return change(picture, action.id, { expanded: action.expanded });
    case "document/layerMoved":
      return withLayers(picture, moveLayer(picture.layers, action.id, action.by));
    case "document/splitKept":
      return applySplit(picture, action.result);
    default:
      return picture;
  }
}

/**
 * Where an image of this size lands: in the middle, on a picture grown to hold it.
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {{ frame: Rect, x: number, y: number }}
 */
export function placeImage(picture, width, height) {
  if (picture.layers.length === 0) return { frame: { x: 0, y: 0, width, height }, x: 0, y: 0 };
  const frameWidth = Math.max(picture.width, width);
  const frameHeight = Math.max(picture.height, height);
  const frame = {
    x: picture.x - Math.floor((frameWidth - picture.width) / 2),
    y: picture.y - Math.floor((frameHeight - picture.height) / 2),
    width: frameWidth,
    height: frameHeight,
  };
  return {
    frame,
    x: frame.x + Math.floor((frameWidth - width) / 2),
    y: frame.y + Math.floor((frameHeight - height) / 2),
  };
}

/** @param {Picture} picture @param {number | null} id */
export const layerOf = (picture, id) => findLayer(picture.layers, id);

/** How many layers hold pixels. @param {Picture} picture */
export function countLayers(picture) {
  return [...walk(picture.layers)].filter((layer) => layer.kind === "pixels").length;
}

function addLayer(picture, image) {
  const { frame, x, y } = placeImage(picture, image.width, image.height);
  /** @type {PixelLayer} */
  const layer = {
    ...plainLook,
    kind: "pixels",
    id: picture.nextLayerId,
    imageId: image.id,
    name: image.name,
    x,
    y,
    width: image.width,
    height: image.height,
    recipe: image.recipe ?? null,
  };
  return { ...picture, ...frame, layers: [...picture.layers, layer], nextLayerId: picture.nextLayerId + 1 };
}

function change(picture, id, part) {
  return withLayers(picture, changeLayer(picture.layers, id, part));
}

function withLayers(picture, layers) {
  return layers === picture.layers ? picture : { ...picture, layers };
}
