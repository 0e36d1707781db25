// @ts-check
import * as actions from "../state/actions.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { targetChosen } from "../state/tool-actions.js";
import { findLayer } from "../state/tree.js";
import { strings } from "../strings.js";
import { boundsOf, readMask, told } from "./layer-pixels.js";

/**
 * What can be done with the mask of the selected layer, by name.
 * @param {object} parts
 * @param {import("./jobs.js").Store} parts.store
 * @param {import("./jobs.js").Ipc} parts.ipc
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @returns {Record<string, () => void>}
 */
export function createMaskCommands({ store, ipc, images }) {
  const primary = () => selectSelectedLayer(store.getState());

  /** Changes the mask of the layer that is selected now, in its own tab, whatever is in view then. */
  const change = (label, make) => told(store, images, async () => {
    const layer = primary();
    const { active } = store.getState().tabs;
    if (!layer) return;
    const made = await make(layer, selectPicture(store.getState()));
    if (made === undefined) return;
    const { bytes = 0, ...mask } = made ?? {};
    store.dispatch(actions.inTab(active, actions.layerMaskReplaced(layer.id, made === null ? null : mask, label, bytes)));
    store.dispatch(targetChosen(made === null ? "pixels" : "mask"));
  });

  const tooOld = (mask) => {
    if (mask.width && mask.height) return false;
    store.dispatch(actions.noticeShown("error", strings.layersPanel.maskUnknown));
    return true;
  };

  return {
    "layer.mask-add": () => void change("maskAdded", async (layer, picture) => {
      if (layer.mask) return undefined;
      if (picture.selection) {
        const { id, x, y, width, height, bytes } = await ipc.maskOf({ selection: picture.selection });
        return { id, x, y, width, height, bytes, outside: 0, enabled: true, linked: true };
      }
      const { x, y, width, height } = (layer.kind === "pixels" && layer.width > 0 ? layer : boundsOf([layer])) ?? picture;
      const reply = await ipc.patchMask({ id: null, x, y, width, height, fill: 255 }, new Uint8Array(width * height).fill(255));
      return { id: reply.id, x: reply.x, y: reply.y, width: reply.width, height: reply.height, bytes: reply.bytes, outside: 255, enabled: true, linked: true };
    }),
    "layer.mask-invert": () => void change("maskInverted", async ({ mask }) => {
      if (!mask || tooOld(mask)) return undefined;
      const { x, y, width, height, outside } = mask;
      const pixels = (await readMask(ipc, mask)).map((value) => 255 - value);
      const reply = await ipc.patchMask({ id: null, x, y, width, height, fill: 255 - outside }, pixels);
      return { ...mask, id: reply.id, bytes: reply.bytes, outside: 255 - outside };
    }),
    "layer.mask-toggle": () => {
      const layer = primary();
      if (layer?.mask) {
        const mask = { ...layer.mask, enabled: !layer.mask.enabled };
        store.dispatch(actions.layerMaskReplaced(layer.id, mask, mask.enabled ? "maskOn" : "maskOff"));
      }
    },
    "layer.mask-link": () => {
      const layer = primary();
      if (layer?.mask) {
        store.dispatch(actions.layerMaskReplaced(layer.id, { ...layer.mask, linked: !layer.mask.linked }, layer.mask.linked ? "maskUnlinked" : "maskLinked"));
      }
    },
    "layer.mask-apply": () => void told(store, images, async () => {
      const layer = primary();
      const { active } = store.getState().tabs;
      if (layer?.kind !== "pixels" || !layer.mask) return;
      const { imageId, x, y, mask } = layer;
      const { id, width, height, bytes } = await ipc.applyMask({ image: imageId, x, y, mask });
      const now = findLayer(selectPicture(store.getState()).layers, layer.id);
      if (store.getState().tabs.active === active && now !== layer) return;
      store.dispatch(actions.inTab(active, actions.layerPixelsReplaced(layer.id,
        { imageId: id, x, y, width, height, mask: null }, "maskApplied", bytes)));
      store.dispatch(targetChosen("pixels"));
    }),
    "layer.mask-remove": () => void change("maskRemoved", async (layer) => (layer.mask ? null : undefined)),
    "layer.mask-target": () => {
      const target = store.getState().tool.target === "mask" ? "pixels" : "mask";
      if (target === "pixels" || primary()?.mask) store.dispatch(targetChosen(target));
    },
  };
}
