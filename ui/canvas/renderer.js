// @ts-check
import { placeImage } from "../state/document.js";
import { drawnLayers, isDrawnHere } from "../state/drawing.js";
import { selectShown } from "../state/selectors.js";
import { CRISP_ZOOM, toCanvas } from "../state/viewport.js";

/**
 * @typedef {import("../state/reducer.js").State} State
 * @typedef {{ get: (id: import("../state/document.js").ImageId) => ImageBitmap | null }} Bitmaps
 * @typedef {Pick<ReturnType<typeof import("./renders.js").createRenders>, "get" | "clear">} Renders
 * @typedef {{ light: string, dark: string, cell: number }} Checkerboard colours and CSS pixels
 */

/**
 * Draws the picture: what is seen is a function of the state and the bitmaps.
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {Bitmaps} bitmaps
 * @param {Renders} renders
 * @param {Checkerboard} checkerboard
 */
export function renderScene(context, state, bitmaps, renders, checkerboard) {
  const { viewport: view, frame } = state;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  if (!frame) return;

  const area = toCanvas(view, frame);
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.width, area.height);
  context.clip();
  drawCheckerboard(context, area, view, checkerboard);
  context.imageSmoothingEnabled = view.zoom < CRISP_ZOOM;
  context.imageSmoothingQuality = "high";
  drawPicture(context, view, selectShown(state), bitmaps, renders);
  drawPreview(context, state, bitmaps);
  context.restore();
}

function drawPicture(context, view, picture, bitmaps, renders) {
  if (isDrawnHere(picture)) {
    renders.clear();
    for (const layer of drawnLayers(picture)) drawBitmap(context, view, bitmaps.get(layer.imageId), layer, layer.opacity);
    return;
  }
  const render = renders.get(picture, view.zoom);
  if (render) drawBitmap(context, view, render.bitmap, render.picture, 1);
}

// Only the part that is on the screen: at high zoom the whole would be far larger than any canvas.
function drawBitmap(context, view, bitmap, rect, opacity) {
  if (!bitmap) return;
  const { x, y, width, height } = toCanvas(view, rect);
  const across = visiblePart(x, width, bitmap.width, view.width);
  const down = visiblePart(y, height, bitmap.height, view.height);
  if (across.count <= 0 || down.count <= 0) return;
  context.globalAlpha = opacity;
  context.drawImage(bitmap, across.first, down.first, across.count, down.count,
    across.start, down.start, across.length, down.length);
  context.globalAlpha = 1;
}

// The image pixels of one direction that are seen, with two more for smoothing, and where they are drawn.
function visiblePart(start, length, pixels, seen) {
  const scale = length / pixels;
  const first = Math.max(0, Math.floor(-start / scale) - 2);
  const end = Math.min(pixels, Math.ceil((seen - start) / scale) + 2);
  return { first, count: end - first, start: start + first * scale, length: (end - first) * scale };
}

// The preview is small and made of guesses; smooth is truer to it than squares.
function drawPreview(context, state, bitmaps) {
  const job = state.jobs.current;
  if (!job?.preview || (job.tab !== null && job.tab !== state.tabs.active)) return;
  const bitmap = bitmaps.get(job.preview.id);
  const place = job.place ?? { ...placeImage(state.document.present, job.width, job.height), width: job.width, height: job.height };
  context.imageSmoothingEnabled = true;
  drawBitmap(context, state.viewport, bitmap, place, 1);
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
