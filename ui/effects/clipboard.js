// @ts-check
import * as actions from "../state/actions.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { mapLayers, rootsOf } from "../state/tree.js";
import { imageAsDocument } from "../state/wire.js";
import { strings } from "../strings.js";
import { mayNot } from "./layer-commands.js";
import { boundsOf, documentOf, told } from "./layer-pixels.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/** Side of the small pictures by which the own copy is known again. */
const SAMPLE_SIDE = 32;

/**
 * Cut, copy and paste of layers or of what is selected of their pixels. Other programs get one
 * picture; here the layers themselves are pasted, as long as that picture is still on the clipboard.
 * @param {object} parts
 * @param {Store} parts.store
 * @param {Ipc} parts.ipc
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @returns {Record<string, () => void>}
 */
export function createClipboardCommands({ store, ipc, images }) {
  /** What the picture that other programs get looks like. @type {{ width: number, height: number, sample: Uint8ClampedArray } | null} */
  let copied = null;

  async function copy() {
    const state = store.getState();
    const picture = selectPicture(state);
    const layer = selectSelectedLayer(state);
    const { selection, documentId } = picture;
    let layers = rootsOf(picture.layers, state.selectedLayers);
    const isPart = selection !== null && layer?.kind === "pixels" && layer.imageId !== 0;
    if (isPart) {
      const part = await ipc.copySelected({ image: layer.imageId, x: layer.x, y: layer.y, selection });
      if (!part.imageId || part.width === 0) {
        store.dispatch(actions.noticeShown("error", strings.layersPanel.nothingSelectedHere(layer.name)));
        return false;
      }
      const { imageId, x, y, width, height } = part;
      layers = [{ ...layer, imageId, x, y, width, height, mask: null, keep: null, clipping: false }];
    }
    if (boundsOf(layers) === null) {
      store.dispatch(actions.noticeShown("error", strings.layersPanel.nothingToCopy));
      return false;
    }
    store.dispatch(actions.clipChanged({ layers, documentId, isPart }));
    copied = null;
    const { document } = documentOf(picture, layers);
    await ipc.copyImage(document);
    const { pixels } = await ipc.renderDocument(document, SAMPLE_SIDE);
    copied = { width: document.width, height: document.height, sample: pixels };
    return true;
  }

  /** Whether a picture on the clipboard is what was copied here last. */
  async function isOwn({ id, width, height }) {
    if (!copied || copied.width !== width || copied.height !== height) return false;
    const { pixels } = await ipc.renderDocument(imageAsDocument({ id, width, height }), SAMPLE_SIDE);
    const { sample } = copied;
    return pixels.length === sample.length && pixels.every((value, index) => Math.abs(value - sample[index]) <= 1);
  }

  function insertClip() {
    const state = store.getState();
    const { clipboard: clip } = state;
    const picture = selectPicture(state);
    const bounds = clip && boundsOf(clip.layers);
    if (!clip || !bounds) return false;
    let { layers } = clip;
    // In another document the middle is the place that is always in sight.
    if (clip.documentId !== picture.documentId && picture.width > 0) {
      const dx = Math.round(picture.x + picture.width / 2 - bounds.x - bounds.width / 2);
      const dy = Math.round(picture.y + picture.height / 2 - bounds.y - bounds.height / 2);
      layers = mapLayers(layers, (layer) => moved(layer, dx, dy));
    }
    store.dispatch(actions.layersInserted(layers, state.selectedLayer));
    return true;
  }

  async function cut() {
    const state = store.getState();
    const picture = selectPicture(state);
    const layer = selectSelectedLayer(state);
    const { active } = state.tabs;
    const ids = state.selectedLayers;
    const isPart = picture.selection !== null && layer?.kind === "pixels";
    if (!layer || mayNot(store, layer, isPart ? "pixels" : "all") || !await copy()) return;
    if (!isPart) {
      store.dispatch(actions.inTab(active, { ...actions.layersRemoved(ids), label: "cut" }));
      return;
    }
    const { id, imageId, x, y } = layer;
    const { selection } = picture;
    const reply = await ipc.clearSelected(/** @type {any} */ ({ image: imageId, x, y, selection }));
    store.dispatch(actions.inTab(active, actions.layerPixelsReplaced(id,
      { imageId: reply.id, x, y, width: reply.width, height: reply.height }, "cut", reply.bytes)));
  }

  return {
    "edit.copy": () => void told(store, images, async () => {
      if (await copy()) store.dispatch(actions.noticeShown("done", strings.notices.copied));
    }),
    "edit.cut": () => void told(store, images, cut),
    "edit.paste": () => void images.paste("layer", async (image) => (image === null || await isOwn(image)) && insertClip()),
  };
}

function moved(layer, dx, dy) {
  const mask = layer.mask && { ...layer.mask, x: layer.mask.x + dx, y: layer.mask.y + dy };
  return layer.kind === "pixels" ? { ...layer, mask, x: layer.x + dx, y: layer.y + dy } : { ...layer, mask };
}
