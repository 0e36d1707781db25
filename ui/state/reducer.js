// @ts-check
import { reduceClipboard } from "./clipboard.js";
import { emptyDocument, isEmpty, placeImage, reduceDocument } from "./document.js";
import { noFiles, reduceFiles } from "./files.js";
import { initialForm, reduceForm } from "./form.js";
import { createHistory, withHistory } from "./history.js";
import { noJobs, reduceJobs } from "./jobs.js";
import { noLibrary, reduceLibrary } from "./library.js";
import { reduceLoras } from "./loras.js";
import { noModels, reduceEngine, reduceModels, startingEngine } from "./models.js";
import { noNotices, reduceNotices } from "./notices.js";
import { reduceForecast } from "./forecast.js";
import { noBudgets, reduceBudgets, reducePreferences, usualPreferences } from "./preferences.js";
import { reduceRecent } from "./recent.js";
import { reduceCopies, reduceRecovery } from "./recovery.js";
import { grown } from "./region.js";
import { landing } from "./run.js";
import { reducePrompts, reduceRuns } from "./runs.js";
import { emptyQueue, reduceQueue } from "./queue.js";
import { noReferences, reduceReferences } from "./references.js";
import { selectLayers } from "./selection.js";
import { initialSplit, reduceSplit } from "./split.js";
import { applySplit } from "./split-result.js";
import { closeTab, historyLimit, isUntouched, moveTab, oneTab, openTab, showTab } from "./tabs.js";
import { initialTool, reduceTool } from "./tools.js";
import { reduceVariations, variationsIn } from "./variations.js";
import { fitView, initialViewport, reduceViewport } from "./viewport.js";

/**
 * @typedef {object} State
 * @property {import("./models.js").Engine} engine
 * @property {import("./models.js").Models} models
 * @property {import("./library.js").Library} library
 * @property {import("./loras.js").ChosenLora[]} loras that were chosen, whether or not they fit the model in use
 * @property {import("./form.js").Form} form
 * @property {import("./references.js").References} references
 * @property {import("./jobs.js").Jobs} jobs
 * @property {import("./history.js").History<import("./document.js").Picture>} document
 * @property {import("./files.js").Files} files
 * @property {import("./recovery.js").Recovered[]} recovery
 * @property {import("./recovery.js").Copies} copies
 * @property {import("./recent.js").RecentFile[]} recent
 * @property {import("./run.js").Mode | "split"} task what the panel at the left is for
 * @property {import("./queue.js").Queue} queue runs that wait, and the one under way
 * @property {import("./variations.js").VariationSet[]} variations
 * @property {import("./runs.js").PastRun[]} runs of before, newest first
 * @property {string[]} prompts of before, newest first
 * @property {import("./split.js").Split} split
 * @property {import("./document.js").Picture | null} staged the picture with layers that wait to be kept
 * @property {import("./tabs.js").Tabs} tabs
 * @property {number | null} selectedLayer the primary one
 * @property {number[]} selectedLayers all of them
 * @property {import("./clipboard.js").Clip | null} clipboard
 * @property {import("./document.js").Rect | null} frame what the canvas shows, the room for a coming picture included
 * @property {import("./viewport.js").Viewport} viewport
 * @property {import("./tools.js").Tool} tool
 * @property {import("./notices.js").Notices} notices
 * @property {"system" | "light" | "dark"} theme
 * @property {import("./preferences.js").Preferences} preferences
 * @property {import("./preferences.js").Budgets} budgets that the engine keeps to
 * @property {import("./forecast.js").Forecast | null} forecast of the next picture, null where it is not known
 */

const reduceDocumentHistory = withHistory(reduceDocument);

/**
 * @param {{ seed: number, theme: State["theme"] }} start what only the outside knows
 * @returns {State}
 */
export function initialState({ seed, theme }) {
  return {
    engine: startingEngine,
    models: noModels,
    library: noLibrary,
    loras: [],
    form: { ...initialForm, seed },
    references: noReferences,
    jobs: noJobs,
    document: createHistory(emptyDocument),
    files: noFiles,
    recovery: [],
    copies: {},
    recent: [],
    task: "new",
    queue: emptyQueue,
    variations: [],
    runs: [],
    prompts: [],
    split: initialSplit(seed),
    staged: null,
    tabs: oneTab,
    selectedLayer: null,
    selectedLayers: [],
    clipboard: null,
    frame: null,
    viewport: initialViewport,
    tool: initialTool,
    notices: noNotices,
    theme,
    preferences: usualPreferences,
    budgets: noBudgets,
    forecast: null,
  };
}

/** What begins a document. */
const BEGINNINGS = ["document/opened", "document/created"];

/**
 * @param {State} state
 * @param {import("./actions.js").Action} action
 * @returns {State}
 */
export function reduce(state, action) {
  switch (action.type) {
    case "tabs/opened":
      return openTab(state);
    case "tabs/shown":
      return showTab(state, action.key);
    case "tabs/closed":
      return withoutRuns(closeTab(state, action.key), action);
    case "tabs/moved": {
      const tabs = moveTab(state.tabs, action.key, action.index);
      return tabs === state.tabs ? state : { ...state, tabs };
    }
  }
  const { active, list } = state.tabs;
  if (action.tab !== undefined && action.tab !== active) {
    if (!list.some((tab) => tab.key === action.tab)) return state;
    const there = showTab(state, action.tab);
    const next = reduceTab(there, action);
    return next === there ? state : showTab(next, active);
  }
  const begins = BEGINNINGS.includes(action.type) && !isUntouched(state);
  return reduceTab(begins ? openTab(state) : state, action);
}

// What a closed document still waited for is not made.
function withoutRuns(state, action) {
  const queue = reduceQueue(state.queue, action, state.jobs);
  return { ...state, queue, variations: reduceVariations(state.variations, action, state.tabs.active) };
}

function reduceTab(state, action) {
  const before = state.document.present;
  const document = reduceHistory(state, action);
  const jobs = reduceJobs(state.jobs, action);
  const split = reduceSplit(state.split, action, state.jobs.current);
  const variations = reduceVariations(state.variations, action, state.tabs.active);
  const shown = staged(state, document.present, split.result, variations);
  const nextTask = task(state.task, action);
  const form = reduceForm(state.form, action);
  const room = nextTask === "extend" && shown === null && !isEmpty(document.present) ? grown(document.present, form.extend) : null;
  const frame = frameOf(state, room ?? shown ?? document.present, jobs.current);
  const { selectedLayer, selectedLayers } = state;
  const selected = selectLayers({ primary: selectedLayer, ids: selectedLayers }, before, document.present, action);
  /** @type {State} */
  const next = {
    ...state,
    engine: reduceEngine(state.engine, action),
    models: reduceModels(state.models, action),
    library: reduceLibrary(state.library, action),
    loras: reduceLoras(state.loras, action),
    form,
    references: reduceReferences(state.references, action),
    jobs,
    document,
    files: reduceFiles(state.files, action, before, document.present),
    recovery: reduceRecovery(state.recovery, action),
    copies: reduceCopies(state.copies, action),
    recent: reduceRecent(state.recent, action),
    task: nextTask,
    queue: reduceQueue(state.queue, action, state.jobs),
    variations,
    runs: reduceRuns(state.runs, action),
    prompts: reducePrompts(state.prompts, action),
    split,
    staged: shown,
    tabs: countDocuments(state.tabs, before, document.present),
    selectedLayer: selected.primary,
    selectedLayers: selected.ids === selectedLayers || same(selected.ids, selectedLayers) ? selectedLayers : selected.ids,
    clipboard: reduceClipboard(state.clipboard, action),
    frame,
    viewport: viewport(state, action, frame),
    tool: reduceTool(state.tool, action),
    notices: reduceNotices(state.notices, action),
    theme: action.type === "theme/chosen" ? action.theme : state.theme,
    preferences: reducePreferences(state.preferences, action),
    budgets: reduceBudgets(state.budgets, action),
    forecast: reduceForecast(state.forecast, action),
  };
  return Object.keys(next).every((key) => next[key] === state[key]) ? state : next;
}

function reduceHistory(state, action) {
  const { nextDocumentId } = state.tabs;
  // A document begins with nothing to undo: what was there before has a tab of its own.
  if (BEGINNINGS.includes(action.type)) {
    return createHistory(reduceDocument(state.document.present, action, nextDocumentId), action.type === "document/opened" ? "opened" : "created");
  }
  return reduceDocumentHistory(state.document, action, historyLimit(state), nextDocumentId);
}

// Numbers of documents are used once, so that a file is never taken for that of another document.
function countDocuments(tabs, before, after) {
  return after.documentId === before.documentId || after.documentId < tabs.nextDocumentId
    ? tabs
    : { ...tabs, nextDocumentId: after.documentId + 1 };
}

const same = (a, b) => a.length === b.length && a.every((id, index) => id === b[index]);

function frameOf({ frame: before, tabs }, picture, job) {
  const isHere = job?.kind === "generate" && job.place === null && (job.tab === null || job.tab === tabs.active);
  const coming = isGrowing(job, tabs) ? job.canvas : isHere ? placeImage(picture, job.width, job.height).frame : null;
  const frame = coming ?? (picture.width === 0 ? null : picture);
  if (frame === null) return null;
  const { x, y, width, height } = frame;
  const same = before && before.x === x && before.y === y && before.width === width && before.height === height;
  return same ? before : { x, y, width, height };
}

const isGrowing = (job, { active }) => Boolean(job?.canvas) && job.tab === active;

function viewport(state, action, frame) {
  const view = reduceViewport(state.viewport, action, frame);
  // A new picture is shown whole; after that the user's own zoom and place are kept.
  const fitted = view.fitted || (state.frame === null && frame !== null) || BEGINNINGS.includes(action.type);
  // Under the hand that drags its edge the frame stays where it is.
  if (action.type === "form/changed" && state.frame !== null) return view;
  return fitted && frame ? fitView(view, frame) : view;
}

function task(before, action) {
  if (action.type === "references/added") return before === "new" ? "edit" : before;
  return action.type === "task/shown" ? action.task : before;
}

function staged(state, picture, result, variations) {
  const set = result === null ? variationsIn(variations, state.tabs.active) : null;
  const before = result === null ? variationsIn(state.variations, state.tabs.active) : null;
  if (result === null && set === null) return null;
  if (picture === state.document.present && result === state.split.result && set === before) return state.staged;
  const shown = set ? reduceDocument(picture, landing(set.run, set.results[set.shown])) : applySplit(picture, result);
  return shown === picture ? null : shown;
}
