// @ts-check
import * as actions from "../state/actions.js";
import { heldImages, selectIsEmpty, selectJob, selectPicture } from "../state/selectors.js";
import { strings } from "../strings.js";

/**
 * @typedef {import("./generate.js").Store} Store
 * @typedef {import("./generate.js").Ipc} Ipc
 * @typedef {import("../state/actions.js").NamedImage} NamedImage
 * @typedef {"document" | "layer" | "reference"} Target what an image becomes
 */

const FILE_LIMIT = 256 * 1024 * 1024;

/**
 * Brings images in. Rust holds their pixels; the state gets their ids.
 * @param {Store} store
 * @param {Ipc} ipc
 */
export function createImageEffects(store, ipc) {
  let arriving = 0;

  /** @param {() => Promise<NamedImage | null>} load @param {Target} target */
  async function bring(load, target) {
    arriving += 1;
    try {
      const image = await load();
      if (image) place(image, target);
      return image;
    } catch (error) {
      if (error.code !== "cancelled") store.dispatch(actions.noticeShown("error", strings.errorText(error)));
      return null;
    } finally {
      arriving -= 1;
    }
  }

  /** @param {NamedImage} image @param {Target} target */
  function place(image, target) {
    if (target === "reference") {
      store.dispatch(actions.referenceAdded(image));
      return;
    }
    const replaces = target === "document" && !selectIsEmpty(store.getState());
    store.dispatch(target === "document" ? actions.documentOpened(image) : actions.layerAdded(image));
    if (replaces) store.dispatch(actions.noticeShown("done", strings.notices.opened(image.name)));
  }

  return {
    isArriving: () => arriving > 0,
    place,

    /** @param {Target} target */
    openDialog: (target) => bring(() => ipc.openImageDialog(), target),

    /** @param {string[]} paths @param {Target} target */
    async openPaths(paths, target) {
      for (const [index, path] of paths.entries()) {
        await bring(() => ipc.openImagePath(path), ofSeveral(target, index));
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
          ofSeveral(target, index));
      }
    },

    /** @param {Target} target */
    async paste(target) {
      let failed = false;
      const image = await bring(async () => {
        try {
          return await ipc.pasteImage();
        } catch (error) {
          failed = true;
          throw error;
        }
      }, target);
      if (!image && !failed) store.dispatch(actions.noticeShown("error", strings.notices.nothingToPaste));
    },
  };
}

// Of several files the first is opened and the others lie above it.
function ofSeveral(target, index) {
  return target === "document" && index > 0 ? "layer" : target;
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
      if (ids.join() === known) return;
      known = ids.join();
      onRetained(ids);
      ipc.retainImages(ids).catch(() => {
        // Nothing is lost: Rust keeps more than it must, and the next change asks again.
        known = null;
      });
    });
  }

  let started = false;
  const changed = () => started && plan();
  store.observe(selectPicture, changed);
  store.observe((state) => state.references.list, changed);
  store.observe((state) => selectJob(state) === null, () => {
    if (started) known = null;
    changed();
  });
  started = true;
}
