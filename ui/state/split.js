// @ts-check
import { change, STEPS, GUIDANCE, toSeed, within } from "./form.js";
import { defaultModel } from "./models.js";

/**
 * How a picture is to be separated into layers, and what came of it.
 * @typedef {object} SplitForm
 * @property {string | null} model
 * @property {number} layers
 * @property {string} prompt
 * @property {string} negative
 * @property {number} steps
 * @property {number} guidance
 * @property {number} seed
 * @property {boolean} seedLocked
 *
 * @typedef {object} Split
 * @property {SplitForm} form
 * @property {string} caption what the model saw in the picture, "" when it has not said
 * @property {string[] | null} retrying why the run has begun again by itself
 * @property {import("./split-result.js").SplitResult | null} result waits to be kept or discarded
 */

export const LAYERS = { min: 1, max: 10 };
const USUAL_LAYERS = 4;

/** @type {SplitForm} */
const initialForm = {
  model: null, layers: USUAL_LAYERS, prompt: "", negative: "", steps: 20, guidance: 1, seed: 0, seedLocked: false,
};

/** @param {number} seed @returns {Split} */
export const initialSplit = (seed) => ({ form: { ...initialForm, seed }, caption: "", retrying: null, result: null });

/**
 * @param {Split} split
 * @param {import("./actions.js").Action} action
 * @param {import("./jobs.js").Job | null} job the one that runs
 * @returns {Split}
 */
export function reduceSplit(split, action, job) {
  const form = reduceForm(split.form, action);
  if (form !== split.form) return { ...split, form };
  switch (action.type) {
    case "jobs/submitted":
      return action.request.kind === "split" ? { ...split, caption: "", retrying: null } : split;
    case "split/captioned":
      return job?.key === action.key ? { ...split, caption: action.text } : split;
    case "split/retrying":
      return job?.key === action.key ? { ...split, retrying: action.reason } : split;
    case "split/arrived":
      return job?.key === action.key ? { ...split, result: action.result } : split;
    case "split/discarded":
    case "document/splitKept":
      return split.result ? { ...split, result: null } : split;
    default:
      return split;
  }
}

/** @param {SplitForm} form @param {import("./actions.js").Action} action @returns {SplitForm} */
function reduceForm(form, action) {
  switch (action.type) {
    case "split/layersChanged":
      return change(form, { layers: Math.round(within(action.layers, LAYERS, form.layers)) });
    case "split/promptChanged":
      return change(form, { prompt: action.prompt });
    case "split/negativeChanged":
      return change(form, { negative: action.negative });
    case "split/stepsChanged":
      return change(form, { steps: Math.round(within(action.steps, STEPS, form.steps)) });
    case "split/guidanceChanged":
      return change(form, { guidance: within(action.guidance, GUIDANCE, form.guidance) });
    case "split/seedTyped":
      return change(form, { seed: toSeed(action.seed, form.seed), seedLocked: true });
    case "split/seedShuffled":
      return change(form, { seed: toSeed(action.seed, form.seed) });
    case "split/seedLockChanged":
      return change(form, { seedLocked: action.locked });
    case "split/modelChosen":
      return change(form, numbersOf(action.model));
    case "models/loaded": {
      const model = defaultModel(action.models, "decompose");
      if (!model || action.models.some(({ id, ready }) => id === form.model && ready)) return form;
      return change(form, numbersOf(model));
    }
    default:
      return form;
  }
}

function numbersOf({ id, defaults: { steps, guidance, layers = USUAL_LAYERS } }) {
  return { model: id, steps, guidance, layers };
}
