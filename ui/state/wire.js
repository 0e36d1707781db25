// @ts-check
import { plainLook, unlocked } from "./layer.js";
import { walk } from "./tree.js";

/**
 * The document as it crosses to Rust and back: measured from the picture's corner, without what
 * only this window needs.
 * @typedef {{ width: number, height: number, depth: 8 | 16, keep: string | null, layers: object[] }} DocumentWire
 */

/**
 * @param {import("./document.js").Picture} picture
 * @returns {DocumentWire}
 */
export function toWire({ x, y, width, height, depth, keep, layers }) {
  return { width, height, depth, keep, layers: layers.map((layer) => layerToWire(layer, x, y)) };
}

/**
 * A document that is one image.
 * @param {{ id: number, width: number, height: number, name?: string }} image
 * @returns {DocumentWire}
 */
export function imageAsDocument({ id, width, height, name = "" }) {
  const layer = { id: 1, kind: "pixels", name, image: id, x: 0, y: 0, width, height };
  return { width, height, depth: 8, keep: null, layers: [layer] };
}

/**
 * Reads a document; fields that are missing have their defaults, ids that are missing or twice get new ones.
 * @param {any} wire
 * @returns {Omit<import("./document.js").Picture, "documentId">}
 */
export function readDocument({ width, height, depth, keep, layers }) {
  const taken = new Set();
  const read = (/** @type {any[]} */ list) => list.map((layer) => readLayer(layer, read));
  const tree = read(layers ?? []);
  let nextLayerId = 1 + Math.max(0, ...[...walk(tree)].map((layer) => layer.id));
  for (const layer of walk(tree)) {
    if (layer.id < 1 || taken.has(layer.id)) layer.id = nextLayerId++;
    taken.add(layer.id);
  }
  return { x: 0, y: 0, width, height, depth: depth === 16 ? 16 : 8, keep: keep ?? null, layers: tree, nextLayerId };
}

/** @returns {import("./layer.js").Layer} */
function readLayer(wire, read) {
  const look = {
    id: Number.isInteger(wire.id) ? wire.id : 0,
    name: wire.name ?? "",
    visible: wire.visible ?? true,
    opacity: wire.opacity ?? 1,
    fill: wire.fill ?? 1,
    blend: wire.blend ?? (wire.kind === "group" ? "pass-through" : "normal"),
    clipping: wire.clipping ?? false,
    lock: { ...unlocked, ...wire.lock },
    mask: wire.mask ? { x: 0, y: 0, outside: 0, enabled: true, linked: true, ...wire.mask } : null,
    keep: wire.keep ?? null,
    recipe: wire.recipe ?? null,
  };
  if (wire.kind === "group") {
    return { ...plainLook, ...look, kind: "group", expanded: wire.expanded ?? true, children: read(wire.children ?? []) };
  }
  const { image = 0, x = 0, y = 0, width = 0, height = 0 } = wire;
  return { ...plainLook, ...look, kind: "pixels", imageId: image, x, y, width, height };
}

function layerToWire(layer, left, top) {
  const { id, kind, name, visible, opacity, fill, blend, clipping, lock, keep, recipe } = layer;
  const mask = layer.mask && { ...layer.mask, x: layer.mask.x - left, y: layer.mask.y - top };
  const look = { id, kind, name, visible, opacity, fill, blend, clipping, lock, mask, keep, recipe };
  if (kind === "group") {
    return { ...look, expanded: layer.expanded, children: layer.children.map((child) => layerToWire(child, left, top)) };
  }
  const { imageId, x, y, width, height } = layer;
  return { ...look, image: imageId, x: x - left, y: y - top, width, height };
}
