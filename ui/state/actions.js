// @ts-check

/**
 * Everything that can happen. Reducers alone decide what it means.
 * @typedef {{ type: string, undo?: "record" | "merge", mergeKey?: string, label?: string, bytes?: number, tab?: number,
 *   [field: string]: any }} Action `tab` names a document that may not be in view
 * @typedef {{ id: import("./document.js").ImageId, width: number, height: number, name: string,
 *   recipe?: import("./layer.js").Recipe }} NamedImage
 * @typedef {{ path: string | null, name: string, document: import("./wire.js").DocumentWire, notes: string[],
 *   recovered?: boolean }} Opened
 */

export * from "./create-actions.js";
export * from "./document-actions.js";
export * from "./tool-actions.js";

// The document.
export const documentCleared = () => ({ type: "document/cleared", undo: /** @type {const} */ ("record"), label: "cleared" });
/** @param {Opened} opened */
export const documentOpened = (opened) => ({ type: "document/opened", opened });
/** @param {string} path @param {string} name @param {import("./document.js").Picture} picture as it was written */
export const documentSaved = (path, name, picture) => ({ type: "document/saved", path, name, picture });
/** @param {NamedImage} image */
export const layerAdded = (image) => ({ type: "document/layerAdded", image, undo: /** @type {const} */ ("record"), label: "added", bytes: 4 * image.width * image.height });
/** @param {number} id */
export const layerRemoved = (id) => ({ type: "document/layerRemoved", id, undo: /** @type {const} */ ("record"), label: "removed" });
/** @param {number} id @param {string} name */
export const layerRenamed = (id, name) =>
  ({ type: "document/layerRenamed", id, name, undo: /** @type {const} */ ("record"), label: "renamed" });
/** @param {number} id @param {boolean} visible */
export const layerShown = (id, visible) =>
  ({ type: "document/layerShown", id, visible, undo: /** @type {const} */ ("record"), label: visible ? "shown" : "hidden" });
/** One drag of the slider is one step. @param {number} id @param {number} opacity */
export const layerFaded = (id, opacity) =>
  ({ type: "document/layerFaded", id, opacity, undo: /** @type {const} */ ("merge"), mergeKey: `opacity of ${id}`, label: "opacity" });
/** @param {number} id @param {1 | -1} by */
export const layerMoved = (id, by) => ({ type: "document/layerMoved", id, by, undo: /** @type {const} */ ("record"), label: "reordered" });
/** @param {number} id @param {string} blend */
export const layerBlended = (id, blend) =>
  ({ type: "document/layerBlended", id, blend, undo: /** @type {const} */ ("record"), label: "blend" });
/** @param {number} id @param {boolean} locked */
export const layerLocked = (id, locked) =>
  ({ type: "document/layerLocked", id, locked, undo: /** @type {const} */ ("record"), label: locked ? "locked" : "unlocked" });
/** No step of undo: nothing that is seen changes. @param {number} id @param {boolean} expanded */
export const groupExpanded = (id, expanded) => ({ type: "document/groupExpanded", id, expanded });
/** @param {import("./split-result.js").SplitResult} result */
export const splitKept = (result) => ({ type: "document/splitKept", result, undo: /** @type {const} */ ("record"), label: "split" });
/** @param {number} id */
export const layerSelected = (id) => ({ type: "layers/selected", id });

export const undone = () => ({ type: "history/undone" });
export const redone = () => ({ type: "history/redone" });
export const mergeEnded = () => ({ type: "history/mergeEnded" });

// What the next picture is asked for.
/** @param {string} prompt */
export const promptChanged = (prompt) => ({ type: "form/promptChanged", prompt });
/** @param {string} negative */
export const negativeChanged = (negative) => ({ type: "form/negativeChanged", negative });
/** @param {number} width @param {number} height */
export const sizeChanged = (width, height) => ({ type: "form/sizeChanged", width, height });
/** @param {number} steps */
export const stepsChanged = (steps) => ({ type: "form/stepsChanged", steps });
/** @param {number} guidance */
export const guidanceChanged = (guidance) => ({ type: "form/guidanceChanged", guidance });
/** @param {number} seed */
export const seedTyped = (seed) => ({ type: "form/seedTyped", seed });
/** @param {number} seed */
export const seedShuffled = (seed) => ({ type: "form/seedShuffled", seed });
/** @param {boolean} locked */
export const seedLockChanged = (locked) => ({ type: "form/seedLockChanged", locked });
/** @param {import("./models.js").Model} model */
export const modelChosen = (model) => ({ type: "form/modelChosen", model });

// How the next picture is to be separated into layers, and what came of it.
/** @param {number} layers */
export const splitLayersChanged = (layers) => ({ type: "split/layersChanged", layers });
/** @param {string} prompt */
export const splitPromptChanged = (prompt) => ({ type: "split/promptChanged", prompt });
/** @param {string} negative */
export const splitNegativeChanged = (negative) => ({ type: "split/negativeChanged", negative });
/** @param {number} steps */
export const splitStepsChanged = (steps) => ({ type: "split/stepsChanged", steps });
/** @param {number} guidance */
export const splitGuidanceChanged = (guidance) => ({ type: "split/guidanceChanged", guidance });
/** @param {number} seed */
export const splitSeedTyped = (seed) => ({ type: "split/seedTyped", seed });
/** @param {number} seed */
export const splitSeedShuffled = (seed) => ({ type: "split/seedShuffled", seed });
/** @param {boolean} locked */
export const splitSeedLockChanged = (locked) => ({ type: "split/seedLockChanged", locked });
/** @param {import("./models.js").Model} model */
export const splitModelChosen = (model) => ({ type: "split/modelChosen", model });
/** @param {number} key @param {{ text: string }} data */
export const splitCaptioned = (key, { text }) => ({ type: "split/captioned", key, text });
/** @param {number} key @param {{ reason: string[] }} data */
export const splitRetrying = (key, { reason }) => ({ type: "split/retrying", key, reason });
/** @param {number} key @param {import("./split-result.js").SplitResult} result */
export const splitArrived = (key, result) => ({ type: "split/arrived", key, result });
export const splitDiscarded = () => ({ type: "split/discarded" });
/** @param {import("./reducer.js").State["task"]} task */
export const taskShown = (task) => ({ type: "task/shown", task });

// References.
/** @param {NamedImage} image */
export const referenceAdded = (image) => ({ type: "references/added", image });
/** @param {number} id */
export const referenceRemoved = (id) => ({ type: "references/removed", id });
/** @param {number} id @param {boolean} enabled */
export const referenceEnabled = (id, enabled) => ({ type: "references/enabled", id, enabled });
/** @param {number} id @param {1 | -1} by */
export const referenceMoved = (id, by) => ({ type: "references/moved", id, by });

// The running job; `key` says which one, so that late news of another is ignored.
/** @param {{ kind?: "generate" | "split", layerId?: number, tab?: number, runId?: number, place?: import("./document.js").Rect | null, canvas?: import("./document.js").Rect | null, width: number, height: number, steps: number }} request */
export const jobSubmitted = (request) => ({ type: "jobs/submitted", request });
/** @param {number} key @param {number} jobId */
export const jobAccepted = (key, jobId) => ({ type: "jobs/accepted", key, jobId });
/** @param {number} key @param {{ jobId: number, steps: number }} data */
export const jobStarted = (key, data) => ({ type: "jobs/started", key, ...data });
/** @param {number} key @param {{ stage: string }} data */
export const jobStageChanged = (key, data) => ({ type: "jobs/stageChanged", key, ...data });
/** @param {number} key @param {{ done: number, total: number, secondsLeft: number | null, preview?: import("./jobs.js").Preview | null, previews?: import("./jobs.js").Preview[] }} data */
export const jobStepped = (key, data) => ({ type: "jobs/stepped", key, ...data });
/** @param {number} key */
export const jobCancelRequested = (key) => ({ type: "jobs/cancelRequested", key });
/** @param {number} key @param {{ seconds: number }} data */
export const jobFinished = (key, data) => ({ type: "jobs/finished", key, ...data });
/** @param {number} key */
export const jobCancelled = (key) => ({ type: "jobs/cancelled", key });
/** @param {number} key @param {{ code: string, message: string }} error */
export const jobFailed = (key, { code, message }) => ({ type: "jobs/failed", key, code, message });
/** An error of generating that has no running job. @param {{ code: string, message: string }} error */
export const jobErrorShown = ({ code, message }) => ({ type: "jobs/errorShown", code, message });
export const jobErrorDismissed = () => ({ type: "jobs/errorDismissed" });

// Models and engine.
/** @param {import("./models.js").Model[]} models */
export const modelsLoaded = (models) => ({ type: "models/loaded", models });
/** @param {string} message */
export const modelsFailed = (message) => ({ type: "models/failed", message });
/** @param {import("./models.js").Engine} engine */
export const engineChanged = ({ state, device, message }) => ({ type: "engine/changed", state, device, message });

// The view.
/** @param {number} width @param {number} height @param {number} scale */
export const viewportResized = (width, height, scale) => ({ type: "viewport/resized", width, height, scale });
/** @param {number} dx @param {number} dy */
export const viewportPanned = (dx, dy) => ({ type: "viewport/panned", dx, dy });
/** @param {number} factor @param {import("./viewport.js").Point} point */
export const viewportZoomed = (factor, point) => ({ type: "viewport/zoomed", factor, point });
/** @param {1 | -1} direction */
export const viewportZoomStepped = (direction) => ({ type: "viewport/zoomStepped", direction });
export const viewportFitted = () => ({ type: "viewport/fitted" });
export const viewportActualSizeShown = () => ({ type: "viewport/actualSizeShown" });

/** @param {import("./notices.js").Notice["kind"]} kind @param {string} message @param {string[]} [notes] */
export const noticeShown = (kind, message, notes = []) => ({ type: "notices/shown", kind, message, notes });
/** @param {number} key */
export const noticeDismissed = (key) => ({ type: "notices/dismissed", key });
// Work that an earlier start did not save.
/** @param {import("./recovery.js").Recovered[]} list */
export const recoveryFound = (list) => ({ type: "recovery/found", list });
/** @param {string} slot */
export const recoverySettled = (slot) => ({ type: "recovery/settled", slot });

/** @param {"system" | "light" | "dark"} theme */
export const themeChosen = (theme) => ({ type: "theme/chosen", theme });
