// @ts-check
import { jobErrorDismissed, noticeDismissed } from "../state/actions.js";
import { actionOfPress, isPlainPress } from "../state/keys.js";
import { selectJob } from "../state/selectors.js";
import { isTextField } from "./dom.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/** Keys without Ctrl that only mean something while the canvas has the focus. */
const CANVAS_KEYS = new Set(["+", "=", "-", "0", "1"]);

/**
 * Keys to actions, by the table of actions.
 * @param {Document} page
 * @param {Store} store
 * @param {(name: string) => void} run
 */
export function mountKeyboard(page, store, run) {
  page.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || page.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      escape(store, run);
      return;
    }
    const writing = isTextField(event.target);
    if (isPlainPress(event) && !mayBeShort(event, writing)) return;
    const action = actionOfPress(event, store.getState());
    if (!action) return;
    if (action.typed && writing) {
      editText(action.name, page, event);
      return;
    }
    // Selected words of a panel are what is copied.
    if (action.name === "edit.copy" && String(page.getSelection()) !== "") return;
    event.preventDefault();
    run(action.name);
  });
}

// Letters alone belong to whatever writes with them, or searches its list by them.
function mayBeShort(event, writing) {
  const target = /** @type {Element} */ (event.target);
  if (writing || target.closest?.("select, [contenteditable]")) return false;
  return !CANVAS_KEYS.has(event.key) || target.id === "stage";
}

/** WebKitGTK has no keys for undo and redo in text fields; the others it does itself. */
function editText(name, page, event) {
  const command = { "edit.undo": "undo", "edit.redo": "redo" }[name];
  if (!command) return;
  event.preventDefault();
  page.execCommand(command);
}

function escape(store, run) {
  const state = store.getState();
  if (selectJob(state)) run("job.cancel");
  else if (state.notices.current) store.dispatch(noticeDismissed(state.notices.current.key));
  else if (state.jobs.error) store.dispatch(jobErrorDismissed());
}
