// @ts-check
import { apply, around, boundsOf, corners, invert, multiply, rotation, scaling, translation } from "./affine.js";

/**
 * Layers that are being scaled, turned or moved: what a frame with handles does to them, before it is committed.
 * @typedef {import("./affine.js").Point} Point
 * @typedef {import("./affine.js").Matrix} Matrix
 * @typedef {import("./document.js").Rect} Rect
 *
 * @typedef {object} Transform
 * @property {number[]} ids the layers
 * @property {Rect} box around them, as they were
 * @property {Point} centre of the frame now
 * @property {number} scaleX negative is flipped
 * @property {number} scaleY
 * @property {number} angle degrees, clockwise
 *
 * @typedef {{ x: -1 | 0 | 1, y: -1 | 0 | 1 }} Handle which edge or corner
 */

const SMALLEST = 1;
const ANGLE_STEP = 15;

/** @type {Handle[]} corners last, so that they win where handles lie on each other */
export const HANDLES = [
  { x: 0, y: -1 }, { x: 1, y: 0 }, { x: 0, y: 1 }, { x: -1, y: 0 },
  { x: -1, y: -1 }, { x: 1, y: -1 }, { x: 1, y: 1 }, { x: -1, y: 1 },
];

/** @param {number[]} ids @param {Rect} box @returns {Transform} */
export function startTransform(ids, box) {
  return { ids, box, centre: middleOf(box), scaleX: 1, scaleY: 1, angle: 0 };
}

/** From the layers as they were to what is seen. @param {Transform} transform @returns {Matrix} */
export function matrixOf({ box, centre, scaleX, scaleY, angle }) {
  const from = middleOf(box);
  const turned = multiply(rotation(angle), scaling(scaleX, scaleY));
  return multiply(translation(centre.x, centre.y), multiply(turned, translation(-from.x, -from.y)));
}

/** @param {Transform} transform */
export function isUnchanged({ box, centre, scaleX, scaleY, angle }) {
  const from = middleOf(box);
  return centre.x === from.x && centre.y === from.y && scaleX === 1 && scaleY === 1 && angle % 360 === 0;
}

/** The frame's corners, in the document. @param {Transform} transform */
export function frameOf(transform) {
  const matrix = matrixOf(transform);
  return corners(transform.box).map((point) => apply(matrix, point));
}

/** @param {Transform} transform @param {Handle} handle @returns {Point} */
export function handlePoint(transform, { x, y }) {
  const { box } = transform;
  const middle = middleOf(box);
  return apply(matrixOf(transform), { x: middle.x + (x * box.width) / 2, y: middle.y + (y * box.height) / 2 });
}

/**
 * What of the frame is under a point.
 * @param {Transform} transform
 * @param {Point} point
 * @param {number} reach how far from a handle still takes it, in pixels of the document
 * @returns {Handle | "turn" | "inside" | null}
 */
export function gripAt(transform, point, reach) {
  const near = [...HANDLES].reverse().find((handle) => distance(handlePoint(transform, handle), point) <= reach);
  if (near) return near;
  const { x, y } = inFrame(transform, point);
  const { width, height } = sizeOf(transform);
  const [outX, outY] = [Math.abs(x) - width / 2, Math.abs(y) - height / 2];
  if (outX <= 0 && outY <= 0) return "inside";
  const corner = HANDLES.slice(4).some((handle) => distance(handlePoint(transform, handle), point) <= reach * 4);
  return corner ? "turn" : null;
}

/**
 * A handle is dragged to a point; the opposite one stays, or the middle.
 * @param {Transform} start as the drag began
 * @param {Handle} handle
 * @param {Point} point
 * @param {{ keepRatio: boolean, fromMiddle: boolean }} how
 * @returns {Transform}
 */
export function dragHandle(start, handle, point, { keepRatio, fromMiddle }) {
  const { box, centre, angle } = start;
  const { x, y } = inFrame(start, point);
  const before = { width: box.width * start.scaleX, height: box.height * start.scaleY };
  // Signed: a frame that is pulled through its other side is flipped.
  const grown = (at, toward, length) =>
    (toward === 0 ? length : fromMiddle ? 2 * at * toward : at * toward + length / 2);
  let width = grown(x, handle.x, before.width);
  let height = grown(y, handle.y, before.height);
  if (keepRatio) {
    const byWidth = handle.x === 0 ? 0 : width / before.width;
    const byHeight = handle.y === 0 ? 0 : height / before.height;
    const by = Math.abs(byWidth) > Math.abs(byHeight) ? byWidth : byHeight;
    width = before.width * (handle.x === 0 ? Math.abs(by) : Math.sign(byWidth || 1) * Math.abs(by));
    height = before.height * (handle.y === 0 ? Math.abs(by) : Math.sign(byHeight || 1) * Math.abs(by));
  }
  width = atLeast(width, SMALLEST);
  height = atLeast(height, SMALLEST);
  const local = {
    x: fromMiddle ? 0 : (handle.x * (width - before.width)) / 2,
    y: fromMiddle ? 0 : (handle.y * (height - before.height)) / 2,
  };
  const moved = apply(rotation(angle), local);
  return {
    ...start,
    centre: { x: centre.x + moved.x, y: centre.y + moved.y },
    scaleX: width / box.width,
    scaleY: height / box.height,
  };
}

/**
 * The frame is turned about its middle.
 * @param {Transform} start
 * @param {Point} from where the drag began
 * @param {Point} to
 * @param {boolean} stepped by 15 degrees
 * @returns {Transform}
 */
export function dragTurn(start, from, to, stepped) {
  const angleOf = ({ x, y }) => (Math.atan2(y - start.centre.y, x - start.centre.x) * 180) / Math.PI;
  const turned = start.angle + angleOf(to) - angleOf(from);
  const angle = stepped ? Math.round(turned / ANGLE_STEP) * ANGLE_STEP : Math.round(turned * 10) / 10;
  return { ...start, angle: normal(angle) };
}

/** @param {Transform} start @param {number} dx @param {number} dy @returns {Transform} */
export const moveBy = (start, dx, dy) => ({ ...start, centre: { x: start.centre.x + dx, y: start.centre.y + dy } });

/**
 * The numbers of the options bar: the smallest rectangle around, the size of the frame, its angle.
 * @param {Transform} transform
 */
export function numbersOf(transform) {
  const { x, y } = boundsOf(frameOf(transform));
  const { width, height } = sizeOf(transform);
  const tidy = (value) => Math.round(value * 100) / 100;
  return { x: tidy(x), y: tidy(y), width: tidy(width), height: tidy(height), angle: transform.angle };
}

/**
 * @param {Transform} transform
 * @param {Partial<{ x: number, y: number, width: number, height: number, angle: number }>} numbers
 * @param {boolean} keepRatio
 * @returns {Transform}
 */
export function withNumbers(transform, { x, y, width, height, angle }, keepRatio = false) {
  const { box } = transform;
  const corner = boundsOf(frameOf(transform));
  let next = { ...transform };
  if (width !== undefined) next.scaleX = (Math.max(SMALLEST, width) / box.width) * (Math.sign(transform.scaleX) || 1);
  if (height !== undefined) next.scaleY = (Math.max(SMALLEST, height) / box.height) * (Math.sign(transform.scaleY) || 1);
  if (keepRatio && width !== undefined) next.scaleY = transform.scaleY * (next.scaleX / transform.scaleX);
  if (keepRatio && height !== undefined) next.scaleX = transform.scaleX * (next.scaleY / transform.scaleY);
  if (angle !== undefined) return { ...next, angle: normal(angle) };
  // The corner stays where it is unless it is what was written.
  const now = boundsOf(frameOf(next));
  next = moveBy(next, (x ?? corner.x) - now.x, (y ?? corner.y) - now.y);
  return next;
}

/** Mirrored about its middle. @param {Transform} transform @param {"horizontal" | "vertical"} axis @returns {Transform} */
export function flipped(transform, axis) {
  return axis === "horizontal"
    ? { ...transform, scaleX: -transform.scaleX, angle: normal(-transform.angle) }
    : { ...transform, scaleY: -transform.scaleY, angle: normal(-transform.angle) };
}

/** Frames that are not turned end on whole pixels, so that edges stay sharp. @param {Transform} transform @returns {Transform} */
export function onPixels(transform) {
  if (transform.angle % 90 !== 0) return transform;
  const { x, y, width, height } = boundsOf(frameOf(transform));
  const [left, top] = [Math.round(x), Math.round(y)];
  const size = { width: Math.max(1, Math.round(x + width) - left), height: Math.max(1, Math.round(y + height) - top) };
  const upright = transform.angle % 180 === 0;
  const { box } = transform;
  const sign = (value) => Math.sign(value) || 1;
  return {
    ...transform,
    centre: { x: left + size.width / 2, y: top + size.height / 2 },
    scaleX: ((upright ? size.width : size.height) / box.width) * sign(transform.scaleX),
    scaleY: ((upright ? size.height : size.width) / box.height) * sign(transform.scaleY),
  };
}

/** A map about the middle of a rectangle: flips and quarter turns of layers. @param {Rect} box @param {Matrix} matrix */
export const aboutMiddle = (box, matrix) => around(middleOf(box), matrix);

/** @param {Rect} rect @returns {Point} */
export const middleOf = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 });

function sizeOf({ box, scaleX, scaleY }) {
  return { width: box.width * Math.abs(scaleX), height: box.height * Math.abs(scaleY) };
}

// A point as seen from the frame's middle, along its sides.
function inFrame({ centre, angle }, { x, y }) {
  return apply(invert(rotation(angle)), { x: x - centre.x, y: y - centre.y });
}

function atLeast(value, smallest) {
  return Math.abs(value) < smallest ? smallest * (value < 0 ? -1 : 1) : value;
}

function normal(degrees) {
  const turned = ((degrees % 360) + 360) % 360;
  const tidy = Math.round(turned * 100) / 100;
  return tidy > 180 ? Math.round((tidy - 360) * 100) / 100 : tidy;
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
