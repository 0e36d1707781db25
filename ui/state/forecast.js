// @ts-check

/**
 * What the next picture will take, as the engine foresees it.
 * @typedef {object} Forecast
 * @property {"generate" | "split"} kind what is foreseen
 * @property {number} needs bytes, at most
 * @property {number} available bytes that it may have
 * @property {number | null} seconds null where nothing like it was made here
 * @property {boolean} fits
 * @property {boolean} onCard whether it is the graphics card's memory
 * @property {boolean} dropsReader what reads the prompt is put away once it has
 * @property {boolean} streams parts of the model come from the disk again and again
 * @property {{ size: { width: number, height: number } | null, budget: number | null, model: { id: string, name: string } | null }} wouldFit
 *   what would help, each on its own
 */

/**
 * Why a run of a kind cannot start: it is foreseen not to fit.
 * @param {Forecast | null} forecast
 * @param {Forecast["kind"]} kind
 */
export const doesNotFit = (forecast, kind) => forecast?.kind === kind && !forecast.fits;

/** @param {Forecast | null} forecast null where it is not known */
export const forecastArrived = (forecast) => ({ type: "forecast/arrived", forecast });

/**
 * @param {Forecast | null} forecast
 * @param {import("./actions.js").Action} action
 * @returns {Forecast | null}
 */
export const reduceForecast = (forecast, action) => (action.type === "forecast/arrived" ? action.forecast : forecast);
