// @ts-check
import * as actions from "../state/actions.js";
import { recentListed } from "../state/recent.js";
import { isUnsaved, selectFile, selectIsUnsaved } from "../state/selectors.js";
import { openDocuments } from "../state/tabs.js";
import { strings } from "../strings.js";
import { nameOf, placeDocument, save } from "./documents.js";
import { cancelJob } from "./jobs.js";

/**
 * What concerns the window as a whole: recent files, new documents, the example, the language, its end.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/**
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {object} outside
 * @param {(name: string, remaining: number) => Promise<"save" | "discard" | "cancel">} outside.ask about unsaved work
 * @param {() => Promise<void>} outside.settle brings the copies of unsaved work up to date
 * @param {(language: string) => void} outside.startAgain builds the page anew
 */
export function createSession(store, ipc, { ask, settle, startAgain }) {
  /** @template T @param {() => Promise<T>} work @returns {Promise<T | null>} */
  async function told(work) {
    try {
      return await work();
    } catch (error) {
      if (error.code !== "cancelled") store.dispatch(actions.noticeShown("error", strings.errorText(error)));
      return null;
    }
  }

  async function listRecent() {
    try {
      store.dispatch(recentListed(await ipc.listRecent()));
    } catch {
      // The files themselves are where they were.
    }
  }

  /** Opens what is loaded as a document, and lists the recent files anew. */
  async function open(load) {
    const opened = await told(load);
    if (opened) placeDocument(store, opened);
    await listRecent();
  }

  /** @param {{ name: string, width: number, height: number, background: [number, number, number] | null }} asked */
  const create = ({ name, width, height, background }) => told(async () => {
    const { id } = await ipc.createImage({ width, height, colour: background });
    const layerName = background ? strings.newDocument.backgroundLayer : strings.newDocument.firstLayer;
    store.dispatch(actions.documentCreated({ name, width, height, background, imageId: id, layerName }));
  });

  const unsavedTabs = () => {
    const state = store.getState();
    return openDocuments(state).filter(({ document }) => isUnsaved(state, document.present)).map(({ key }) => key);
  };

  /** @returns {Promise<boolean>} whether the tab may go */
  async function settleTab(key, remaining) {
    store.dispatch(actions.tabShown(key));
    if (!selectIsUnsaved(store.getState())) return true;
    const answer = await ask(nameOf(store), remaining);
    if (answer === "cancel") return false;
    if (answer === "discard") return true;
    await save(store, ipc);
    return !selectIsUnsaved(store.getState());
  }

  /** What is being made for a document that goes is made for nobody. @param {number} key of its tab */
  function close(key) {
    if (store.getState().jobs.current?.tab === key) void cancelJob(store, ipc);
    store.dispatch(actions.tabClosed(key));
  }

  let asking = false;

  /** One question at a time. @param {() => Promise<void>} work */
  async function once(work) {
    if (asking) return;
    asking = true;
    try {
      await work();
    } finally {
      asking = false;
    }
  }

  return {
    listRecent,
    create,
    /** @param {string} path */
    openRecent: (path) => open(() => ipc.openRecent(path)),
    openExample: () => open(() => ipc.openExample()),

    async clearRecent() {
      await told(() => ipc.clearRecent());
      await listRecent();
    },

    /** @param {number} [key] of a tab; the one in view without it */
    closeTab: (key = store.getState().tabs.active) => once(async () => {
      if (await settleTab(key, 1)) close(key);
    }),

    /** Closes the window when nothing is lost by it. */
    quit: () => once(async () => {
      const keys = unsavedTabs();
      for (const [index, key] of keys.entries()) {
        if (!(await settleTab(key, keys.length - index))) return;
        // What was thrown away must not be offered again at the next start.
        if (selectIsUnsaved(store.getState())) close(key);
      }
      await settle();
      await told(() => ipc.closeWindow());
    }),

    /** Views are built once in a language; without open work the page is simply built again. @param {string} language */
    async chooseLanguage(language) {
      if ((await told(() => ipc.chooseLanguage(language).then(() => true))) !== true) return;
      const state = store.getState();
      const untouched = openDocuments(state).every(({ document }) => document.present.layers.length === 0) && state.jobs.current === null;
      if (untouched && !selectFile(state)) startAgain(language);
      else store.dispatch(actions.noticeShown("done", strings.language.later));
    },

    async showModelsFolder() {
      const folder = await told(() => ipc.showModelsFolder());
      if (folder) store.dispatch(actions.noticeShown("done", strings.model.folder(folder)));
    },
  };
}
