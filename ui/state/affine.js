// @ts-check

/**
 * Affine maps of the plane, as `[a, b, c, d, e, f]`: x' = a x + c y + e, y' = b x + d y + f, as canvas and CSS have them.
 * @typedef {[number, number, number, number, number, number]} Matrix
 * @typedef {{ x: number, y: number }} Point
 * @typedef {import("./document.js").Rect} Rect
 */

/** @type {Matrix} */
export const identity = [1, 0, 0, 1, 0, 0];

/** @param {number} x @param {number} y @returns {Matrix} */
export const translation = (x, y) => [1, 0, 0, 1, x, y];

/** The map that does `first` and then `then`. @param {Matrix} then @param {Matrix} first @returns {Matrix} */
export function multiply(then, first) {
  const [a, b, c, d, e, f] = then;
  const [g, h, i, j, k, l] = first;
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}

/** @param {Matrix} matrix @param {Point} point @returns {Point} */
export function apply([a, b, c, d, e, f], { x, y }) {
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

/** @param {Matrix} matrix @returns {Matrix} */
export function invert([a, b, c, d, e, f]) {
  const area = a * d - b * c;
  return [d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area];
}

/** Turned and scaled about a point. @param {Point} about @param {Matrix} matrix @returns {Matrix} */
export const around = ({ x, y }, matrix) => multiply(translation(x, y), multiply(matrix, translation(-x, -y)));

/** Clockwise on the screen. @param {number} degrees @returns {Matrix} */
export function rotation(degrees) {
  const quarter = ((degrees % 360) + 360) % 360;
  // Quarter turns must be exact, so that no pixel is resampled.
  const exact = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] }[quarter];
  const [cos, sin] = exact ?? [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, -sin, cos, 0, 0];
}

/** @param {number} x @param {number} y @returns {Matrix} */
export const scaling = (x, y) => [x, 0, 0, y, 0, 0];

/** The corners, clockwise from the top left. @param {Rect} rect @returns {Point[]} */
export function corners({ x, y, width, height }) {
  return [{ x, y }, { x: x + width, y }, { x: x + width, y: y + height }, { x, y: y + height }];
}

/** The smallest rectangle around the points. @param {Point[]} points @returns {Rect} */
export function boundsOf(points) {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** The smallest rectangle around others; null around none. @param {Rect[]} rects @returns {Rect | null} */
export function union(rects) {
  return rects.length === 0 ? null : boundsOf(rects.flatMap(corners));
}

/** What two rectangles have in common; null for nothing. @param {Rect} a @param {Rect} b @returns {Rect | null} */
export function overlap(a, b) {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** @param {Rect} rect @param {Point} point */
export const contains = ({ x, y, width, height }, point) =>
  point.x >= x && point.y >= y && point.x < x + width && point.y < y + height;
