// @ts-check
import * as actions from "../state/actions.js";
import { savesAs } from "../state/document.js";
import { isUnsaved, selectFile, selectPicture } from "../state/selectors.js";
import { openDocuments } from "../state/tabs.js";
import { toWire } from "../state/wire.js";
import { strings } from "../strings.js";
import { placeDocument } from "./documents.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/** Work rests this long before it is written. */
const REST_MS = 4000;
/** And is written at least this often while it does not rest. */
const LONGEST_MS = 20_000;

/**
 * Writes a copy of the unsaved work of every tab some seconds after a change, and forgets it when
 * the work is saved or the tab is closed.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {object} outside
 * @param {string} outside.slot how the copies' names begin, another one in every window and at every start
 * @param {(work: () => void, ms: number) => () => void} outside.after gives what calls it off
 * @param {() => number} outside.now milliseconds
 * @returns {{ write: () => Promise<void> }}
 */
export function createAutosave(store, ipc, { slot, after, now }) {
  /** @type {Map<number, import("../state/document.js").Picture>} what is in the copies, by tab */
  const written = new Map();
  let changedSince = 0;
  let callOff = () => {};
  let waiting = false;
  let working = Promise.resolve();
  let failed = false;

  const slotOf = (key) => `${slot}-${key}`;
  const unsaved = () => {
    const state = store.getState();
    return openDocuments(state)
      .map(({ key, document }) => ({ key, picture: document.present }))
      .filter(({ picture }) => isUnsaved(state, picture));
  };
  const isInCopy = ({ key, picture }) => {
    const copy = written.get(key);
    return copy !== undefined && savesAs(copy, picture);
  };

  function changed() {
    callOff();
    const list = unsaved();
    if ([...written.keys()].some((tab) => !list.some(({ key }) => key === tab))) void inTurn(forget);
    if (list.every(isInCopy)) {
      waiting = false;
      return;
    }
    if (!waiting) changedSince = now();
    waiting = true;
    const longest = Math.max(0, changedSince + LONGEST_MS - now());
    callOff = after(() => void write(), Math.min(REST_MS, longest));
  }

  // One after the other, so that an older copy never replaces a newer one.
  function inTurn(work) {
    working = working.then(work, work);
    return working;
  }

  function write() {
    callOff();
    waiting = false;
    return inTurn(async () => {
      for (const { key, picture } of unsaved().filter((tab) => !isInCopy(tab))) {
        try {
          const name = store.getState().files[picture.documentId]?.name ?? strings.untitled;
          await ipc.autosave(toWire(picture), slotOf(key), name);
          written.set(key, picture);
          store.dispatch(actions.copyWritten(key, picture));
          failed = false;
        } catch (error) {
          // Once is enough: the next change tries again.
          if (!failed) store.dispatch(actions.noticeShown("error", strings.recovery.failed(strings.errorText(error))));
          failed = true;
        }
      }
      // Some may have been saved, or thrown away, meanwhile.
      await forget();
    });
  }

  async function forget() {
    const keys = unsaved().map(({ key }) => key);
    for (const tab of [...written.keys()].filter((key) => !keys.includes(key))) {
      written.delete(tab);
      store.dispatch(actions.copyForgotten(tab));
      await ipc.forgetRecovered(slotOf(tab)).catch(() => {
        // It will be offered at the next start, and can be discarded there.
      });
    }
  }

  store.observe(selectPicture, changed);
  store.observe(selectFile, changed);
  store.observe((state) => state.tabs, changed);
  return { write };
}

/**
 * Offers what an earlier start did not save.
 * @param {Store} store
 * @param {Ipc} ipc
 */
export async function findRecovered(store, ipc) {
  try {
    store.dispatch(actions.recoveryFound(await ipc.listRecovered()));
  } catch {
    // Nothing is lost: it is offered again at the next start.
  }
}

/**
 * Opens it; the old copy goes only when there is a new one.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {{ write: () => Promise<void> }} autosave
 * @param {string} slot
 */
export async function recover(store, ipc, autosave, slot) {
  try {
    const opened = await ipc.openRecovered(slot);
    placeDocument(store, { ...opened, name: opened.name || strings.untitled, recovered: true });
    store.dispatch(actions.recoverySettled(slot));
    await autosave.write();
    await ipc.forgetRecovered(slot);
  } catch (error) {
    store.dispatch(actions.noticeShown("error", strings.errorText(error)));
  }
}

/**
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {string} slot
 */
export async function discardRecovered(store, ipc, slot) {
  store.dispatch(actions.recoverySettled(slot));
  try {
    await ipc.forgetRecovered(slot);
  } catch (error) {
    store.dispatch(actions.noticeShown("error", strings.errorText(error)));
  }
}
