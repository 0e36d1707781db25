// @ts-check
import { union } from "../state/affine.js";
import { inTab, layerMaskReplaced, layerPixelsReplaced, noticeShown } from "../state/actions.js";
import { layerOf } from "../state/document.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { groupsAround, lockOf } from "../state/tree.js";
import { strings } from "../strings.js";

/**
 * What strokes and fills make of a layer, in Rust and then in the document.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {{ rect: Rect, pixels: Uint8Array }} Patch
 */

/**
 * @param {Store} store
 * @param {any} ipc
 * @param {{ share: (newId: number, oldId: number, changed: Rect, patches: Patch[]) => void }} tiles
 */
export function createPainting(store, ipc, tiles) {
  const fail = (error) => store.dispatch(noticeShown("error", strings.errorText(error)));

  /** @returns {string | null} why the selected layer cannot be painted on, as a key of the words */
  function paintBlock() {
    const state = store.getState();
    const { layers } = selectPicture(state);
    const layer = selectSelectedLayer(state);
    const onMask = state.tool.target === "mask";
    if (!layer) return "no-layer";
    if (onMask && !layer.mask) return "no-mask";
    if (!onMask && layer.kind === "group") return "group";
    if (!layer.visible || groupsAround(layers, layer.id)?.some(({ visible }) => !visible)) return "hidden";
    const lock = lockOf(layers, layer.id);
    if (onMask ? lock.transparency && lock.pixels && lock.position : lock.pixels) return "locked";
    return null;
  }

  // The page need not ask for what it has just given.
  function share(newId, oldId, patches, { x, y }) {
    const placed = patches.map(({ rect, pixels }) => ({ rect: { ...rect, x: rect.x - x, y: rect.y - y }, pixels }));
    tiles.share(newId, oldId, /** @type {Rect} */ (union(placed.map(({ rect }) => rect))), placed);
  }

  async function commitPixels(tab, layer, patches, label) {
    const own = { x: layer.x, y: layer.y, width: layer.width, height: layer.height };
    const rects = patches.map(({ rect }) => rect);
    const isNew = layer.imageId === 0 || own.width === 0 || own.height === 0;
    const room = /** @type {Rect} */ (union(isNew ? rects : [own, ...rects]));
    let { imageId } = layer;
    let bytes = 0;
    const keep = (made) => {
      imageId = made.id;
      bytes += made.bytes;
    };
    const grows = room.width !== own.width || room.height !== own.height;
    if (isNew) keep(await ipc.createImage({ width: room.width, height: room.height, colour: null }));
    else if (grows) keep(await ipc.growImage({ id: imageId, x: room.x - own.x, y: room.y - own.y, width: room.width, height: room.height }));
    for (const { rect, pixels } of patches) {
      const place = { x: rect.x - room.x, y: rect.y - room.y, width: rect.width, height: rect.height };
      keep(await ipc.patchImage({ id: imageId, ...place }, pixels));
    }
    if (!isNew && !grows) {
      share(imageId, layer.imageId, patches, room);
    }
    store.dispatch(inTab(tab, layerPixelsReplaced(layer.id, { imageId, ...room }, label, bytes)));
  }

  async function commitMask(tab, layer, patches, label) {
    let { mask } = layer;
    if (!mask) return;
    let bytes = 0;
    const before = mask;
    for (const { rect, pixels } of patches) {
      // The rectangle is measured from the mask's corner, and the mask grows to hold it.
      const place = { x: rect.x - mask.x, y: rect.y - mask.y, width: rect.width, height: rect.height };
      const made = await ipc.patchMask({ id: mask.id, ...place, fill: mask.outside }, pixels);
      bytes += made.bytes;
      mask = { ...mask, id: made.id, x: mask.x + made.x, y: mask.y + made.y, width: made.width, height: made.height };
    }
    if (mask.x === before.x && mask.y === before.y && mask.width === before.width && mask.height === before.height) {
      share(mask.id, before.id, patches, mask);
    }
    store.dispatch(inTab(tab, layerMaskReplaced(layer.id, mask, label, bytes)));
  }

  /** One change of the selected layer's pixels that Rust makes alone. */
  async function change(label, make) {
    const block = paintBlock();
    const state = store.getState();
    const layer = selectSelectedLayer(state);
    if (block || layer?.kind !== "pixels") {
      store.dispatch(noticeShown("error", strings.tools.blocked[block ?? "group"]));
      return;
    }
    const tab = state.tabs.active;
    try {
      const made = await make(layer, selectPicture(state));
      if (!made) return;
      const { x = layer.x, y = layer.y } = made;
      store.dispatch(inTab(tab, layerPixelsReplaced(layer.id, { imageId: made.id, x, y, width: made.width, height: made.height }, label, made.bytes)));
    } catch (error) {
      fail(error);
    }
  }

  return {
    strokeFailed: fail,

    /** Whether the selected layer may be painted on; says why not. */
    mayPaint() {
      const block = paintBlock();
      if (block) store.dispatch(noticeShown("error", strings.tools.blocked[block]));
      return block === null;
    },

    /**
     * @param {{ documentId: number, layerId: number, kind: "pixels" | "mask" }} target
     * @param {Patch[]} patches
     * @param {{ mode: string }} settings
     */
    async commitStroke({ documentId, layerId, kind }, patches, { mode }) {
      const found = tabOf(store.getState(), documentId);
      const layer = found && layerOf(found.picture, layerId);
      // The layer was removed while the stroke was on its way.
      if (!layer || patches.length === 0) return;
      const label = kind === "mask" ? "maskPainted" : mode === "erase" ? "erased" : "painted";
      if (kind === "mask") await commitMask(found.tab, layer, patches, label);
      else if (layer.kind === "pixels") await commitPixels(found.tab, layer, patches, label);
    },

    clear: () => change("pixelsCleared", ({ imageId, x, y }, { selection }) =>
      (selection ? ipc.clearSelected({ image: imageId, x, y, selection }) : null)),

    /** Without a selection the whole picture is filled. */
    fill: () => change("filled", async (layer, picture) => {
      const { colour } = store.getState().tool;
      const shape = { kind: "rect", x: picture.x, y: picture.y, width: picture.width, height: picture.height };
      const selection = picture.selection ?? await ipc.select({ base: null, op: "replace", shape, feather: 0, antialias: false });
      return ipc.fillSelected({ image: layer.imageId, x: layer.x, y: layer.y, selection, colour });
    }),
  };
}

// A document may have been put aside since a stroke on it began.
function tabOf({ tabs, document }, documentId) {
  for (const { key, parked } of tabs.list) {
    const picture = (parked?.document ?? document).present;
    if (picture.documentId === documentId) return { tab: key, picture };
  }
  return null;
}
