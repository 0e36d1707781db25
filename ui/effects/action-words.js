// @ts-check
import { ACTIONS, actionOf } from "../state/action-table.js";
import { selectSelectedLayer } from "../state/selectors.js";
import { strings } from "../strings.js";

/**
 * What an action is called, without the dots that say that it asks something first.
 * @param {string} name
 */
export const labelOf = (name) => fullLabelOf(name).replace(/…$/, "");

/** @param {string} name */
export const fullLabelOf = (name) => strings.actions[name]?.[0] ?? name;

/**
 * A key as it is printed on keyboards.
 * @param {string} keys such as "Ctrl+Shift+Z"
 */
export function keyText(keys) {
  const parts = keys.split(/\+(?=.)/);
  return parts.map((part) => strings.keys[part] ?? part).join("+");
}

/** @param {string} name @returns {string | null} the keys of an action, as people read them */
export function keysOf(name) {
  const [first] = actionOf(name)?.keys ?? [];
  return first === undefined ? null : keyText(first);
}

/** @param {string} name a name and its keys, for tips */
export function tipOf(name) {
  const keys = keysOf(name);
  return keys ? strings.toolbar.withKey(labelOf(name), keys) : labelOf(name);
}

/** The keys of an action, short enough for a button. @param {string} keys */
export const shortKeyText = (keys) => keyText(keys).replace(strings.keys.Enter, "↵").replace("+", " ");

/** @param {string} name its keys as `aria-keyshortcuts` has them */
export const ariaKeysOf = (name) => actionOf(name)?.keys[0]?.replace("Ctrl", "Control");

/**
 * Why an action cannot be done now, in words; null when it can.
 * @param {string} name
 * @param {import("../state/action-table.js").State} state
 * @returns {string | null}
 */
export function whyNot(name, state) {
  const key = actionOf(name)?.when(state) ?? null;
  if (key === null) return null;
  const layer = selectSelectedLayer(state);
  if (key === "locked" && layer) return strings.layers.lockedNotice(layer.name);
  const own = { generate: strings.generate.blocked, split: strings.split.blocked }[name.split(".")[0]];
  return own?.[key] || strings.unavailable[key] || strings.unexpected;
}

/** What the palette searches, in the order of the menus. */
export const searchEntries = () => ACTIONS.map(({ name, menu }) => ({
  name,
  menu: strings.menus[menu],
  label: fullLabelOf(name),
  words: strings.actions[name]?.[1] ?? "",
}));
