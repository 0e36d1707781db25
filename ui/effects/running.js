// @ts-check
import { noticeShown } from "../state/actions.js";
import { actionOf } from "../state/action-table.js";
import { whyNot } from "./action-words.js";

/** @typedef {import("./jobs.js").Store} Store */

const KEY = "recent-actions";
const KEPT = 12;
/** Pressed once too often by everybody: nothing has to be said. */
const QUIET = new Set(["edit.undo", "edit.redo"]);

/**
 * Says why an action cannot be done. What makes pictures tells it beside its own button.
 * @param {Store} store
 * @returns {(name: string) => boolean}
 */
export function createCheck(store) {
  return (name) => {
    if (actionOf(name)?.menu === "make") return true;
    const reason = whyNot(name, store.getState());
    if (reason !== null && !QUIET.has(name)) store.dispatch(noticeShown("error", reason));
    return reason === null;
  };
}

/**
 * Which actions were used last, from one start to the next.
 * @param {Storage} storage
 */
export function createRecentActions(storage) {
  let names = read(storage);
  return {
    list: () => names,
    /** @param {string} name */
    used(name) {
      names = [name, ...names.filter((other) => other !== name)].slice(0, KEPT);
      try {
        storage.setItem(KEY, JSON.stringify(names));
      } catch {
        // Without storage the window still works; it only forgets.
      }
    },
  };
}

function read(storage) {
  try {
    const names = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string").slice(0, KEPT) : [];
  } catch {
    return [];
  }
}
