// @ts-check
import { isLocked, plainLook } from "./layer.js";
import {
  depthOf, findLayer, groupsAround, insertLayers, lockOf, mapLayers, moveLayer, placeOf, removeLayers, replaceLayer, rootsOf, walk,
} from "./tree.js";

/**
 * Changes of several layers at once. Each gives back the same picture when nothing may or need be
 * changed. Locks are asked here, so that no button, key or tool can forget to.
 * @typedef {import("./document.js").Picture} Picture
 * @typedef {import("./layer.js").Layer} Layer
 * @typedef {import("./layer.js").Rect} Rect
 * @typedef {import("./layer.js").Mask} Mask
 * @typedef {Rect & { imageId: import("./layer.js").ImageId }} PlacedImage
 */

/** Groups within each other; more cannot be saved. */
export const DEEPEST = 50;

/** @param {Picture} picture @param {number[]} ids @returns {Picture} */
export function remove(picture, ids) {
  const gone = rootsOf(picture.layers, ids).filter(({ id }) => !isLocked({ lock: lockOf(picture.layers, id) }));
  return structured(picture, removeLayers(picture.layers, gone.map(({ id }) => id)));
}

/**
 * Copies lie right above what they are copies of.
 * @param {Picture} picture
 * @param {number[]} ids
 * @param {string} suffix of their names
 * @returns {Picture}
 */
export function duplicate(picture, ids, suffix) {
  let { layers, nextLayerId } = picture;
  for (const layer of rootsOf(picture.layers, ids)) {
    const copy = { ...withNewIds(layer, nextLayerId), name: layer.name + suffix };
    nextLayerId += count(copy);
    layers = replaceLayer(layers, layer.id, (original) => [original, copy]);
  }
  return layers === picture.layers ? picture : structured({ ...picture, nextLayerId }, layers);
}

/**
 * Brings layers in, with ids of their own, above another one or on top of all.
 * @param {Picture} picture
 * @param {Layer[]} added bottom first
 * @param {number | null} above
 * @returns {Picture}
 */
export function insert(picture, added, above) {
  if (added.length === 0) return picture;
  let { nextLayerId } = picture;
  const copies = added.map((layer) => {
    const copy = withNewIds(layer, nextLayerId);
    nextLayerId += count(copy);
    return copy;
  });
  const place = above === null ? null : placeOf(picture.layers, above);
  const deepest = place ? depthAt(picture.layers, place.parentId) : 0;
  const fits = place && copies.every((layer) => deepest + depthOf(layer) <= DEEPEST);
  const layers = fits
    ? insertLayers(picture.layers, place.parentId, place.index + 1, copies)
    : [...picture.layers, ...copies];
  return structured({ ...picture, nextLayerId }, layers);
}

/** @param {Picture} picture @param {number[]} ids @param {string} name @returns {Picture} */
export function group(picture, ids, name) {
  const { layers, nextLayerId } = picture;
  const inside = rootsOf(layers, ids);
  const top = inside[inside.length - 1];
  const place = top && placeOf(layers, top.id);
  if (!place || depthAt(layers, place.parentId) + 1 + deepestOf(inside) > DEEPEST) return picture;
  const gone = new Set(inside.map(({ id }) => id));
  const index = place.siblings.slice(0, place.index).filter(({ id }) => !gone.has(id)).length;
  /** @type {import("./layer.js").Group} */
  const added = {
    ...plainLook, kind: "group", id: nextLayerId, name, blend: "pass-through", expanded: true, children: inside,
  };
  return structured({ ...picture, nextLayerId: nextLayerId + 1 },
    insertLayers(removeLayers(layers, gone), place.parentId, index, [added]));
}

/** @param {Picture} picture @param {number} id @returns {Picture} */
export function dissolve(picture, id) {
  if (isLocked({ lock: lockOf(picture.layers, id) })) return picture;
  return structured(picture, replaceLayer(picture.layers, id, (layer) => (layer.kind === "group" ? layer.children : [layer])));
}

/**
 * @param {Picture} picture
 * @param {number[]} ids
 * @param {number | null} parentId
 * @param {number} index from the bottom, without those that move
 * @returns {Picture}
 */
export function moveTo(picture, ids, parentId, index) {
  const { layers } = picture;
  const moved = rootsOf(layers, ids);
  if (moved.length === 0) return picture;
  if (parentId !== null) {
    const parent = findLayer(layers, parentId);
    const around = [parentId, ...(groupsAround(layers, parentId) ?? []).map(({ id }) => id)];
    if (parent?.kind !== "group" || moved.some(({ id }) => around.includes(id))) return picture;
  }
  if (depthAt(layers, parentId) + deepestOf(moved) > DEEPEST) return picture;
  const next = insertLayers(removeLayers(layers, moved.map(({ id }) => id)), parentId, index, moved);
  return sameOrder(layers, next) ? picture : structured(picture, next);
}

/** By one place, as `moveLayer`. @param {Picture} picture @param {number} id @param {1 | -1} by @returns {Picture} */
export function shift(picture, id, by) {
  const layers = moveLayer(picture.layers, id, by);
  return deepestOf(layers) > DEEPEST ? picture : structured(picture, layers);
}

/**
 * @param {Picture} picture
 * @param {number[]} ids
 * @param {{ visible?: boolean, opacity?: number, fill?: number, blend?: string, clipping?: boolean,
 *   lock?: Partial<import("./layer.js").Lock> }} change
 * @returns {Picture}
 */
export function alter(picture, ids, change) {
  const { layers } = picture;
  const wanted = new Set(ids);
  const share = (value) => Math.min(1, Math.max(0, value));
  // The lowest layer of a list has nothing to be clipped to.
  const lowest = new Set([layers, ...[...walk(layers)].map((layer) => (layer.kind === "group" ? layer.children : []))]
    .flatMap(([first]) => (first ? [first.id] : [])));
  const next = mapLayers(layers, (layer) => {
    if (!wanted.has(layer.id)) return layer;
    /** @type {Record<string, any>} */
    const part = {};
    if (change.visible !== undefined) part.visible = change.visible;
    if (change.lock !== undefined) part.lock = sameFields(layer.lock, change.lock) ? layer.lock : { ...layer.lock, ...change.lock };
    if (!isLocked({ lock: lockOf(layers, layer.id) })) {
      if (change.opacity !== undefined) part.opacity = share(change.opacity);
      if (change.fill !== undefined) part.fill = share(change.fill);
      if (change.blend !== undefined && (change.blend !== "pass-through" || layer.kind === "group")) part.blend = change.blend;
      if (change.clipping !== undefined) part.clipping = change.clipping && !lowest.has(layer.id);
    }
    return sameFields(layer, part) ? layer : { ...layer, ...part };
  });
  if (next === layers) return picture;
  return { ...picture, layers: next, solo: change.visible === undefined ? picture.solo : null };
}

/** Layers that may be moved: nothing of them, in them or around them is locked in its place. @param {Picture} picture @param {number[]} ids */
export function movable({ layers }, ids) {
  return rootsOf(layers, ids).filter((layer) =>
    !lockOf(layers, layer.id).position && [...walk([layer])].every(({ lock }) => !lock.position));
}

/** @param {Picture} picture @param {number[]} ids @param {number} dx @param {number} dy @returns {Picture} */
export function offset(picture, ids, dx, dy) {
  const [right, down] = [Math.round(dx) || 0, Math.round(dy) || 0];
  if (right === 0 && down === 0) return picture;
  const moved = new Set([...walk(movable(picture, ids))].map(({ id }) => id));
  return withLayers(picture, mapLayers(picture.layers, (layer) => {
    if (!moved.has(layer.id)) return layer;
    const mask = layer.mask?.linked ? { ...layer.mask, x: layer.mask.x + right, y: layer.mask.y + down } : layer.mask;
    return layer.kind === "pixels" ? { ...layer, mask, x: layer.x + right, y: layer.y + down } : { ...layer, mask };
  }));
}

/**
 * Shows these layers alone; the second time the others come back as they were.
 * @param {Picture} picture
 * @param {number[]} ids
 * @returns {Picture}
 */
export function showOnly(picture, ids) {
  const { layers, solo } = picture;
  const roots = rootsOf(layers, ids);
  if (roots.length === 0) return picture;
  if (solo && solo.ids.join() === ids.join()) {
    const hidden = new Set(solo.hidden);
    return { ...picture, solo: null, layers: mapLayers(layers, (layer) => shown(layer, !hidden.has(layer.id))) };
  }
  const hidden = solo?.hidden ?? [...walk(layers)].filter(({ visible }) => !visible).map(({ id }) => id);
  const around = new Set(roots.flatMap(({ id }) => [id, ...(groupsAround(layers, id) ?? []).map((parent) => parent.id)]));
  const inside = new Set([...walk(roots)].map(({ id }) => id));
  const wasHidden = new Set(hidden);
  const next = mapLayers(layers, (layer) => {
    if (around.has(layer.id)) return shown(layer, true);
    return shown(layer, inside.has(layer.id) && !wasHidden.has(layer.id));
  });
  return next === layers ? picture : { ...picture, layers: next, solo: { ids: [...ids], hidden } };
}

/**
 * @param {Picture} picture
 * @param {number} id
 * @param {PlacedImage & { mask?: Mask | null }} image with a mask when that changes too
 * @returns {Picture}
 */
export function replacePixels(picture, id, { imageId, x, y, width, height, mask }) {
  if (lockOf(picture.layers, id).pixels) return picture;
  return withLayers(picture, replaceLayer(picture.layers, id, (layer) => [layer.kind === "pixels"
    ? changed(layer, { imageId, x, y, width, height, mask: mask === undefined ? layer.mask : mask })
    : layer]));
}

/** @param {Picture} picture @param {number} id @param {Mask | null} mask @returns {Picture} */
export function replaceMask(picture, id, mask) {
  if (isLocked({ lock: lockOf(picture.layers, id) })) return picture;
  const whole = mask && /** @type {Mask} */ ({ outside: 0, enabled: true, linked: true, ...mask });
  return withLayers(picture, replaceLayer(picture.layers, id, (layer) => [changed(layer, { mask: whole })]));
}

/**
 * What a transform made of layers. A layer that is locked in its place or its pixels stays.
 * @param {Picture} picture
 * @param {(PlacedImage & { id: number, mask: Mask | null })[]} list
 * @returns {Picture}
 */
export function replace(picture, list) {
  const made = new Map(list.map((entry) => [entry.id, entry]));
  return withLayers(picture, mapLayers(picture.layers, (layer) => {
    const entry = made.get(layer.id);
    if (!entry) return layer;
    const lock = lockOf(picture.layers, layer.id);
    if (lock.position || lock.pixels) return layer;
    const mask = entry.mask === undefined ? layer.mask : entry.mask;
    if (layer.kind === "group") return changed(layer, { mask });
    const { imageId, x, y, width, height } = entry;
    return changed(layer, { imageId, x, y, width, height, mask });
  }));
}

/**
 * Layers whose pixels may be taken away, without those inside another one. Empty when one is locked.
 * @param {Picture} picture
 * @param {number[]} ids
 */
export function mergeable({ layers }, ids) {
  const roots = rootsOf(layers, ids);
  return roots.some(({ id }) => lockOf(layers, id).pixels) ? [] : roots;
}

/**
 * One layer in the place of several, where the top one was.
 * @param {Picture} picture
 * @param {number[]} ids
 * @param {PlacedImage & { name: string }} made
 * @returns {Picture}
 */
export function merge(picture, ids, { imageId, x, y, width, height, name }) {
  const roots = mergeable(picture, ids);
  if (roots.length === 0) return picture;
  const top = roots[roots.length - 1];
  const gone = new Set(roots.slice(0, -1).map(({ id }) => id));
  /** @type {import("./layer.js").PixelLayer} */
  const layer = {
    ...plainLook, kind: "pixels", id: picture.nextLayerId, imageId, x, y, width, height, name, clipping: roots[0].clipping,
  };
  const layers = removeLayers(replaceLayer(picture.layers, top.id, () => [layer]), gone);
  return structured({ ...picture, nextLayerId: picture.nextLayerId + 1 }, layers);
}

// A clipped layer without one below it is not clipped; everybody draws it so, and here it says so.
function settleClipping(layers) {
  const inside = mapLayers(layers, (layer) => {
    if (layer.kind !== "group" || !layer.children[0]?.clipping) return layer;
    return { ...layer, children: released(layer.children) };
  });
  return inside[0]?.clipping ? released(inside) : inside;
}

const released = ([first, ...others]) => [{ ...first, clipping: false }, ...others];

function structured(picture, layers) {
  return withLayers(picture, layers === picture.layers ? layers : settleClipping(layers));
}

function withLayers(picture, layers) {
  return layers === picture.layers ? picture : { ...picture, layers };
}

function depthAt(layers, parentId) {
  return parentId === null ? 0 : (groupsAround(layers, parentId)?.length ?? 0) + 1;
}

/** How many groups are within each other at most. @param {Layer[]} layers */
export function deepestOf(layers) {
  return layers.reduce((deepest, layer) => Math.max(deepest, depthOf(layer)), 0);
}

function count(layer) {
  return [...walk([layer])].length;
}

function withNewIds(layer, first) {
  let next = first;
  const renumbered = (old) => {
    const id = next++;
    return old.kind === "group" ? { ...old, id, children: old.children.map(renumbered) } : { ...old, id };
  };
  return renumbered(layer);
}

function shown(layer, visible) {
  return layer.visible === visible ? layer : { ...layer, visible };
}

function changed(layer, part) {
  return sameFields(layer, part) ? layer : { ...layer, ...part };
}

function sameFields(a, part) {
  return Object.keys(part).every((key) => a[key] === part[key]);
}

function sameOrder(a, b) {
  return a.length === b.length && a.every((layer, index) => layer.id === b[index].id
    && (layer.kind !== "group" || sameOrder(layer.children, b[index].children)));
}
