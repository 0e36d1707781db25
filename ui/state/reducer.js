// @ts-check
import { emptyDocument, placeImage, reduceDocument } from "./document.js";
import { initialForm, reduceForm } from "./form.js";
import { createHistory, withHistory } from "./history.js";
import { noJobs, reduceJobs } from "./jobs.js";
import { noModels, reduceEngine, reduceModels, startingEngine } from "./models.js";
import { noNotices, reduceNotices } from "./notices.js";
import { noReferences, reduceReferences } from "./references.js";
import { fitView, initialViewport, reduceViewport } from "./viewport.js";

/**
 * @typedef {object} State
 * @property {import("./models.js").Engine} engine
 * @property {import("./models.js").Models} models
 * @property {import("./form.js").Form} form
 * @property {import("./references.js").References} references
 * @property {import("./jobs.js").Jobs} jobs
 * @property {import("./history.js").History<import("./document.js").Picture>} document
 * @property {number | null} selectedLayer
 * @property {import("./document.js").Rect | null} frame what the canvas shows, the room for a coming picture included
 * @property {import("./viewport.js").Viewport} viewport
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
    selectedLayer: null,
    frame: null,
    viewport: initialViewport,
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
  const jobs = reduceJobs(state.jobs, action);
  const frame = frameOf(document.present, jobs.current, state.frame);
  /** @type {State} */
  const next = {
    engine: reduceEngine(state.engine, action),
    models: reduceModels(state.models, action),
    form: reduceForm(state.form, action),
    references: reduceReferences(state.references, action),
    jobs,
    document,
    selectedLayer: selectedLayer(state, document.present, action),
    frame,
    viewport: viewport(state, action, frame),
    notices: reduceNotices(state.notices, action),
    theme: action.type === "theme/chosen" ? action.theme : state.theme,
  };
  return Object.keys(next).every((key) => next[key] === state[key]) ? state : next;
}

function frameOf(picture, job, before) {
  const frame = job ? placeImage(picture, job.width, job.height).frame : picture.layers.length > 0 ? picture : null;
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

function selectedLayer(state, picture, action) {
  const { layers } = picture;
  const exists = (id) => layers.some((layer) => layer.id === id);
  if (action.type === "layers/selected") return exists(action.id) ? action.id : state.selectedLayer;
  if (action.type === "document/layerAdded" || action.type === "document/opened") return layers[layers.length - 1].id;
  if (state.selectedLayer !== null && exists(state.selectedLayer)) return state.selectedLayer;
  if (layers.length === 0) return null;
  // The neighbour takes over from a layer that is gone.
  const index = state.document.present.layers.findIndex((layer) => layer.id === state.selectedLayer);
  return layers[Math.min(layers.length - 1, Math.max(0, index === -1 ? layers.length - 1 : index))].id;
}
