// @ts-check
import { join, reach } from "./places.js";

/**
 * Where two pictures of one document look different.
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {(newId: number, oldId: number) => Rect | null} Changed where two images differ, when that is known
 */

const FRAME = ["documentId", "x", "y", "width", "height", "depth"];
const LOOK = ["visible", "opacity", "fill", "blend", "clipping", "keep", "matrix"];

/**
 * @param {any} before
 * @param {any} after
 * @param {Changed} changed
 * @returns {Rect[] | null} null is everywhere
 */
export function damage(before, after, changed) {
  if (before === after) return [];
  if (!before || FRAME.some((key) => before[key] !== after[key])) return null;
  /** @type {Rect[]} */
  const rects = [];
  compare(before.layers, after.layers, changed, (rect) => rect && rects.push(rect));
  return rects;
}

function compare(before, after, changed, add) {
  if (before === after) return;
  let start = 0;
  while (start < before.length && start < after.length && before[start].id === after[start].id) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start
    && before[before.length - 1 - end].id === after[after.length - 1 - end].id) end += 1;
  for (let index = 0; index < start; index += 1) compareLayer(before[index], after[index], changed, add);
  for (let index = 1; index <= end; index += 1) compareLayer(before[before.length - index], after[after.length - index], changed, add);
  if (before.length === start + end && after.length === start + end) return;
  for (const list of [before, after]) {
    for (const layer of list.slice(start, list.length - end)) if (layer.visible) add(reach(layer));
    // What is clipped to another base now.
    for (const layer of list.slice(list.length - end)) {
      if (!layer.clipping) break;
      add(reach(layer));
    }
  }
}

function compareLayer(before, after, changed, add) {
  if (before === after || (!before.visible && !after.visible)) return;
  if (before.kind !== after.kind || LOOK.some((key) => before[key] !== after[key])) {
    add(join(reach(before), reach(after)));
    return;
  }
  if (!sameMask(before.mask, after.mask)) {
    const part = maskChange(before.mask, after.mask, changed);
    if (!part || !isShownLive(before, after, "mask")) add(part ?? join(reach(before), reach(after)));
    if (!part) return;
  }
  if (before.kind === "group") {
    compare(before.children, after.children, changed, add);
    return;
  }
  if (["x", "y", "width", "height"].some((key) => before[key] !== after[key])) {
    add(reach(before));
    add(reach(after));
  } else if (before.imageId !== after.imageId) {
    const rect = changed(after.imageId, before.imageId);
    if (rect && isShownLive(before, after, "pixels")) return;
    add(rect ? { ...rect, x: rect.x + after.x, y: rect.y + after.y } : join(reach(before), reach(after)));
  }
}

// A stroke has become part of the image, and is still laid over it.
const isShownLive = (before, after, kind) => before.live !== undefined && before.live === after.live && before.live.kind === kind;

const MASK = ["id", "x", "y", "outside"];

function sameMask(a, b) {
  if (a === b) return true;
  if (!a?.enabled && !b?.enabled) return true;
  return Boolean(a && b && a.enabled === b.enabled && MASK.every((key) => a[key] === b[key]));
}

// Only its pixels, and it is known which.
function maskChange(a, b, changed) {
  if (!a?.enabled || !b?.enabled || ["x", "y", "outside"].some((key) => a[key] !== b[key])) return null;
  const rect = changed(b.id, a.id);
  return rect && { ...rect, x: rect.x + b.x, y: rect.y + b.y };
}
