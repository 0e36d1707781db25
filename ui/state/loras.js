// @ts-check
import { within } from "./form.js";

/**
 * The LoRAs that the next picture is made with. They are chosen by hand; those that do not fit the model in use are
 * kept and left out.
 * @typedef {{ path: string, name: string, strength: number }} ChosenLora
 * @typedef {import("./library.js").Lora} Lora
 */

export const LORA_STRENGTH = { min: 0, max: 2, step: 0.05 };
export const MAX_LORAS = 8;

/** @param {Lora} lora */
export const loraAdded = ({ path, name }) => ({ type: "loras/added", path, name });
/** @param {string} path */
export const loraRemoved = (path) => ({ type: "loras/removed", path });
/** @param {string} path @param {number} strength */
export const loraWeighed = (path, strength) => ({ type: "loras/weighed", path, strength });

/**
 * @param {ChosenLora[]} chosen
 * @param {import("./actions.js").Action} action
 * @returns {ChosenLora[]}
 */
export function reduceLoras(chosen, action) {
  switch (action.type) {
    case "loras/added":
      if (chosen.length >= MAX_LORAS || chosen.some(({ path }) => path === action.path)) return chosen;
      return [...chosen, { path: action.path, name: action.name, strength: 1 }];
    case "loras/removed":
      return chosen.some(({ path }) => path === action.path) ? chosen.filter(({ path }) => path !== action.path) : chosen;
    case "loras/weighed":
      return chosen.map((lora) =>
        (lora.path === action.path ? { ...lora, strength: within(action.strength, LORA_STRENGTH, lora.strength) } : lora));
    default:
      return chosen;
  }
}

/**
 * @param {Lora[]} loras those that were found
 * @param {string | null} model
 */
export const lorasFor = (loras, model) => loras.filter(({ fits }) => model !== null && fits.includes(model));

/**
 * Those that are used: chosen, still there, and made for the model.
 * @param {{ loras: ChosenLora[], library: import("./library.js").Library, form: import("./form.js").Form }} state
 */
export function usedLoras({ loras, library, form }) {
  const fitting = new Set(lorasFor(library.loras, form.model).map(({ path }) => path));
  return loras.filter(({ path }) => fitting.has(path));
}
