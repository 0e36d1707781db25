// @ts-check
import { viewportResized } from "../state/actions.js";
import { createPanTool } from "./tools/pan.js";
import { createZoomTool } from "./tools/zoom.js";
import { findLayer, walk } from "../state/tree.js";
import { selectShown } from "../state/selectors.js";
import { createApproximation } from "./approximation.js";
import { createBrushed } from "./brushed.js";
import { createCarried } from "./carried.js";
import { FRAME_MS, createComposites } from "./composites.js";
import { createCard } from "./gl/card.js";
import { createLive } from "./live.js";
import { createOverlay } from "./overlay.js";
import { renderScene } from "./renderer.js";

/**
 * Keeps the two canvases as large as their place, draws them once a frame after a change, and
 * hands pointers to the tools.
 * @param {object} parts
 * @param {HTMLElement} parts.stage what holds the canvases
 * @param {HTMLCanvasElement} parts.scene
 * @param {HTMLCanvasElement} parts.overlay
 * @param {import("../state/store.js").Store<import("../state/reducer.js").State>} parts.store
 * @param {import("./renderer.js").Bitmaps} parts.bitmaps of previews
 * @param {ReturnType<typeof import("./tiles.js").createTiles>} parts.tiles
 * @param {(picture: import("../state/document.js").Picture, level: number, list: [number, number][]) => Promise<Uint8Array>} parts.renderTiles
 * @param {(error: any) => void} parts.onFailed
 * @param {boolean} [parts.withoutCard] composites by Rust, as where there is no WebGL2
 * @param {AbortSignal} signal
 */
export function mountCanvas({ stage, scene, overlay, store, bitmaps, tiles, renderTiles, onFailed, withoutCard = false }, signal) {
  const sceneContext = /** @type {CanvasRenderingContext2D} */ (scene.getContext("2d"));
  const overlayContext = /** @type {CanvasRenderingContext2D} */ (overlay.getContext("2d"));
  const over = createOverlay(redrawOverlay);
  const card = withoutCard ? null : createCard(tiles, redraw);
  let frameEnds = 0;
  const now = () => performance.now();
  const deadline = () => (frameEnds ||= now() + FRAME_MS);
  const create = () => createComposites({ tiles, card, renderTiles, onFailed, onChanged: redraw, now, deadline });
  const composites = create();
  const carried = createCarried(create);
  const brushed = createBrushed(create, tiles);
  const approximation = createApproximation();
  const usesCard = () => card !== null && card.isThere();
  const live = createLive((rects) => {
    update();
    // Rust knows nothing of it yet.
    if (usesCard()) composites.mark(rects, live.isLive() ? performance.now() : -Infinity);
    redraw();
  });
  /** @type {import("./live.js").Painted | null} what Rust may not have drawn yet */
  let lastPainted = null;
  let isExact = false;
  let colours = readColours(stage);
  let planned = false;
  let overlayPlanned = false;

  function redraw() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(draw);
  }

  function redrawOverlay() {
    if (planned || overlayPlanned) return;
    overlayPlanned = true;
    requestAnimationFrame(() => {
      overlayPlanned = false;
      if (!planned) over.draw(overlayContext, store.getState(), colours);
    });
  }

  function update() {
    const picture = selectShown(store.getState());
    describe(tiles, picture);
    const moved = live.painted() ? null : live.moved();
    if (moved && carried.hold(picture, moved)) {
      composites.update(picture, picture, false);
      return;
    }
    carried.release();
    if (usesCard()) {
      composites.update(live.shown(picture), picture, live.isLive());
      return;
    }
    // Rust can draw a layer elsewhere, but not what is painted.
    const known = moved ? live.shown(picture) : picture;
    composites.update(known, known, false);
    const painted = live.painted();
    if (painted) brushed.hold(painted, picture);
  }

  // What was carried is seen until the picture has it, so that it does not jump back.
  function drawPicture(context, view, level) {
    if (carried.isHeld()) {
      if (carried.isReady(view, level)) return carried.draw(context, view, level);
      composites.draw(context, view, level);
      return true;
    }
    if (carried.lingers()) {
      const pending = composites.work(view, level);
      if (!composites.isFresh(level, view)) {
        carried.draw(context, view, level);
        return pending;
      }
      carried.forget();
    }
    if (!brushed.isHeld()) return composites.draw(context, view, level);
    const pending = composites.work(view, level);
    if (usesCard() || (!live.painted() && composites.isFresh(level, view))) {
      brushed.forget();
      return composites.draw(context, view, level) || pending;
    }
    if (brushed.isReady(view, level)) return brushed.draw(context, view, level) || pending;
    return composites.draw(context, view, level) || pending;
  }

  function draw() {
    planned = false;
    frameEnds = 0;
    const state = store.getState();
    const { width, height } = state.viewport;
    for (const canvas of [scene, overlay]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
    update();
    const pending = renderScene(sceneContext, state, { drawPicture, bitmaps, drawLive, checkerboard: colours.checkerboard });
    over.draw(overlayContext, state, colours);
    if (pending) redraw();
  }

  // Until it is composited. A mask that is painted has no colours to lay over.
  function drawLive(context, view, level) {
    isExact = composites.isFresh(level, view) && (usesCard() || !live.painted());
    if (isExact) {
      lastPainted = null;
      if (!live.painted()) approximation.clear();
      return;
    }
    const painted = live.painted() ?? lastPainted;
    if (painted?.kind !== "pixels" || (brushed.isHeld() && brushed.isReady(view, level))) return;
    const layer = findLayer(selectShown(store.getState()).layers, painted.layerId);
    if (layer?.visible) approximation.draw(context, view, painted, layer.opacity);
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

  store.observe(selectShown, redraw, signal);
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
    /** Draws what lies over the picture, and the picture not. */
    redrawOverlay,
    overlay: over,
    tiles,
    store,
    /** @param {import("./live.js").Painted} painted */
    setLive: (painted) => live.setLive(painted),
    clearLive() {
      // Where the picture has it already, it stays until it is made again.
      lastPainted = usesCard() && isExact ? null : live.painted();
      live.clearLive();
    },
    /** @param {number[]} layerIds @param {number[] | null} matrix */
    setLiveTransform(layerIds, matrix) {
      live.setLiveTransform(layerIds, matrix);
      redraw();
    },
    /** A tile at 100 % as a file would have it, for tests. @param {number} tx @param {number} ty */
    readTile(tx, ty) {
      update();
      return composites.read(tx, ty);
    },
    /** What it takes, for measuring. */
    stats: () => ({ withCard: usesCard(), ...composites.stats(), ...card?.stats(), tiles: tiles.stats() }),
    /** As a driver may take the graphics card away, for tests. @returns {() => void} gives it back */
    loseCard: () => card?.lose() ?? (() => {}),
    restyle() {
      colours = readColours(stage);
      redraw();
    },
  };
}

function describe(tiles, { layers, selection }) {
  for (const layer of walk(layers)) {
    if (layer.kind === "pixels") tiles.describe(layer.imageId, layer.width, layer.height);
    if (layer.mask) tiles.describe(layer.mask.id, layer.mask.width ?? 0, layer.mask.height ?? 0);
  }
  if (selection) tiles.describe(selection.id, selection.width, selection.height);
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
