// @ts-check
import { placeImage } from "../state/document.js";
import { toCanvas } from "../state/viewport.js";
import { levelFor } from "./places.js";

/**
 * @typedef {import("../state/reducer.js").State} State
 * @typedef {{ get: (id: import("../state/document.js").ImageId) => ImageBitmap | null }} Bitmaps
 * @typedef {{ light: string, dark: string, cell: number }} Checkerboard colours and CSS pixels
 */

/**
 * Draws the picture from its composited tiles.
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {object} parts
 * @param {(context: CanvasRenderingContext2D, view: import("../state/viewport.js").Viewport, level: number) => boolean} parts.drawPicture
 * @param {Bitmaps} parts.bitmaps of previews
 * @param {(context: CanvasRenderingContext2D, view: import("../state/viewport.js").Viewport, level: number) => void} parts.drawLive
 * @param {Checkerboard} parts.checkerboard
 * @returns {boolean} whether there is more to do in the next frame
 */
export function renderScene(context, state, { drawPicture, bitmaps, drawLive, checkerboard }) {
  const { viewport: view, frame } = state;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  if (!frame) return false;

  const area = toCanvas(view, frame);
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.width, area.height);
  context.clip();
  drawCheckerboard(context, area, view, checkerboard);
  // From 100 % on every image pixel is a sharp square.
  context.imageSmoothingEnabled = view.zoom < 1;
  context.imageSmoothingQuality = "low";
  const level = levelFor(view.zoom);
  const pending = drawPicture(context, view, level);
  drawLive(context, view, level);
  drawPreview(context, state, bitmaps);
  context.restore();
  return pending;
}

// The preview is small and made of guesses; smooth is truer to it than squares.
function drawPreview(context, state, bitmaps) {
  const job = state.jobs.current;
  if (!job?.preview || (job.tab !== null && job.tab !== state.tabs.active)) return;
  const bitmap = bitmaps.get(job.preview.id);
  if (!bitmap) return;
  const place = job.place ?? { ...placeImage(state.document.present, job.width, job.height), width: job.width, height: job.height };
  const { x, y, width, height } = toCanvas(state.viewport, place);
  context.imageSmoothingEnabled = true;
  context.drawImage(bitmap, x, y, width, height);
}

function drawCheckerboard(context, area, view, { light, dark, cell }) {
  const side = Math.max(1, Math.round(cell * view.scale));
  const tile = new OffscreenCanvas(2 * side, 2 * side);
  const tileContext = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  tileContext.fillStyle = light;
  tileContext.fillRect(0, 0, 2 * side, 2 * side);
  tileContext.fillStyle = dark;
  tileContext.fillRect(side, 0, side, side);
  tileContext.fillRect(0, side, side, side);

  // Only the part that is on the screen; the pattern stays fixed to the picture's corner.
  const left = Math.max(0, area.x);
  const top = Math.max(0, area.y);
  const right = Math.min(view.width, area.x + area.width);
  const bottom = Math.min(view.height, area.y + area.height);
  context.imageSmoothingEnabled = false;
  context.translate(area.x, area.y);
  context.fillStyle = /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
  context.fillRect(left - area.x, top - area.y, Math.max(0, right - left), Math.max(0, bottom - top));
  context.translate(-area.x, -area.y);
}
