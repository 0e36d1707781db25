// @ts-check
import * as change from "./layer-changes.js";
import { locked, plainLook, unlocked } from "./layer.js";
import { changeLayer, findLayer, walk } from "./tree.js";
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
 * @typedef {Rect & { id: ImageId }} Selection a mask of 8 bits that Rust holds, and where it lies
 * @typedef {{ vertical: number[], horizontal: number[] }} Guides
 * @typedef {{ ids: number[], hidden: number[] }} Solo layers that are shown alone, and those that were hidden before
 * @typedef {Rect & { layers: Layer[], nextLayerId: number, documentId: number, depth: 8 | 16,
 *   keep: string | null, selection: Selection | null, guides: Guides, solo: Solo | null }} Picture bottom layer first;
 *   without a width there is no document yet
 */

/** @type {Guides} */
export const noGuides = { vertical: [], horizontal: [] };

/** @type {Picture} */
export const emptyDocument = {
  x: 0, y: 0, width: 0, height: 0, layers: [], nextLayerId: 1, documentId: 0, depth: 8, keep: null,
  selection: null, guides: noGuides, solo: null,
};

/**
 * @param {Picture} picture
 * @param {import("./actions.js").Action} action
 * @param {number} [documentId] of a document that begins
 * @returns {Picture}
 */
export function reduceDocument(picture, action, documentId = picture.documentId + 1) {
  switch (action.type) {
    case "document/cleared":
      return isEmpty(picture) ? picture : { ...emptyDocument, nextLayerId: picture.nextLayerId, documentId };
    case "document/opened":
      return { ...emptyDocument, ...readDocument(action.opened.document), documentId };
    case "document/created":
      return createDocument(action.created, documentId);
    case "document/layerAdded":
      return addLayer(picture, action.image);
    case "document/layerRemoved":
      return change.remove(picture, [action.id]);
    case "document/layerRenamed":
      return action.name.trim() === "" ? picture : changeOne(picture, action.id, { name: action.name.trim() });
    case "document/layerShown":
      return change.alter(picture, [action.id], { visible: action.visible });
    case "document/layerFaded":
      return change.alter(picture, [action.id], { opacity: action.opacity });
    case "document/layerBlended":
      return change.alter(picture, [action.id], { blend: action.blend });
    case "document/layerLocked":
      return changeOne(picture, action.id, { lock: action.locked ? locked : unlocked });
    case "document/groupExpanded":
      return changeOne(picture, action.id, { expanded: action.expanded });
    case "document/layerMoved":
      return change.shift(picture, action.id, action.by);
    case "document/splitKept": {
      const split = applySplit(picture, action.result);
      return change.deepestOf(split.layers) > change.DEEPEST ? picture : split;
    }
    default:
      return reduceSeveral(picture, action);
  }
}

function reduceSeveral(picture, action) {
  switch (action.type) {
    case "document/layersRemoved":
      return change.remove(picture, action.ids);
    case "document/layersDuplicated":
      return change.duplicate(picture, action.ids, action.suffix);
    case "document/layersGrouped":
      return change.group(picture, action.ids, action.name);
    case "document/groupDissolved":
      return change.dissolve(picture, action.id);
    case "document/layersMovedTo":
      return change.moveTo(picture, action.ids, action.parentId, action.index);
    case "document/layersChanged":
      return change.alter(picture, action.ids, action.change);
    case "document/layersOffset":
      return change.offset(picture, action.ids, action.dx, action.dy);
    case "document/layersShownOnly":
      return change.showOnly(picture, action.ids);
    case "document/layerPixelsReplaced":
      return change.replacePixels(picture, action.id, action.image);
    case "document/layerMaskReplaced":
      return change.replaceMask(picture, action.id, action.mask);
    case "document/layersReplaced":
      return change.replace(picture, action.list);
    case "document/layersMerged":
      return change.merge(picture, action.ids, action.made);
    case "document/layerInserted":
      return insertLayer(picture, action.layer);
    case "document/layersInserted":
      return insertLayers(picture, action);
    case "document/extended":
      return insertLayer(resize(picture, action.rect), action.layer);
    case "document/canvasResized":
      return resize(picture, action.rect);
    case "document/selectionChanged":
      return action.selection === picture.selection ? picture : { ...picture, selection: action.selection };
    case "document/guidesChanged":
      return { ...picture, guides: action.guides };
    default:
      return picture;
  }
}

/** Whether there is no document: neither layers nor a size. @param {Picture} picture */
export const isEmpty = ({ width, layers }) => width === 0 && layers.length === 0;

/**
 * Whether a file that holds one of two pictures holds the other one as well: what is selected,
 * guides and open groups are not in it.
 * @param {Picture} a
 * @param {Picture} b
 */
export function savesAs(a, b) {
  return a === b || (["documentId", "x", "y", "width", "height", "depth", "keep"].every((key) => a[key] === b[key])
    && savesAllAs(a.layers, b.layers));
}

function savesAllAs(a, b) {
  return a === b || (a.length === b.length && a.every((layer, index) => {
    const other = b[index];
    return layer === other || Object.keys(layer).every((key) => {
      if (key === "children") return other.kind === "group" && savesAllAs(layer.children, other.children);
      return key === "expanded" || layer[key] === other[key];
    });
  }));
}

/**
 * Where an image of this size lands: in the middle, on a picture grown to hold it.
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {{ frame: Rect, x: number, y: number }}
 */
export function placeImage(picture, width, height) {
  if (isEmpty(picture)) return { frame: { x: 0, y: 0, width, height }, x: 0, y: 0 };
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

function createDocument({ width, height, imageId, layerName = "" }, documentId) {
  const size = { width: atLeastOne(width), height: atLeastOne(height) };
  const picture = { ...emptyDocument, ...size, documentId };
  return imageId ? insertLayer(picture, { imageId, x: 0, y: 0, ...size, name: layerName }) : picture;
}

function insertLayer(picture, { imageId, x, y, width, height, name, recipe = null, opacity = 1, mask = null, above = null }) {
  const layer = { ...plainLook, id: 0, kind: "pixels", imageId, x, y, width, height, name, recipe, opacity, mask };
  const frame = isEmpty(picture) ? { x, y, width, height } : null;
  return change.insert({ ...picture, ...frame }, [layer], above);
}

// Into nothing they bring their own size.
function insertLayers(picture, { layers, above }) {
  if (!isEmpty(picture)) return change.insert(picture, layers, above);
  const placed = [...walk(layers)].filter((layer) => layer.kind === "pixels" && layer.width > 0);
  if (placed.length === 0) return picture;
  const x = Math.min(...placed.map((layer) => layer.x));
  const y = Math.min(...placed.map((layer) => layer.y));
  const width = Math.max(...placed.map((layer) => layer.x + layer.width)) - x;
  const height = Math.max(...placed.map((layer) => layer.y + layer.height)) - y;
  return change.insert({ ...picture, x, y, width, height }, layers, above);
}

function resize(picture, rect) {
  if (isEmpty(picture)) return picture;
  const frame = { x: Math.round(rect.x), y: Math.round(rect.y), width: atLeastOne(rect.width), height: atLeastOne(rect.height) };
  return Object.keys(frame).every((key) => frame[key] === picture[key]) ? picture : { ...picture, ...frame };
}

const atLeastOne = (side) => Math.max(1, Math.round(side) || 1);

function changeOne(picture, id, part) {
  return withLayers(picture, changeLayer(picture.layers, id, part));
}

function withLayers(picture, layers) {
  return layers === picture.layers ? picture : { ...picture, layers };
}
