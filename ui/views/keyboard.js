// @ts-check
import { jobErrorDismissed, noticeDismissed } from "../state/actions.js";
import { selectJob } from "../state/selectors.js";
import { isTextField } from "./dom.js";

/** @typedef {import("../effects/generate.js").Store} Store */

// The text's own copy, paste and undo come first while a text field has the focus.
const TEXT_COMMANDS = ["edit.copy", "edit.paste", "edit.undo", "edit.redo"];

/**
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
    const name = commandOf(event, store.getState());
    if (!name) return;
    if (TEXT_COMMANDS.includes(name) && isTextField(event.target)) {
      editText(name, page, event);
      return;
    }
    if (name === "edit.copy" && String(page.getSelection()) !== "") return;
    event.preventDefault();
    run(name);
  });
}

/** WebKitGTK has no keys for undo and redo in text fields; copy and paste it does itself. */
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

function commandOf(event, state) {
  const key = event.key.toLowerCase();
  if (key === "f1") return "help.shortcuts";
  if (event.altKey) return null;
  const onCanvas = event.target instanceof Element && event.target.id === "stage";
  if (!event.ctrlKey && !event.metaKey) {
    if (key === "?" && !isTextField(event.target)) return "help.shortcuts";
    return onCanvas ? { "+": "view.zoom-in", "=": "view.zoom-in", "-": "view.zoom-out", 0: "view.fit", 1: "view.actual-size" }[key] ?? null : null;
  }
  if (event.shiftKey && key === "z") return "edit.redo";
  if (event.shiftKey && key === "e") return "file.export-png";
  if (event.shiftKey && key === "s") return "file.save-as";
  if (event.shiftKey && key === "l") return "layer.split";
  return {
    enter: startOf(state),
    n: "file.new",
    o: "file.open",
    s: "file.save",
    e: "file.export-png",
    c: "edit.copy",
    v: "edit.paste",
    z: "edit.undo",
    y: "edit.redo",
    0: "view.fit",
    1: "view.actual-size",
    "+": "view.zoom-in",
    "=": "view.zoom-in",
    "-": "view.zoom-out",
  }[key] ?? null;
}

// Enter does what the panel in view is for.
function startOf({ task, split }) {
  if (task === "make") return "generate.start";
  return split.result ? "split.keep" : "split.start";
}
