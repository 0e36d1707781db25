// @ts-check

/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} name
 * @property {string} note
 * @property {"starter" | "folder"} source
 * @property {boolean} isStarter
 * @property {boolean} distilled
 * @property {boolean} [reuses] whether its steps can take from those before
 * @property {boolean} ready
 * @property {string[]} missing
 * @property {boolean} [influence] false where the influence of references cannot be changed
 * @property {("generate" | "decompose")[]} [tasks] what it can do; without it, pictures from prompts
 * @property {{ width: number, height: number, steps: number, guidance: number, layers?: number }} defaults
 *
 * @typedef {{ status: "loading" | "loaded" | "failed", list: Model[], message: string | null }} Models
 * @typedef {{ state: "starting" | "ready" | "failed", device: string, message: string | null }} Engine
 */

/** @type {Models} */
export const noModels = { status: "loading", list: [], message: null };

/** @type {Engine} */
export const startingEngine = { state: "starting", device: "", message: null };

/**
 * @param {Models} models
 * @param {import("./actions.js").Action} action
 * @returns {Models}
 */
export function reduceModels(models, action) {
  switch (action.type) {
    case "models/loaded":
      return { status: "loaded", list: action.models, message: null };
    case "models/failed":
      return { ...models, status: "failed", message: action.message };
    default:
      return models;
  }
}

/**
 * @param {Engine} engine
 * @param {import("./actions.js").Action} action
 * @returns {Engine}
 */
export function reduceEngine(engine, action) {
  if (action.type !== "engine/changed") return engine;
  return { state: action.state, device: action.device, message: action.message };
}

/**
 * @param {Model[]} list
 * @param {"generate" | "decompose"} task
 * @returns {Model[]} those that can do it
 */
export function modelsFor(list, task) {
  return list.filter(({ tasks = ["generate"] }) => tasks.includes(task));
}

/**
 * @param {Model[]} list
 * @param {"generate" | "decompose"} task
 * @returns {Model | null} the first one that can be used
 */
export function defaultModel(list, task) {
  return modelsFor(list, task).find((model) => model.ready) ?? null;
}
