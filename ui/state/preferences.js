// @ts-check

/**
 * What the user has set for the program as a whole; the shell keeps it.
 * @typedef {object} Preferences
 * @property {number | null} memoryBudget bytes that models and pictures may take; null is what is free
 * @property {number | null} graphicsBudget the same on the graphics card
 * @property {number} unloadAfter minutes that a model rests before it is put away; 0 is never
 * @property {boolean} keepInTray
 * @property {boolean} startAtLogin
 * @property {string | null} preload the model that is loaded at the start
 * @property {boolean} hasTray whether there can be an icon in the panel
 */

/** @type {Preferences} until the shell has told */
export const usualPreferences = {
  memoryBudget: null, graphicsBudget: null, unloadAfter: 10, keepInTray: false, startAtLogin: false, preload: null, hasTray: false,
};

export const UNLOAD_AFTER = { min: 0, max: 1440 };
const GIB = 2 ** 30;
/** The smallest budget that can be set. */
export const SMALLEST_BUDGET = GIB / 10;
/** Budgets are whole steps of this. */
const BUDGET_STEP = 2 ** 20;

/** @param {Preferences} preferences as the shell keeps them */
export const preferencesLoaded = (preferences) => ({ type: "preferences/loaded", preferences });
/** @param {Partial<Preferences>} part */
export const preferencesChanged = (part) => ({ type: "preferences/changed", part });

/**
 * @param {Preferences} preferences
 * @param {import("./actions.js").Action} action
 * @returns {Preferences}
 */
export function reducePreferences(preferences, action) {
  switch (action.type) {
    case "preferences/loaded":
      return same(preferences, action.preferences) ? preferences : action.preferences;
    case "preferences/changed": {
      const next = { ...preferences, ...action.part };
      next.unloadAfter = Math.round(Math.min(UNLOAD_AFTER.max, Math.max(UNLOAD_AFTER.min, next.unloadAfter)));
      return same(preferences, next) ? preferences : next;
    }
    default:
      return preferences;
  }
}

/**
 * The budgets that the engine keeps to, which is a moment after they were set.
 * @typedef {{ memory: number | null, graphics: number | null }} Budgets
 */

/** @type {Budgets} */
export const noBudgets = { memory: null, graphics: null };

/**
 * @param {Budgets} budgets
 * @param {import("./actions.js").Action} action
 * @returns {Budgets}
 */
export function reduceBudgets(budgets, action) {
  if (action.type !== "preferences/loaded") return budgets;
  const { memoryBudget: memory, graphicsBudget: graphics } = action.preferences;
  return memory === budgets.memory && graphics === budgets.graphics ? budgets : { memory, graphics };
}

/** What the shell is to keep. @param {Preferences} preferences */
export function toKept({ hasTray, ...kept }) {
  return kept;
}

/**
 * A budget of so many gigabytes, null where that is all there is.
 * @param {number} gigabytes
 * @param {number} total bytes
 */
export function budgetOf(gigabytes, total) {
  const bytes = Math.max(SMALLEST_BUDGET, gigabytes * GIB);
  return gigabytes >= gigabytesOf(total) ? null : wholeSteps(bytes);
}

/** In tenths, rounded down: no more than there is. @param {number} bytes */
export const gigabytesOf = (bytes) => Math.floor((bytes / GIB) * 10) / 10;

/** The budget that is raised to when so many bytes are needed: the next tenth of a gigabyte. @param {number} bytes */
export const raisedBudget = (bytes) => wholeSteps((Math.ceil((bytes / GIB) * 10) / 10) * GIB);

const wholeSteps = (bytes) => Math.ceil(bytes / BUDGET_STEP) * BUDGET_STEP;

const same = (a, b) => Object.keys({ ...a, ...b }).every((key) => a[key] === b[key]);
