// @ts-check
import { defaultModel } from "./models.js";

/**
 * What the next picture is asked for.
 * @typedef {object} Form
 * @property {string} prompt
 * @property {string} negative
 * @property {string | null} model
 * @property {number} width
 * @property {number} height
 * @property {number} steps
 * @property {number} guidance
 * @property {number} seed
 * @property {boolean} seedLocked
 * @property {boolean} reuse whether steps that change little are skipped
 * @property {number} batch how many pictures
 * @property {number} strength how far a repainted part may go from what was there, above 0, up to 1
 * @property {"visible" | "layer"} repaintFrom what is shown to the model
 * @property {"new" | "layer"} repaintInto where a repainted part goes
 * @property {import("./region.js").Sides} extend pixels that each side grows by
 */

export const SIZE = { min: 64, max: 2048, step: 16 };
export const STEPS = { min: 1, max: 100 };
export const GUIDANCE = { min: 1, max: 20, step: 0.5 };
export const BATCH = { min: 1, max: 8 };
export const STRENGTH = { min: 0.05, max: 1, step: 0.05 };
export const EXTEND = { min: 0, max: 2048 };
/** How much of itself the start of a step may change for the rest to be skipped. */
export const STEP_CACHE = 0.1;
export const SEED_MAX = Number.MAX_SAFE_INTEGER;
export const SHUFFLED_SEED_MAX = 4294967295;

/** Sizes that are offered by name; the words for them are in strings.js. */
export const SIZE_PRESETS = [
  { id: "icon-64", width: 64, height: 64 },
  { id: "icon-128", width: 128, height: 128 },
  { id: "square-256", width: 256, height: 256 },
  { id: "square-512", width: 512, height: 512 },
  { id: "square-1024", width: 1024, height: 1024 },
  { id: "portrait-768", width: 768, height: 1024 },
  { id: "landscape-1024", width: 1024, height: 768 },
  { id: "wide-1280", width: 1280, height: 720 },
];

/** @type {Form} */
export const initialForm = {
  prompt: "",
  negative: "",
  model: null,
  width: 128,
  height: 128,
  steps: 8,
  guidance: 4,
  seed: 0,
  seedLocked: false,
  reuse: false,
  batch: 1,
  strength: 1,
  repaintFrom: "visible",
  repaintInto: "new",
  extend: { left: 0, top: 0, right: 64, bottom: 0 },
};

/**
 * @param {Form} form
 * @param {import("./actions.js").Action} action
 * @returns {Form}
 */
export function reduceForm(form, action) {
  switch (action.type) {
    case "form/promptChanged":
      return change(form, { prompt: action.prompt });
    case "form/negativeChanged":
      return change(form, { negative: action.negative });
    case "form/changed":
    case "form/restored":
      return change(form, checked(form, action.type === "form/changed" ? action.part : action.form));
    case "form/sizeChanged":
      return change(form, { width: toSize(action.width, form.width), height: toSize(action.height, form.height) });
    case "form/stepsChanged":
      return change(form, { steps: Math.round(within(action.steps, STEPS, form.steps)) });
    case "form/guidanceChanged":
      return change(form, { guidance: within(action.guidance, GUIDANCE, form.guidance) });
    case "form/seedTyped":
      // A typed seed is wanted again, so it stays.
      return change(form, { seed: toSeed(action.seed, form.seed), seedLocked: true });
    case "form/seedShuffled":
      return change(form, { seed: toSeed(action.seed, form.seed) });
    case "form/seedLockChanged":
      return change(form, { seedLocked: action.locked });
    case "form/modelChosen":
      return change(form, { model: action.model.id, ...numbersOf(action.model) });
    case "models/loaded": {
      if (action.models.some((model) => model.id === form.model && model.ready)) return form;
      const model = defaultModel(action.models, "generate");
      return model ? change(form, { model: model.id, ...numbersOf(model) }) : form;
    }
    default:
      return form;
  }
}

/**
 * The nearest size that the models can make.
 * @param {number} value
 * @param {number} before kept when the value is not a number
 */
export function toSize(value, before) {
  if (!Number.isFinite(value)) return before;
  return Math.min(SIZE.max, Math.max(SIZE.min, Math.round(value / SIZE.step) * SIZE.step));
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {string | null} the preset of this size
 */
export function presetOf(width, height) {
  return SIZE_PRESETS.find((preset) => preset.width === width && preset.height === height)?.id ?? null;
}

/** @param {() => number} random uniform in [0, 1) */
export function shuffledSeed(random) {
  return Math.floor(random() * (SHUFFLED_SEED_MAX + 1));
}

/** How each field is read; what is wrong stays as it was. */
const READ = {
  prompt: (value, before) => (typeof value === "string" ? value : before),
  negative: (value, before) => (typeof value === "string" ? value : before),
  model: (value, before) => (typeof value === "string" ? value : before),
  width: (value, before) => toSize(value, before),
  height: (value, before) => toSize(value, before),
  steps: (value, before) => Math.round(within(value, STEPS, before)),
  guidance: (value, before) => within(value, GUIDANCE, before),
  seed: (value, before) => toSeed(value, before),
  seedLocked: (value) => value === true,
  reuse: (value) => value === true,
  batch: (value, before) => Math.round(within(value, BATCH, before)),
  strength: (value, before) => within(value, STRENGTH, before),
  repaintFrom: (value, before) => (["visible", "layer"].includes(value) ? value : before),
  repaintInto: (value, before) => (["new", "layer"].includes(value) ? value : before),
  extend: (value, before) => toSides(value, before),
};

/** @param {Form} form @param {Record<string, any>} part may come from a disk @returns {Partial<Form>} */
function checked(form, part) {
  const names = Object.keys(READ).filter((name) => name in part);
  return Object.fromEntries(names.map((name) => [name, READ[name](part[name], form[name])]));
}

function toSides(value, before) {
  const sides = { ...before };
  for (const side of Object.keys(before)) sides[side] = Math.round(within(value?.[side], EXTEND, before[side]));
  return Object.keys(before).every((side) => sides[side] === before[side]) ? before : sides;
}

function numbersOf({ defaults: { width, height, steps, guidance } }) {
  return { width, height, steps, guidance };
}

/**
 * @param {number} value
 * @param {number} before kept when the value is not a number
 */
export function toSeed(value, before) {
  if (!Number.isFinite(value)) return before;
  return Math.min(SEED_MAX, Math.max(0, Math.floor(value)));
}

/**
 * @param {number} value
 * @param {{ min: number, max: number }} range
 * @param {number} before kept when the value is not a number
 */
export function within(value, { min, max }, before) {
  return Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : before;
}

/**
 * @template {object} T
 * @param {T} form
 * @param {Partial<T>} part
 * @returns {T} the same one when nothing changes
 */
export function change(form, part) {
  return Object.keys(part).every((key) => form[key] === part[key]) ? form : { ...form, ...part };
}
