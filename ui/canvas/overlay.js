// @ts-check
import { selectSelectedLayer } from "../state/selectors.js";
import { toCanvas } from "../state/viewport.js";

const GRID_ZOOM = 16;
/** Tools that change nothing. */
const LOOKING = ["pan", "zoom", "eyedropper"];

/**
 * @typedef {{ edge: string, grid: string, selection: string }} Colours
 * @typedef {(context: CanvasRenderingContext2D, view: import("../state/viewport.js").Viewport, colours: Colours) => void} Drawing
 */

/**
 * What lies over the picture, with what tools draw there.
 * @param {() => void} redraw
 */
export function createOverlay(redraw) {
  /** @type {Set<Drawing>} */
  const drawings = new Set();
  return {
    /** Draws in device pixels, over the picture and what was added before. @param {Drawing} draw @returns {() => void} ends it */
    add(draw) {
      drawings.add(draw);
      redraw();
      return () => {
        drawings.delete(draw);
        redraw();
      };
    },
    redraw,
    /** @param {CanvasRenderingContext2D} context @param {import("../state/reducer.js").State} state @param {Colours} colours */
    draw(context, state, colours) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      renderOverlay(context, state, colours);
      for (const draw of drawings) {
        context.save();
        draw(context, state.viewport, colours);
        context.restore();
      }
    },
  };
}

/**
 * Draws what lies over the picture: its edge, the pixel grid, the selected layer.
 * @param {CanvasRenderingContext2D} context
 * @param {import("../state/reducer.js").State} state
 * @param {{ edge: string, grid: string, selection: string }} colours
 */
export function renderOverlay(context, state, colours) {
  const { viewport: view, frame } = state;
  context.clearRect(0, 0, view.width, view.height);
  if (!frame) return;

  const line = Math.max(1, Math.round(view.scale));
  const area = toCanvas(view, frame);
  if (state.tool.aids.pixelGrid && view.zoom >= GRID_ZOOM * view.scale) drawGrid(context, area, view, frame, colours.grid);
  strokeAround(context, area, line, colours.edge);

  // While a picture is made, only its own place is marked; most tools have marks of their own.
  const selected = state.jobs.current || state.staged || !LOOKING.includes(state.tool.active) ? null : selectSelectedLayer(state);
  const layer = selected?.kind === "pixels" && selected.width > 0 ? selected : null;
  const covers = layer && layer.x === frame.x && layer.y === frame.y
    && layer.width === frame.width && layer.height === frame.height;
  if (layer && !covers) strokeAround(context, toCanvas(view, layer), line, colours.selection);
}

function strokeAround(context, rect, line, colour) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(rect.x - line / 2, rect.y - line / 2, rect.width + line, rect.height + line);
}

function drawGrid(context, area, view, frame, colour) {
  context.fillStyle = colour;
  const right = Math.min(view.width, area.x + area.width);
  const bottom = Math.min(view.height, area.y + area.height);
  const left = Math.max(0, area.x);
  const top = Math.max(0, area.y);
  const firstColumn = Math.max(1, Math.ceil((left - area.x) / view.zoom));
  const firstRow = Math.max(1, Math.ceil((top - area.y) / view.zoom));
  for (let column = firstColumn; column < frame.width; column += 1) {
    const x = Math.round(area.x + column * view.zoom);
    if (x > right) break;
    context.fillRect(x, top, 1, bottom - top);
  }
  for (let row = firstRow; row < frame.height; row += 1) {
    const y = Math.round(area.y + row * view.zoom);
    if (y > bottom) break;
    context.fillRect(left, y, right - left, 1);
  }
}
