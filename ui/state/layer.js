// @ts-check

/**
 * One layer of the picture: pixels, or a group of other layers.
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Rect
 * @typedef {number} ImageId Rust's number for pixels; 0 is none
 * @typedef {{ transparency: boolean, pixels: boolean, position: boolean }} Lock
 * @typedef {{ id: ImageId, x: number, y: number, width?: number, height?: number, outside: number, enabled: boolean,
 *   linked: boolean }} Mask
 * @typedef {{ task: string, model: string, prompt: string, negative: string, seed: string, steps: number,
 *   guidance: number, part: [number, number] | null, parent: number | null,
 *   strength?: number | null, stepCache?: number | null, references?: [string, number][] }} Recipe how a layer was made
 *
 * @typedef {object} Look what groups and pixel layers have in common
 * @property {number} id
 * @property {string} name
 * @property {boolean} visible
 * @property {number} opacity 0 to 1
 * @property {number} fill 0 to 1
 * @property {string} blend
 * @property {boolean} clipping
 * @property {Lock} lock
 * @property {Mask | null} mask
 * @property {string | null} keep a token for what only Rust knows of the layer
 * @property {Recipe | null} recipe
 *
 * @typedef {Look & Rect & { kind: "pixels", imageId: ImageId }} PixelLayer
 * @typedef {Look & { kind: "group", expanded: boolean, children: Layer[] }} Group children bottom first
 * @typedef {PixelLayer | Group} Layer
 */

/** @type {Lock} */
export const unlocked = { transparency: false, pixels: false, position: false };
/** @type {Lock} */
export const locked = { transparency: true, pixels: true, position: true };

/** @type {Omit<Look, "id" | "name">} */
export const plainLook = {
  visible: true,
  opacity: 1,
  fill: 1,
  blend: "normal",
  clipping: false,
  lock: unlocked,
  mask: null,
  keep: null,
  recipe: null,
};

/** Whether nothing of a layer may be changed. @param {Layer} layer */
export function isLocked({ lock }) {
  return lock.transparency && lock.pixels && lock.position;
}
