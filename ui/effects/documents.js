// @ts-check
import * as actions from "../state/actions.js";
import { nameOfPath, pathToSave } from "../state/files.js";
import { modelsFor } from "../state/models.js";
import { selectFile, selectIsEmpty, selectPicture } from "../state/selectors.js";
import { toWire } from "../state/wire.js";
import { strings } from "../strings.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/**
 * Shows a document that was opened, in a tab of its own unless the one in view is untouched and empty.
 * @param {Store} store
 * @param {import("../state/actions.js").Opened} opened
 */
export function placeDocument(store, opened) {
  store.dispatch(actions.documentOpened(opened));
  const { layers } = selectPicture(store.getState());
  const { list } = store.getState().models;
  // A file that is opened at the start may be there before the models are known.
  const maySplit = list.length === 0 || modelsFor(list, "decompose").some((model) => model.ready);
  if (maySplit && layers.length === 1 && layers[0].kind === "pixels") store.dispatch(actions.taskShown("split"));
  if (opened.notes.length > 0) store.dispatch(actions.noticeShown("done", strings.notices.opened(opened.name), opened.notes));
}

/** @param {Store} store @param {Ipc} ipc */
export const save = (store, ipc) =>
  keep(store, ipc, pathToSave(selectFile(store.getState())));

/** @param {Store} store @param {Ipc} ipc */
export const saveAs = (store, ipc) => keep(store, ipc, null);

/**
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {Parameters<Ipc["exportDocument"]>[1]} format
 */
export async function exportAs(store, ipc, format) {
  if (isEmpty(store, strings.notices.nothingToSave)) return;
  await told(store, async () => {
    const written = await ipc.exportDocument(toWire(selectPicture(store.getState())), format, nameOf(store));
    if (written) store.dispatch(actions.noticeShown("done", strings.notices.exported(written.path), written.notes));
  });
}

/** @param {Store} store @param {Ipc} ipc */
export async function copyPicture(store, ipc) {
  if (isEmpty(store, strings.notices.nothingToCopy)) return;
  await told(store, async () => {
    await ipc.copyImage(toWire(selectPicture(store.getState())));
    store.dispatch(actions.noticeShown("done", strings.notices.copied));
  });
}

async function keep(store, ipc, path) {
  if (isEmpty(store, strings.notices.nothingToSave)) return;
  await told(store, async () => {
    // Work may go on while it is written; only this much is saved then.
    const picture = selectPicture(store.getState());
    const saved = await ipc.saveDocument(toWire(picture), path, nameOf(store));
    if (!saved) return;
    store.dispatch(actions.documentSaved(saved.path, nameOfPath(saved.path), picture));
    store.dispatch(actions.noticeShown("done", strings.notices.saved(saved.path), saved.notes));
  });
}

/** What the document is called. @param {Store} store */
export const nameOf = (store) => selectFile(store.getState())?.name ?? strings.untitled;

async function told(store, work) {
  try {
    await work();
  } catch (error) {
    if (error.code !== "cancelled") store.dispatch(actions.noticeShown("error", strings.errorText(error)));
  }
}

/**
 * Says so when there is no picture.
 * @param {Store} store
 * @param {string} message
 */
export function isEmpty(store, message) {
  const empty = selectIsEmpty(store.getState());
  if (empty) store.dispatch(actions.noticeShown("error", message));
  return empty;
}
