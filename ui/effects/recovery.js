// @ts-check
import * as actions from "../state/actions.js";
import { selectFile, selectIsUnsaved, selectPicture } from "../state/selectors.js";
import { toWire } from "../state/wire.js";
import { strings } from "../strings.js";
import { nameOf, placeDocument } from "./documents.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/** Work rests this long before it is written. */
const REST_MS = 4000;
/** And is written at least this often while it does not rest. */
const LONGEST_MS = 20_000;

/**
 * Writes a copy of unsaved work some seconds after a change, and forgets it when the work is saved.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {object} outside
 * @param {string} outside.slot the copy's name, another one in every window and at every start
 * @param {(work: () => void, ms: number) => () => void} outside.after gives what calls it off
 * @param {() => number} outside.now milliseconds
 * @returns {{ write: () => Promise<void> }}
 */
export function createAutosave(store, ipc, { slot, after, now }) {
  /** @type {import("../state/document.js").Picture | null} in the copy */
  let written = null;
  let changedSince = 0;
  let callOff = () => {};
  let waiting = false;
  let working = Promise.resolve();
  let failed = false;

  function changed() {
    callOff();
    const state = store.getState();
    if (!selectIsUnsaved(state)) {
      waiting = false;
      if (written) inTurn(forget);
      return;
    }
    if (selectPicture(state) === written) return;
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
      const state = store.getState();
      const picture = selectPicture(state);
      if (!selectIsUnsaved(state) || picture === written) return;
      try {
        await ipc.autosave(toWire(picture), slot, nameOf(store));
        written = picture;
        failed = false;
      } catch (error) {
        // Once is enough: the next change tries again.
        if (!failed) store.dispatch(actions.noticeShown("error", strings.recovery.failed(strings.errorText(error))));
        failed = true;
      }
      // It may have been saved, or thrown away, meanwhile.
      if (written && !selectIsUnsaved(store.getState())) await forget();
    });
  }

  async function forget() {
    if (!written || selectIsUnsaved(store.getState())) return;
    written = null;
    await ipc.forgetRecovered(slot).catch(() => {
      // It will be offered at the next start, and can be discarded there.
    });
  }

  store.observe(selectPicture, changed);
  store.observe(selectFile, changed);
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
