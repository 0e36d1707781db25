// @ts-check

/**
 * How the picture is seen. Everything is in device pixels, so that 100 % is one image pixel on one
 * screen pixel at every display scale.
 *
 * @typedef {object} Viewport
 * @property {number} width of the canvas
 * @property {number} height
 * @property {number} scale device pixels per CSS pixel
 * @property {number} zoom device pixels per image pixel
 * @property {number} panX where the picture's origin is on the canvas
 * @property {number} panY
 * @property {boolean} fitted follows the size of window and picture
 *
 * @typedef {{ x: number, y: number }} Point
 * @typedef {import("./document.js").Rect} Rect
 */

export const ZOOM = { min: 0.02, max: 64 };
/** From this zoom on every image pixel is a sharp square. */
export const CRISP_ZOOM = 2;
const FIT_MAX = 16;
const FIT_MARGIN = 32;
const ZOOM_STOPS = [0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/** @type {Viewport} */
export const initialViewport = { width: 0, height: 0, scale: 1, zoom: 1, panX: 0, panY: 0, fitted: true };

/**
 * @param {Viewport} view
 * @param {import("./actions.js").Action} action
 * @param {Rect | null} frame what is to be seen, null when there is nothing
 * @returns {Viewport}
 */
export function reduceViewport(view, action, frame) {
  switch (action.type) {
    case "viewport/resized":
      return resized(view, action);
    case "viewport/panned":
      return frame ? { ...view, panX: view.panX + action.dx, panY: view.panY + action.dy, fitted: false } : view;
    case "viewport/zoomed":
      return frame ? zoomAt(view, view.zoom * action.factor, action.point) : view;
    case "viewport/zoomStepped":
      return frame ? zoomAt(view, nextStop(view.zoom, action.direction), middle(view)) : view;
    case "viewport/actualSizeShown":
      return frame ? centred({ ...view, zoom: 1, fitted: false }, frame) : view;
    case "viewport/fitted":
      return { ...view, fitted: true };
    default:
      return view;
  }
}

/**
 * The whole picture in the middle of the canvas, enlarged by whole numbers only.
 * @param {Viewport} view
 * @param {Rect} frame
 * @returns {Viewport}
 */
export function fitView(view, frame) {
  if (view.width === 0 || view.height === 0) return view;
  const margin = Math.min(FIT_MARGIN * view.scale, view.width / 8, view.height / 8);
  const zoom = Math.min((view.width - 2 * margin) / frame.width, (view.height - 2 * margin) / frame.height);
  const fitted = { ...view, zoom: zoom > 1 ? Math.min(FIT_MAX, Math.floor(zoom)) : clampZoom(zoom), fitted: true };
  const next = centred(fitted, frame);
  return sameView(next, view) ? view : next;
}

/**
 * Changes the zoom; the image point under `point` stays under it.
 * @param {Viewport} view
 * @param {number} zoom
 * @param {Point} point on the canvas
 * @returns {Viewport}
 */
export function zoomAt(view, zoom, point) {
  const next = clampZoom(zoom);
  const ratio = next / view.zoom;
  return {
    ...view,
    zoom: next,
    panX: point.x - (point.x - view.panX) * ratio,
    panY: point.y - (point.y - view.panY) * ratio,
    fitted: false,
  };
}

/**
 * @param {Viewport} view
 * @param {Point} point on the canvas
 * @returns {Point} in the picture
 */
export function toPicture(view, point) {
  return { x: (point.x - view.panX) / view.zoom, y: (point.y - view.panY) / view.zoom };
}

/**
 * @param {Viewport} view
 * @param {Rect} rect in the picture
 * @returns {Rect} on the canvas, on whole device pixels
 */
export function toCanvas(view, rect) {
  const x = Math.round(view.panX + rect.x * view.zoom);
  const y = Math.round(view.panY + rect.y * view.zoom);
  return {
    x,
    y,
    width: Math.max(1, Math.round(view.panX + (rect.x + rect.width) * view.zoom) - x),
    height: Math.max(1, Math.round(view.panY + (rect.y + rect.height) * view.zoom) - y),
  };
}

/**
 * @param {number} zoom
 * @param {1 | -1} direction
 */
export function nextStop(zoom, direction) {
  // Zooming by wheel leaves values a hair beside a stop; those must not count as a step.
  const tolerance = 1.01;
  if (direction > 0) return ZOOM_STOPS.find((stop) => stop > zoom * tolerance) ?? ZOOM.max;
  return [...ZOOM_STOPS].reverse().find((stop) => stop < zoom / tolerance) ?? ZOOM.min;
}

/** @param {Viewport} view @param {any} action @returns {Viewport} */
function resized(view, { width, height, scale }) {
  if (view.width === width && view.height === height && view.scale === scale) return view;
  // What was in the middle stays in the middle.
  const panX = view.panX + (width - view.width) / 2;
  const panY = view.panY + (height - view.height) / 2;
  return { ...view, width, height, scale, panX, panY };
}

function centred(view, frame) {
  return {
    ...view,
    panX: Math.round((view.width - frame.width * view.zoom) / 2 - frame.x * view.zoom),
    panY: Math.round((view.height - frame.height * view.zoom) / 2 - frame.y * view.zoom),
  };
}

function middle(view) {
  return { x: view.width / 2, y: view.height / 2 };
}

function clampZoom(zoom) {
  return Math.min(ZOOM.max, Math.max(ZOOM.min, zoom));
}

function sameView(a, b) {
  return Object.keys(a).every((key) => a[key] === b[key]);
}
