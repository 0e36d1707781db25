// @ts-check
import { drawnLayers, placeImage } from "../state/document.js";
import { CRISP_ZOOM, toCanvas } from "../state/viewport.js";

/**
 * @typedef {import("../state/reducer.js").State} State
 * @typedef {{ get: (id: import("../state/document.js").ImageId) => ImageBitmap | null }} Bitmaps
 * @typedef {{ light: string, dark: string, cell: number }} Checkerboard colours and CSS pixels
 */

/**
 * Draws the picture: what is seen is a function of the state and the bitmaps.
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {Bitmaps} bitmaps
 * @param {Checkerboard} checkerboard
 */
export function renderScene(context, state, bitmaps, checkerboard) {
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
  for (const layer of drawnLayers(state.document.present)) {
    drawBitmap(context, view, bitmaps.get(layer.imageId), layer, layer.opacity);
  }
  drawPreview(context, state, bitmaps);
  context.restore();
}

function drawBitmap(context, view, bitmap, rect, opacity) {
  if (!bitmap) return;
  const { x, y, width, height } = toCanvas(view, rect);
  context.globalAlpha = opacity;
  context.drawImage(bitmap, x, y, width, height);
  context.globalAlpha = 1;
}

// The preview is small and made of guesses; smooth is truer to it than squares.
function drawPreview(context, state, bitmaps) {
  const job = state.jobs.current;
  if (!job?.preview) return;
  const bitmap = bitmaps.get(job.preview.id);
  const { x, y } = placeImage(state.document.present, job.width, job.height);
  context.imageSmoothingEnabled = true;
  drawBitmap(context, state.viewport, bitmap, { x, y, width: job.width, height: job.height }, 1);
}

function drawCheckerboard(context, area, view, { light, dark, cell }) {
  const side = Math.max(1, Math.round(cell * view.scale));
  context.fillStyle = light;
  context.fillRect(area.x, area.y, area.width, area.height);
  context.fillStyle = dark;
  // Only the part that is on the screen; the pattern stays fixed to the picture's corner.
  const left = Math.max(0, Math.floor(-area.x / side));
  const top = Math.max(0, Math.floor(-area.y / side));
  const right = Math.min(Math.ceil(area.width / side), Math.ceil((view.width - area.x) / side));
  const bottom = Math.min(Math.ceil(area.height / side), Math.ceil((view.height - area.y) / side));
  context.beginPath();
  for (let row = top; row < bottom; row += 1) {
    for (let column = left + ((left + row + 1) % 2); column < right; column += 2) {
      context.rect(area.x + column * side, area.y + row * side, side, side);
    }
  }
  context.fill();
}
