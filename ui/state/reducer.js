// @ts-check
import { emptyDocument, placeImage, reduceDocument } from "./document.js";
import { noFiles, reduceFiles } from "./files.js";
import { initialForm, reduceForm } from "./form.js";
import { createHistory, withHistory } from "./history.js";
import { noJobs, reduceJobs } from "./jobs.js";
import { noModels, reduceEngine, reduceModels, startingEngine } from "./models.js";
import { noNotices, reduceNotices } from "./notices.js";
import { reduceRecovery } from "./recovery.js";
import { noReferences, reduceReferences } from "./references.js";
import { selectLayer } from "./selection.js";
import { initialSplit, reduceSplit } from "./split.js";
import { applySplit } from "./split-result.js";
import { initialTool, reduceTool } from "./tools.js";
import { fitView, initialViewport, reduceViewport } from "./viewport.js";

/**
 * @typedef {object} State
 * @property {import("./models.js").Engine} engine
 * @property {import("./models.js").Models} models
 * @property {import("./form.js").Form} form
 * @property {import("./references.js").References} references
 * @property {import("./jobs.js").Jobs} jobs
 * @property {import("./history.js").History<import("./document.js").Picture>} document
 * @property {import("./files.js").Files} files
 * @property {import("./recovery.js").Recovered[]} recovery
 * @property {"make" | "split"} task what the panel at the left is for
 * @property {import("./split.js").Split} split
 * @property {import("./document.js").Picture | null} staged the picture with layers that wait to be kept
 * @property {number | null} selectedLayer
 * @property {import("./document.js").Rect | null} frame what the canvas shows, the room for a coming picture included
 * @property {import("./viewport.js").Viewport} viewport
 * @property {import("./tools.js").Tool} tool
 * @property {import("./notices.js").Notices} notices
 * @property {"system" | "light" | "dark"} theme
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
    form: { ...initialForm, seed },
    references: noReferences,
    jobs: noJobs,
    document: createHistory(emptyDocument),
    files: noFiles,
    recovery: [],
    task: "make",
    split: initialSplit(seed),
    staged: null,
    selectedLayer: null,
    frame: null,
    viewport: initialViewport,
    tool: initialTool,
    notices: noNotices,
    theme,
  };
}

/**
 * @param {State} state
 * @param {import("./actions.js").Action} action
 * @returns {State}
 */
export function reduce(state, action) {
  const document = reduceDocumentHistory(state.document, action);
  const before = state.document.present;
  const jobs = reduceJobs(state.jobs, action);
  const split = reduceSplit(state.split, action, state.jobs.current);
  const frame = frameOf(document.present, jobs.current, state.frame);
  /** @type {State} */
  const next = {
    engine: reduceEngine(state.engine, action),
    models: reduceModels(state.models, action),
    form: reduceForm(state.form, action),
    references: reduceReferences(state.references, action),
    jobs,
    document,
    files: reduceFiles(state.files, action, before, document.present),
    recovery: reduceRecovery(state.recovery, action),
    task: task(state.task, action),
    split,
    staged: staged(state, document.present, split.result),
    selectedLayer: selectLayer(state.selectedLayer, before, document.present, action),
    frame,
    viewport: viewport(state, action, frame),
    tool: reduceTool(state.tool, action),
    notices: reduceNotices(state.notices, action),
    theme: action.type === "theme/chosen" ? action.theme : state.theme,
  };
  return Object.keys(next).every((key) => next[key] === state[key]) ? state : next;
}

function frameOf(picture, job, before) {
  const coming = job?.kind === "generate" ? placeImage(picture, job.width, job.height).frame : null;
  const frame = coming ?? (picture.layers.length > 0 ? picture : null);
  if (frame === null) return null;
  const { x, y, width, height } = frame;
  const same = before && before.x === x && before.y === y && before.width === width && before.height === height;
  return same ? before : { x, y, width, height };
}

function viewport(state, action, frame) {
  const view = reduceViewport(state.viewport, action, frame);
  // A new picture is shown whole; after that the user's own zoom and place are kept.
  const fitted = view.fitted || (state.frame === null && frame !== null) || action.type === "document/opened";
  return fitted && frame ? fitView(view, frame) : view;
}

function task(before, action) {
  return action.type === "task/shown" ? action.task : before;
}

function staged(state, picture, result) {
  if (result === null) return null;
  if (picture === state.document.present && result === state.split.result) return state.staged;
  const shown = applySplit(picture, result);
  return shown === picture ? null : shown;
}
