// @ts-check
import * as actions from "../state/actions.js";
import { toComposition } from "../state/document.js";
import { selectIsEmpty, selectPicture } from "../state/selectors.js";
import { strings } from "../strings.js";

/**
 * @typedef {import("./generate.js").Store} Store
 * @typedef {import("./generate.js").Ipc} Ipc
 */

/** @param {Store} store @param {Ipc} ipc */
export const savePng = (store, ipc) => write(store, (picture) => ipc.savePngDialog(picture));

/** @param {Store} store @param {Ipc} ipc */
export const exportPicture = (store, ipc) => write(store, (picture) => ipc.exportDialog(picture, "png"));

/** @param {Store} store @param {Ipc} ipc */
export async function copyPicture(store, ipc) {
  if (isEmpty(store, strings.notices.nothingToCopy)) return;
  try {
    await ipc.copyImage(toComposition(selectPicture(store.getState())));
    store.dispatch(actions.noticeShown("done", strings.notices.copied));
  } catch (error) {
    store.dispatch(actions.noticeShown("error", strings.errorText(error)));
  }
}

async function write(store, send) {
  if (isEmpty(store, strings.notices.nothingToSave)) return;
  try {
    const saved = await send(toComposition(selectPicture(store.getState())));
    if (saved) store.dispatch(actions.noticeShown("done", strings.notices.saved(saved.path)));
  } catch (error) {
    if (error.code !== "cancelled") store.dispatch(actions.noticeShown("error", strings.errorText(error)));
  }
}

function isEmpty(store, message) {
  const empty = selectIsEmpty(store.getState());
  if (empty) store.dispatch(actions.noticeShown("error", message));
  return empty;
}
