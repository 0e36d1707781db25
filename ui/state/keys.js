// @ts-check
import { ACTIONS } from "./action-table.js";

/**
 * What a key asks for, decided without a keyboard.
 * @typedef {{ key: string, code?: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean }} Press
 */

// Keys whose sign already says whether Shift was held.
const SIGN = /^[^\p{Letter}\p{Number} ]$/u;

/**
 * The ways in which a key press may be written in the table: as the sign that it types and as the key's place,
 * since with Shift or Alt the two differ.
 * @param {Press} press
 * @returns {string[]}
 */
export function namesOfPress({ key, code = "", ctrlKey, metaKey, shiftKey, altKey }) {
  const signs = new Set([named(key), placed(code)]);
  signs.delete("");
  const held = [(ctrlKey || metaKey) && "Ctrl", altKey && "Alt"].filter(Boolean);
  const names = [];
  for (const sign of signs) {
    names.push([...held, shiftKey && "Shift", sign].filter(Boolean).join("+"));
    // `?` and `+` need Shift on many keyboards: their sign alone says enough.
    if (shiftKey && sign === key && SIGN.test(sign)) names.push([...held, sign].join("+"));
  }
  return names;
}

/**
 * The action that a key means now: of several with this key the first that can be done, else the first.
 * @param {Press} press
 * @param {import("./action-table.js").State} state
 * @returns {import("./action-table.js").Action | null}
 */
export function actionOfPress(press, state) {
  const names = namesOfPress(press);
  const meant = ACTIONS.filter(({ keys }) => keys.some((key) => names.includes(inOrder(key))));
  return meant.find(({ when }) => when(state) === null) ?? meant[0] ?? null;
}

/** Whether a press is a letter, digit or sign alone, which any field may want. @param {Press} press */
export const isPlainPress = ({ key, ctrlKey, metaKey, altKey }) => !ctrlKey && !metaKey && !altKey && key.length === 1;

// Ctrl, Alt, Shift: one order, however the table writes them.
function inOrder(key) {
  const parts = key.split(/\+(?=.)/);
  const sign = parts[parts.length - 1];
  return [...["Ctrl", "Alt", "Shift"].filter((held) => parts.includes(held) && held !== sign), sign].join("+");
}

function named(key) {
  return key.length === 1 ? key.toUpperCase() : key;
}

// The place tells the letter or sign that is there without Shift, on the keyboards that have it there.
function placed(code) {
  if (/^Key[A-Z]$/.test(code)) return "";
  if (/^Digit\d$/.test(code)) return code.slice(5);
  return { BracketLeft: "[", BracketRight: "]", Comma: ",", Slash: "/", Semicolon: ";", Quote: "'", Minus: "-", Equal: "=" }[code] ?? "";
}
