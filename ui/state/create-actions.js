// @ts-check

/**
 * What can happen where pictures are made: the form, runs that wait, variations, runs of before.
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./run.js").Placed} Placed
 * @typedef {import("./runs.js").PastRun} PastRun
 * @typedef {import("./form.js").Form} Form
 */

/** @param {Partial<Form>} part */
export const formChanged = (part) => ({ type: "form/changed", part });
/** Everything that was asked for once. @param {Partial<Form>} form */
export const formRestored = (form) => ({ type: "form/restored", form });

/** @param {number} id @param {number} influence */
export const referenceInfluenced = (id, influence) => ({ type: "references/influenced", id, influence });
/** @param {number} id @param {number} index where it is then */
export const referencePlaced = (id, index) => ({ type: "references/placed", id, index });
/** @param {(import("./actions.js").NamedImage & { influence?: number })[]} images in the place of those that are there */
export const referencesRestored = (images) => ({ type: "references/restored", images });

/** @param {Omit<Run, "id" | "done">} run */
export const runQueued = (run) => ({ type: "queue/added", run });
/** @param {number} id @param {number} index where it is then */
export const runMoved = (id, index) => ({ type: "queue/moved", id, index });
/** @param {number} id */
export const runRemoved = (id) => ({ type: "queue/removed", id });

/** @param {Run} run @param {Placed} result */
export const variationArrived = (run, result) => ({ type: "variations/arrived", run, result });
/** @param {number} index */
export const variationShown = (index) => ({ type: "variations/shown", index });
/** @param {number} index */
export const variationPicked = (index) => ({ type: "variations/picked", index });
/** The set is decided about. @param {number} run */
export const variationsEnded = (run) => ({ type: "variations/ended", run });

/** @param {PastRun[]} list newest first */
export const runsLoaded = (list) => ({ type: "runs/loaded", list });
/** @param {PastRun} run */
export const runRecorded = (run) => ({ type: "runs/recorded", run });
/** @param {string} id */
export const runForgotten = (id) => ({ type: "runs/forgotten", id });

/** @param {string[]} list newest first */
export const promptsLoaded = (list) => ({ type: "prompts/loaded", list });

/** The picture grows and the new part is a layer: one step. @param {import("./document.js").Rect} rect @param {any} layer */
export const pictureExtended = (rect, layer) =>
  ({ type: "document/extended", rect, layer, undo: /** @type {const} */ ("record"), label: "extended", bytes: 4 * layer.width * layer.height });
