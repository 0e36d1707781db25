// @ts-check
import { downloadBegan, downloadForgotten, downloadTold, isMoving, libraryFailed, libraryListed } from "../state/library.js";
import { noticeShown } from "../state/actions.js";
import { strings } from "../strings.js";
import { loadModels } from "./models.js";

/**
 * Models: what is there, getting more, and folders that have some.
 * @param {import("./jobs.js").Store} store
 * @param {import("./jobs.js").Ipc} ipc
 */
export function createLibrary(store, ipc) {
  /** Shows what a command replies, or why it did not work. @param {() => Promise<any>} work */
  async function listed(work) {
    try {
      const reply = await work();
      if (!reply) return;
      store.dispatch(libraryListed(reply));
      await loadModels(store, ipc);
    } catch (error) {
      if (error.code !== "cancelled") store.dispatch(libraryFailed(strings.errorText(error)));
    }
  }

  /** @param {string} id @param {string[]} [accepted] the terms that the user has just agreed to */
  async function get(id, accepted = []) {
    if (isMoving(store.getState().library.downloads[id])) return;
    store.dispatch(downloadBegan(id));
    let finished = false;
    try {
      await ipc.getModel(id, accepted, (told) => {
        finished ||= told.event === "finished";
        store.dispatch(downloadTold(id, told));
      });
    } catch (error) {
      store.dispatch(downloadTold(id, { event: "failed", data: { code: error.code, message: strings.errorText(error) } }));
    }
    await listed(() => ipc.listLibrary());
    if (!finished) return;
    const model = store.getState().library.models.find((entry) => entry.id === id);
    store.dispatch(noticeShown("done", strings.library.arrived(model?.name ?? id)));
  }

  return {
    list: () => listed(() => ipc.listLibrary()),
    /** At the start, when nobody has asked: a failure is told where it matters. */
    async look() {
      try {
        store.dispatch(libraryListed(await ipc.listLibrary()));
      } catch {
        // The dialog asks again.
      }
    },
    get,
    /** @param {string} id */
    pause: (id) => void ipc.pauseDownload(id).catch(() => {}),
    /** @param {string} id */
    async discard(id) {
      await listed(() => ipc.discardDownload(id));
      store.dispatch(downloadForgotten(id));
    },
    addFolder: () => listed(() => ipc.linkModelsFolder()),
    /** @param {string} folder */
    unlink: (folder) => listed(() => ipc.unlinkModelsFolder(folder)),
    /** Keeps a token, then tries again what needed it. @param {string} id @param {string} token */
    async useToken(id, token) {
      try {
        await ipc.keepAccessToken(token);
      } catch (error) {
        store.dispatch(downloadTold(id, { event: "failed", data: { code: "access_needed", message: strings.errorText(error) } }));
        return;
      }
      await get(id);
    },
  };
}
