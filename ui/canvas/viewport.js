// @ts-check
import { viewportResized } from "../state/actions.js";
import { createPanTool } from "./tools/pan.js";
import { createZoomTool } from "./tools/zoom.js";
import { renderOverlay } from "./overlay.js";
import { renderScene } from "./renderer.js";

/**
 * Keeps the two canvases as large as their place, draws them once a frame after a change, and
 * hands pointers to the tools.
 * @param {object} parts
 * @param {HTMLElement} parts.stage what holds the canvases
 * @param {HTMLCanvasElement} parts.scene
 * @param {HTMLCanvasElement} parts.overlay
 * @param {import("../state/store.js").Store<import("../state/reducer.js").State>} parts.store
 * @param {import("./renderer.js").Bitmaps} parts.bitmaps
 * @param {import("./renderer.js").Renders} parts.renders
 * @param {AbortSignal} signal
 */
export function mountCanvas({ stage, scene, overlay, store, bitmaps, renders }, signal) {
  const sceneContext = /** @type {CanvasRenderingContext2D} */ (scene.getContext("2d"));
  const overlayContext = /** @type {CanvasRenderingContext2D} */ (overlay.getContext("2d"));
  let colours = readColours(stage);
  let planned = false;
  let overlayPlanned = false;
  /** @type {((context: CanvasRenderingContext2D, view: import("../state/viewport.js").Viewport) => void)[]} */
  const draws = [];

  function redraw() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    planned = false;
    const state = store.getState();
    const { width, height } = state.viewport;
    for (const canvas of [scene, overlay]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
    renderScene(sceneContext, state, bitmaps, renders, colours.checkerboard);
    drawOverlay();
  }

  function drawOverlay() {
    const state = store.getState();
    renderOverlay(overlayContext, state, colours);
    for (const one of draws) one(overlayContext, state.viewport);
  }

  function redrawOverlay() {
    if (planned || overlayPlanned) return;
    overlayPlanned = true;
    requestAnimationFrame(() => {
      overlayPlanned = false;
      if (!planned) drawOverlay();
    });
  }

  function measure() {
    const scale = devicePixelRatio || 1;
    const { width, height } = stage.getBoundingClientRect();
    store.dispatch(viewportResized(Math.round(width * scale), Math.round(height * scale), scale));
  }

  const resizes = new ResizeObserver(measure);
  resizes.observe(stage);
  signal.addEventListener("abort", () => resizes.disconnect(), { once: true });
  watchScale(measure, signal);
  measure();

  store.observe((state) => state.document.present, redraw, signal);
  store.observe((state) => state.staged, redraw, signal);
  store.observe((state) => state.viewport, redraw, signal);
  store.observe((state) => state.frame, redraw, signal);
  store.observe((state) => state.jobs.current?.preview, redraw, signal);
  store.observe((state) => state.jobs.current === null, redraw, signal);
  store.observe((state) => state.selectedLayer, redraw, signal);

  createPanTool(stage, store, signal);
  createZoomTool(stage, store, signal);

  return {
    redraw,
    redrawOverlay,
    overlay: { add: (/** @type {typeof draws[0]} */ draw) => void draws.push(draw) },
    setLive: (/** @type {any} */ _live) => {},
    clearLive: () => {},
    setLiveTransform: (/** @type {number[]} */ _ids, /** @type {any} */ _matrix) => {},
    restyle() {
      colours = readColours(stage);
      redraw();
    },
  };
}

function readColours(stage) {
  const style = getComputedStyle(stage);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    checkerboard: { light: colour("--checker-light"), dark: colour("--checker-dark"), cell: 8 },
    edge: colour("--canvas-edge"),
    grid: colour("--pixel-grid"),
    selection: colour("--accent"),
  };
}

// Moving the window to another screen changes the scale without changing the CSS size.
function watchScale(changed, signal) {
  const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  query.addEventListener("change", () => {
    changed();
    if (!signal.aborted) watchScale(changed, signal);
  }, { once: true, signal });
}
