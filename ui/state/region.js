// @ts-check

/**
 * Which part of a picture a model is shown, and how large it sees it.
 * @typedef {import("./document.js").Rect} Rect
 * @typedef {{ width: number, height: number }} Size
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Sides
 */

/** Sides of what models see are multiples of this. */
export const STEP = 16;
/** What models see is no narrower. */
const SMALLEST = 64;
const LARGEST = 2048;
/** As much of the surroundings is shown as half of what is painted, and at least this much. */
const MARGIN = 32;
/** The widest seam, in pixels of the document. */
const BAND = 12;

/**
 * The part of the picture around a selection.
 * @param {Rect} frame the picture
 * @param {Rect} selection
 * @param {Size} usual what the model is comfortable with
 * @returns {Rect & { model: Size }} `model` is how large the model sees it
 */
export function repaintRegion(frame, selection, usual) {
  const margin = Math.max(MARGIN, Math.round(Math.max(selection.width, selection.height) / 2));
  const across = around(frame.x, frame.width, selection.x, selection.width, margin, usual.width);
  const down = around(frame.y, frame.height, selection.y, selection.height, margin, usual.height);
  return withModel({ x: across.start, y: down.start, width: across.length, height: down.length }, usual);
}

/**
 * The picture as it will be, or the part of it that matters when only a side grows.
 * @param {Rect} frame
 * @param {Sides} sides
 * @param {Size} usual
 * @returns {Rect & { model: Size, canvas: Rect }}
 */
export function extendRegion(frame, sides, usual) {
  const canvas = grown(frame, sides);
  const across = beside(canvas.x, canvas.width, sides.left, sides.right, usual.width);
  const down = beside(canvas.y, canvas.height, sides.top, sides.bottom, usual.height);
  return { ...withModel({ x: across.start, y: down.start, width: across.length, height: down.length }, usual), canvas };
}

/** @param {Rect} frame @param {Sides} sides @returns {Rect} */
export function grown({ x, y, width, height }, { left, top, right, bottom }) {
  return { x: x - left, y: y - top, width: width + left + right, height: height + top + bottom };
}

/** How wide the seam inside of a region is, so that it never eats a small one. @param {Size} region */
export const seamBand = ({ width, height }) => Math.max(1, Math.min(BAND, Math.floor(Math.min(width, height) / 8)));

/**
 * How large a model sees a region: about as many pixels as it is comfortable with where the region
 * has more or far fewer, otherwise pixel for pixel.
 * @param {Size} region
 * @param {Size} usual
 * @returns {Size}
 */
export function modelSize({ width, height }, usual) {
  const room = usual.width * usual.height;
  const pixels = width * height;
  const fits = pixels <= room * 1.05 && pixels >= room / 4;
  const scale = fits ? 1 : Math.sqrt(room / pixels);
  const side = (length) => Math.min(LARGEST, Math.max(SMALLEST, Math.round((length * scale) / STEP) * STEP));
  return { width: side(width), height: side(height) };
}

function withModel(region, usual) {
  return { ...region, model: modelSize(region, usual) };
}

// Whole steps, so that a region that fits is shown pixel for pixel; inside of the frame where it can be.
function around(frameStart, frameLength, start, length, margin, usual) {
  const wanted = Math.max(length + 2 * margin, Math.min(usual, frameLength), SMALLEST);
  const whole = Math.min(Math.ceil(wanted / STEP) * STEP, Math.max(SMALLEST, Math.ceil(frameLength / STEP) * STEP));
  const middle = Math.round(start + length / 2 - whole / 2);
  const last = Math.max(frameStart, frameStart + frameLength - whole);
  return { start: Math.min(last, Math.max(frameStart, middle)), length: whole };
}

// A side that grows is seen with as much of the picture as helps; the far end is left out.
function beside(start, length, before, after, usual) {
  const context = Math.max(usual - before - after, before + after, 4 * MARGIN);
  const cut = Math.floor(Math.max(0, length - before - after - context) / STEP) * STEP;
  if (cut === 0 || (before > 0) === (after > 0)) return { start, length };
  return before > 0 ? { start, length: length - cut } : { start: start + cut, length: length - cut };
}
