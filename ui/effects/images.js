// @ts-check
import * as actions from "../state/actions.js";
import { heldImages, heldKeeps, selectIsEmpty, selectJob, selectPicture } from "../state/selectors.js";
import { imageAsDocument } from "../state/wire.js";
import { strings } from "../strings.js";
import { placeDocument } from "./documents.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {import("../state/actions.js").NamedImage} NamedImage
 * @typedef {"document" | "layer" | "reference"} Target what an image becomes
 */

const LAYERED = /\.(psd|psb|ora)$/i;

const FILE_LIMIT = 256 * 1024 * 1024;

/**
 * Brings images in. Rust holds their pixels; the state gets their ids.
 * @param {Store} store
 * @param {Ipc} ipc
 */
export function createImageEffects(store, ipc) {
  let arriving = 0;

  /**
   * @template T
   * @param {() => Promise<T | null>} load
   * @param {(arrived: T) => void} use
   */
  async function bring(load, use) {
    arriving += 1;
    try {
      const arrived = await load();
      if (arrived) use(arrived);
      return arrived;
    } catch (error) {
      if (error.code !== "cancelled") store.dispatch(actions.noticeShown("error", strings.errorText(error)));
      return null;
    } finally {
      arriving -= 1;
    }
  }

  /** @param {NamedImage} image @param {Target} target */
  function place(image, target) {
    if (target === "reference") store.dispatch(actions.referenceAdded(image));
    else if (target === "layer") store.dispatch(actions.layerAdded(image));
    else placeDocument(store, { path: null, name: image.name, document: imageAsDocument(image), notes: [] });
  }

  const placeAs = (target) => (image) => place(image, target);
  const openDocument = (opened) => placeDocument(store, opened);

  return {
    isArriving: () => arriving > 0,

    /**
     * While this runs Rust is not told what may go: new pixels have no place in the state yet.
     * @template T
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    async hold(work) {
      arriving += 1;
      try {
        return await work();
      } finally {
        arriving -= 1;
      }
    },
    place,

    /** @param {Target} target */
    openDialog: (target) => target === "document"
      ? bring(() => ipc.openDocumentDialog(), openDocument)
      : bring(() => ipc.openImageDialog(), placeAs(target)),

    /** @param {string[]} paths @param {Target} target */
    async openPaths(paths, target) {
      // A picture may join the others; a file that has layers of its own is opened.
      const opens = target === "document" || (target === "layer" && paths.length === 1 && LAYERED.test(paths[0]));
      for (const [index, path] of paths.entries()) {
        if (opens && index === 0) await bring(() => ipc.openDocumentPath(path), openDocument);
        else await bring(() => ipc.openImagePath(path), placeAs(ofSeveral(target, index, store)));
      }
    },

    /** @param {Iterable<File>} files @param {Target} target */
    async importFiles(files, target) {
      for (const [index, file] of [...files].entries()) {
        if (file.size > FILE_LIMIT) {
          store.dispatch(actions.noticeShown("error", strings.notices.fileTooLarge(file.name)));
          continue;
        }
        await bring(async () => ipc.importImage(new Uint8Array(await file.arrayBuffer()), file.name),
          placeAs(ofSeveral(target, index, store)));
      }
    },

    /**
     * @param {Target} target
     * @param {(image: NamedImage | null) => Promise<boolean>} [instead] says whether something else was pasted
     */
    async paste(target, instead = async () => false) {
      let failed = false;
      let pasted = false;
      const image = await bring(async () => {
        try {
          const found = await ipc.pasteImage().catch((error) => {
            if (store.getState().clipboard === null) throw error;
            return null;
          });
          pasted = await instead(found);
          return pasted ? null : found;
        } catch (error) {
          failed = true;
          throw error;
        }
      }, placeAs(target));
      if (!image && !failed && !pasted) store.dispatch(actions.noticeShown("error", strings.notices.nothingToPaste));
    },
  };
}

// Of several files the first that can be read is opened and the others lie above it.
function ofSeveral(target, index, store) {
  return target === "document" && index > 0 && !selectIsEmpty(store.getState()) ? "layer" : target;
}

/**
 * Tells Rust which images are still needed, after every change of the document. It waits while a
 * job runs or a file arrives, because their images have no place in the state yet.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {{ isArriving: () => boolean, later: (run: () => void) => void, onRetained: (ids: import("../state/document.js").ImageId[]) => void }} outside
 */
export function retainHeldImages(store, ipc, { isArriving, later, onRetained }) {
  let planned = false;
  /** What Rust and the bitmaps hold, null when they hold more, such as the previews of a job.
   * @type {string | null} */
  let known = "";

  function plan() {
    if (planned) return;
    planned = true;
    later(() => {
      planned = false;
      // The end of the job asks again.
      if (selectJob(store.getState())) return;
      if (isArriving()) {
        plan();
        return;
      }
      const ids = heldImages(store.getState());
      const keeps = heldKeeps(store.getState());
      const held = [...ids, ...keeps].join();
      if (held === known) return;
      known = held;
      onRetained(ids);
      ipc.retainImages(ids, keeps).catch(() => {
        // Nothing is lost: Rust keeps more than it must, and the next change asks again.
        known = null;
      });
    });
  }

  let started = false;
  const changed = () => started && plan();
  store.observe(selectPicture, changed);
  store.observe((state) => state.references.list, changed);
  store.observe((state) => state.tabs, changed);
  store.observe((state) => state.clipboard, changed);
  store.observe((state) => state.split.result, changed);
  store.observe((state) => selectJob(state) === null, () => {
    if (started) known = null;
    changed();
  });
  started = true;
}
