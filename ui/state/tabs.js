// @ts-check
import { emptyDocument, isEmpty } from "./document.js";
import { createHistory, historyBytes, HISTORY_BYTES, stepsOf } from "./history.js";
import { initialViewport, reduceViewport } from "./viewport.js";

/**
 * Documents beside each other. The fields of the state that belong to one document are those of the
 * tab in view; the others are parked here meanwhile.
 * @typedef {import("./reducer.js").State} State
 * @typedef {Pick<State, "document" | "selectedLayer" | "selectedLayers" | "viewport" | "frame" | "staged" | "split">} Parked
 * @typedef {{ key: number, parked: Parked | null }} Tab the one in view has nothing parked
 * @typedef {{ list: Tab[], active: number, nextKey: number, nextDocumentId: number }} Tabs
 */

const OF_A_TAB = ["document", "selectedLayer", "selectedLayers", "viewport", "frame", "staged", "split"];
/** What the steps of one document may hold at least, however much the others hold. */
const SHARE_BYTES = HISTORY_BYTES / 8;

/** @type {Tabs} */
export const oneTab = { list: [{ key: 1, parked: null }], active: 1, nextKey: 2, nextDocumentId: 1 };

/**
 * Another tab comes into view; the one before is parked.
 * @param {State} state
 * @param {number} key
 * @returns {State}
 */
export function showTab(state, key) {
  const { tabs } = state;
  const parked = tabs.list.find((tab) => tab.key === key)?.parked;
  if (!parked || key === tabs.active) return state;
  const list = tabs.list.map((tab) => {
    if (tab.key === tabs.active) return { key: tab.key, parked: partOf(state) };
    return tab.key === key ? { key, parked: null } : tab;
  });
  const { width, height, scale } = state.viewport;
  // The window may have another size by now, and what is asked of a split is the same everywhere.
  const viewport = reduceViewport(parked.viewport, { type: "viewport/resized", width, height, scale }, parked.frame);
  const split = { ...parked.split, form: state.split.form };
  return { ...state, ...parked, viewport, split, tabs: { ...tabs, list, active: key } };
}

/**
 * An empty tab beside the one in view, and in view.
 * @param {State} state
 * @returns {State}
 */
export function openTab(state) {
  const { tabs } = state;
  const key = tabs.nextKey;
  const at = tabs.list.findIndex((tab) => tab.key === tabs.active) + 1;
  const list = [...tabs.list.slice(0, at), { key, parked: emptyPart(state) }, ...tabs.list.slice(at)];
  return showTab({ ...state, tabs: { ...tabs, list, nextKey: key + 1 } }, key);
}

/**
 * There is always a tab: after the last one comes an empty one.
 * @param {State} state
 * @param {number} key
 * @returns {State}
 */
export function closeTab(state, key) {
  const index = state.tabs.list.findIndex((tab) => tab.key === key);
  if (index === -1) return state;
  let next = state;
  if (state.tabs.list.length === 1) next = openTab(state);
  else if (key === state.tabs.active) next = showTab(state, (state.tabs.list[index + 1] ?? state.tabs.list[index - 1]).key);
  const gone = next.tabs.list.find((tab) => tab.key === key);
  const files = { ...next.files };
  for (const { picture } of gone?.parked ? stepsOf(gone.parked.document) : []) delete files[picture.documentId];
  return { ...next, files, tabs: { ...next.tabs, list: next.tabs.list.filter((tab) => tab.key !== key) } };
}

/**
 * @param {Tabs} tabs
 * @param {number} key
 * @param {number} index
 * @returns {Tabs}
 */
export function moveTab(tabs, key, index) {
  const tab = tabs.list.find((other) => other.key === key);
  if (!tab) return tabs;
  const list = tabs.list.filter((other) => other !== tab);
  list.splice(Math.min(list.length, Math.max(0, index)), 0, tab);
  return list.every((other, at) => other === tabs.list[at]) ? tabs : { ...tabs, list };
}

/** Whether nothing has been done in the tab in view. @param {State} state */
export function isUntouched({ document, jobs, tabs }) {
  const steps = document.past.length + document.future.length;
  return isEmpty(document.present) && steps === 0 && jobs.current?.tab !== tabs.active;
}

/** Every document that is open, in the order of the tabs. @param {State} state @returns {{ key: number, document: State["document"], split: State["split"] }[]} */
export function openDocuments(state) {
  return state.tabs.list.map(({ key, parked }) => ({ key, ...(parked ?? state) })).map(({ key, document, split }) => ({ key, document, split }));
}

/** What the steps of the document in view may hold, in bytes. @param {State} state */
export function historyLimit({ tabs }) {
  const others = tabs.list.reduce((sum, { parked }) => sum + (parked ? historyBytes(parked.document) : 0), 0);
  return Math.max(SHARE_BYTES, HISTORY_BYTES - others);
}

function partOf(state) {
  return /** @type {Parked} */ (Object.fromEntries(OF_A_TAB.map((name) => [name, state[name]])));
}

/** @returns {Parked} */
function emptyPart({ split, viewport: { width, height, scale } }) {
  return {
    document: createHistory(emptyDocument),
    selectedLayer: null,
    selectedLayers: [],
    viewport: { ...initialViewport, width, height, scale },
    frame: null,
    staged: null,
    split: { ...split, caption: "", retrying: null, result: null },
  };
}
