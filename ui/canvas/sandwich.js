// @ts-check
import { join, reach } from "./places.js";

/**
 * A picture in three: what lies below some layers, the layers, and what lies above. While a hand moves
 * the layers, each is composited once and only laid anew.
 * @typedef {import("../state/document.js").Picture} Picture
 * @typedef {{ below: Picture, moved: Picture, above: Picture, operation: GlobalCompositeOperation }} Sandwich
 */

/** How the browser calls what we call. Others are not known to it. */
const OPERATIONS = {
  normal: "source-over", darken: "darken", multiply: "multiply", "color-burn": "color-burn", lighten: "lighten", screen: "screen",
  "color-dodge": "color-dodge", overlay: "overlay", "soft-light": "soft-light", "hard-light": "hard-light",
  difference: "difference", exclusion: "exclusion", hue: "hue", saturation: "saturation", color: "color", luminosity: "luminosity",
};

/**
 * Null where layers above see what is below them, so that they would have to be made anew.
 * @param {Picture} picture
 * @param {Set<number>} ids
 * @returns {Sandwich | null}
 */
export function cutAround(picture, ids) {
  const parts = cutList(picture.layers, ids);
  if (!parts || !parts.above.every(isPlainOver)) return null;
  const moved = parts.moved.filter((layer) => layer.visible);
  const modes = new Set(moved.filter((layer) => !layer.clipping).map((layer) => (layer.blend === "pass-through" ? "normal" : layer.blend)));
  const [mode] = modes;
  const operation = OPERATIONS[mode ?? "normal"];
  const bases = moved.filter((layer) => !layer.clipping).length;
  if (modes.size > 1 || !operation || (mode !== "normal" && bases > 1)) return null;
  const plain = moved.map((layer) => (layer.clipping || layer.blend === "pass-through" ? layer : { ...layer, blend: "normal" }));
  return {
    below: { ...picture, layers: parts.below },
    moved: { ...picture, layers: plain },
    above: { ...picture, layers: parts.above },
    operation,
  };
}

/**
 * The same for layers that are moved: those have a frame of their own. Null also where they would not look the same elsewhere.
 * @param {Picture} picture
 * @param {Set<number>} ids
 * @returns {Sandwich | null}
 */
export function cutApart(picture, ids) {
  const cut = cutAround(picture, ids);
  if (!cut || !cut.moved.layers.every(canTravel)) return null;
  const frame = cut.moved.layers.reduce((all, layer) => join(all, reach(layer)), /** @type {any} */ (null));
  return frame && { ...cut, moved: { ...cut.moved, ...frame } };
}

function cutList(layers, ids) {
  const places = layers.flatMap((layer, index) => (ids.has(layer.id) ? [index] : []));
  if (places.length > 0) {
    const [first, last] = [places[0], places[places.length - 1]];
    const between = layers.slice(first, last + 1);
    if (between.some((layer) => layer.visible && !ids.has(layer.id))) return null;
    if (layers[first].clipping || layers[last + 1]?.clipping) return null;
    return { below: layers.slice(0, first), moved: between.filter((layer) => ids.has(layer.id)), above: layers.slice(last + 1) };
  }
  for (const [index, group] of layers.entries()) {
    if (group.kind !== "group") continue;
    const inside = cutList(group.children, ids);
    if (!inside) continue;
    if (!isTransparent(group) || group.clipping || layers[index + 1]?.clipping) return null;
    return {
      below: [...layers.slice(0, index), { ...group, children: inside.below }],
      moved: inside.moved,
      above: [{ ...group, children: inside.above }, ...layers.slice(index + 1)],
    };
  }
  return null;
}

const isTransparent = (group) =>
  group.visible && group.blend === "pass-through" && group.opacity === 1 && group.fill === 1 && !group.mask?.enabled;

function isPlainOver(layer) {
  if (!layer.visible || layer.clipping) return true;
  if (layer.kind === "group" && layer.blend === "pass-through") return isTransparent(layer) && layer.children.every(isPlainOver);
  return layer.blend === "normal";
}

// A mask that stays where it is cannot be laid anew with its layer; nor can what looks at the backdrop.
function canTravel(layer) {
  if (layer.mask?.enabled && !layer.mask.linked) return false;
  if (layer.blend === "dissolve" || layer.live) return false;
  if (layer.kind !== "group") return true;
  return (layer.blend !== "pass-through" || layer.children.every(isPlainOver)) && layer.children.every(canTravel);
}
