// @ts-check
import { brushChanged } from "../../state/tool-actions.js";
import { paints, selects } from "../../state/tools.js";
import { matrixOf } from "../../state/transform.js";
import { toPicture } from "../../state/viewport.js";
import { createAnts } from "./ants.js";
import { createBrushTool } from "./brush/brush-tool.js";
import { createCropTool } from "./crop.js";
import { drawGuides } from "./drawing.js";
import { createGuideDrag } from "./guides.js";
import { createMoveTool } from "./move.js";
import { isControl, pansWith } from "./pan.js";
import { createAreaTool, createLassoTool } from "./select-area.js";
import { createEyedropper, createHandTool, createZoomTool } from "./small-tools.js";

/**
 * Pointers and keys over the canvas, given to the tool in the hand.
 *
 * @typedef {object} Press a place of the pointer
 * @property {number} x in the document
 * @property {number} y
 * @property {number} pressure 0 to 1; a mouse presses fully
 * @property {boolean} shift
 * @property {boolean} alt
 * @property {boolean} ctrl
 * @property {number} count of clicks
 * @property {{ x: number, y: number }} view on the canvas
 * @property {{ x: number, y: number, pressure: number }[]} samples every place since the last event
 * @property {boolean} lent whether the tool is held only while a key is
 *
 * @typedef {object} Context what every tool has
 * @property {import("../../state/store.js").Store<import("../../state/reducer.js").State>} store
 * @property {{ setLive: (live: any) => void, clearLive: () => void, setLiveTransform: (ids: number[], matrix: any) => void }} canvas
 * @property {import("./brush/surface.js").Tiles} tiles
 * @property {Act} act
 * @property {ReturnType<typeof createAnts>} ants
 * @property {() => void} redraw the overlay only
 * @property {(css: number) => number} away a distance on the screen as one in the document
 *
 * @typedef {ReturnType<typeof import("../../effects/tools.js").createToolEffects>} Act
 */

const ANTS_MS = 120;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {object} parts
 * @param {HTMLElement} parts.stage
 * @param {import("../../state/store.js").Store<import("../../state/reducer.js").State>} parts.store
 * @param {any} parts.canvas
 * @param {{ add: (draw: (context: CanvasRenderingContext2D, view: import("../../state/viewport.js").Viewport) => void) => void }} parts.overlay
 * @param {import("./brush/surface.js").Tiles} parts.tiles
 * @param {Act} parts.act
 * @param {AbortSignal} signal
 */
export function mountTools({ stage, store, canvas, overlay, tiles, act }, signal) {
  const redraw = canvas.redrawOverlay ?? canvas.redraw;
  const ants = createAnts({ loadOutline: act.loadOutline, redraw });
  const away = (css) => (css * store.getState().viewport.scale) / store.getState().viewport.zoom;
  /** @type {Context} */
  const context = { store, canvas, tiles, act, ants, redraw, away };
  const brush = createBrushTool(context);
  const tools = {
    "move": createMoveTool(context),
    "select-rect": createAreaTool(context, "rect"),
    "select-ellipse": createAreaTool(context, "ellipse"),
    "lasso": createLassoTool(context, "free"),
    "polygon": createLassoTool(context, "clicks"),
    "brush": brush,
    "eraser": brush,
    "crop": createCropTool(context),
    "eyedropper": createEyedropper(context),
    "zoom": createZoomTool(context),
    "pan": createHandTool(),
  };
  const guides = createGuideDrag(context);
  /** @type {{ id: number, tool: any, lent: boolean } | null} the pointer that is down */
  let held = null;
  /** @type {Press | null} */
  let last = null;
  let colours = readColours(stage);
  let box = stage.getBoundingClientRect();
  let phase = 0;

  const activeTool = () => tools[store.getState().tool.active];
  // Alt takes colours while one paints.
  const toolFor = (event) => (event.altKey && paints(store.getState().tool.active) ? tools.eyedropper : activeTool());

  function pressOf(event, lent = false) {
    const view = store.getState().viewport;
    const place = (one) => ({ x: (one.clientX - box.left) * view.scale, y: (one.clientY - box.top) * view.scale });
    const force = (one) => (one.pointerType === "pen" ? one.pressure : 1);
    const at = place(event);
    const all = event.getCoalescedEvents?.() ?? [];
    return {
      ...toPicture(view, at),
      view: at,
      pressure: force(event),
      shift: event.shiftKey,
      alt: event.altKey,
      ctrl: event.ctrlKey || event.metaKey,
      count: event.detail ?? 1,
      samples: (all.length > 0 ? all : [event]).map((one) => ({ ...toPicture(view, place(one)), pressure: force(one) })),
      lent,
    };
  }

  function letGo() {
    held?.tool.cancel();
    held = null;
    redraw();
  }

  let clicks = { time: 0, x: 0, y: 0, count: 0 };
  // Pointer events do not count clicks themselves.
  function counted(event, press) {
    const again = event.timeStamp - clicks.time < 400 && Math.hypot(event.clientX - clicks.x, event.clientY - clicks.y) < 5;
    clicks = { time: event.timeStamp, x: event.clientX, y: event.clientY, count: again ? clicks.count + 1 : 1 };
    return { ...press, count: clicks.count };
  }

  stage.addEventListener("pointerdown", (event) => {
    box = stage.getBoundingClientRect();
    const ruler = /** @type {HTMLElement} */ (event.target).dataset?.ruler;
    if (held) {
      // A second finger moves the view instead.
      if (event.pointerType === "touch" && event.pointerId !== held.id) letGo();
      return;
    }
    if ((isControl(event.target) && !ruler) || event.button !== 0 || pansWith(event, store.getState(), stage)) return;
    if (!store.getState().frame) return;
    const guide = guides.takes(pressOf(event), ruler ?? null);
    const tool = guide ? guides : toolFor(event);
    const lent = tool !== activeTool();
    held = { id: event.pointerId, tool, lent };
    stage.setPointerCapture(event.pointerId);
    last = counted(event, pressOf(event, lent));
    tool.down(last);
    redraw();
  }, { signal });

  stage.addEventListener("pointermove", (event) => {
    if (!held) {
      box = stage.getBoundingClientRect();
      last = pressOf(event);
      const tool = toolFor(event);
      tool.hover?.(last);
      showCursor(tool, last);
      if (tool.hover) redraw();
      return;
    }
    if (event.pointerId !== held.id) return;
    last = pressOf(event, held.lent);
    held.tool.move(last);
    redraw();
  }, { signal });

  stage.addEventListener("pointerup", (event) => {
    if (!held || event.pointerId !== held.id) return;
    const { tool, lent } = held;
    held = null;
    last = pressOf(event, lent);
    tool.up(last);
    showCursor(toolFor(event), last);
    redraw();
  }, { signal });

  stage.addEventListener("pointercancel", (event) => {
    if (held?.id === event.pointerId) letGo();
  }, { signal });

  stage.addEventListener("pointerleave", () => {
    if (held) return;
    brush.leave();
    redraw();
  }, { signal });

  function showCursor(tool, press) {
    const state = store.getState();
    const near = state.frame ? guides.cursor(press) : null;
    stage.dataset.cursor = !state.frame ? "none" : near ?? tool.cursor(press);
  }

  /**
   * Keys that belong to what is under way. @param {KeyboardEvent} event @returns {boolean} whether it is taken
   */
  function key(event) {
    const state = store.getState();
    const { active, transform, crop } = state.tool;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Escape") {
      if (held) {
        letGo();
        return true;
      }
      const tool = activeTool();
      if (tool.isBusy?.()) {
        tool.cancel();
        redraw();
        return true;
      }
      if (!transform && !crop) return false;
      act.cancel();
      return true;
    }
    if (activeTool().key?.(event.key)) {
      redraw();
      return true;
    }
    if (event.key === "Enter") {
      if (!transform && active !== "crop") return false;
      void act.apply();
      return true;
    }
    if (paints(active) && /^\d$/.test(event.key)) {
      store.dispatch(brushChanged({ opacity: event.key === "0" ? 1 : Number(event.key) / 10 }));
      return true;
    }
    return false;
  }

  function nudge(event) {
    const step = ARROWS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || isControl(event.target)) return;
    const state = store.getState();
    const far = event.shiftKey ? 10 : 1;
    const [dx, dy] = [step[0] * far, step[1] * far];
    if (state.tool.active === "move") act.nudge(dx, dy);
    else if (selects(state.tool.active) && state.document.present.selection) act.moveSelection(dx, dy, true);
    else return;
    event.preventDefault();
  }

  stage.addEventListener("keydown", nudge, { signal });
  // Alt and Shift change what the pointer means before it moves.
  for (const type of ["keydown", "keyup"]) {
    stage.ownerDocument.addEventListener(type, (event) => {
      const { key: name, altKey } = /** @type {KeyboardEvent} */ (event);
      if ((name === "Alt" || name === "Shift") && last && !held) showCursor(toolFor({ altKey }), { ...last, alt: altKey });
    }, { signal });
  }

  overlay.add((canvas2d, view) => {
    const state = store.getState();
    if (!state.frame) return;
    if (state.tool.aids.guides) drawGuides(canvas2d, view, guides.shown(), colours.guide);
    const carried = activeTool().carried?.() ?? { x: 0, y: 0 };
    ants.draw(canvas2d, view, colours, phase, carried);
    const tool = held?.tool ?? activeTool();
    if (!state.jobs.current && !state.staged) tool.draw(canvas2d, view, colours);
  });

  store.observe((state) => state.document.present.selection ?? null, (selection) => {
    ants.show(selection);
    redraw();
  }, signal);
  store.observe((state) => state.document.present.guides, redraw, signal);
  store.observe((state) => state.tool, redraw, signal);
  store.observe((state) => state.tool.active, (active, state) => {
    if (held) letGo();
    stage.dataset.tool = active;
    if (last) showCursor(tools[active], last);
    else stage.dataset.cursor = state.frame ? tools[active].cursor({ x: 0, y: 0, alt: false }) : "none";
  }, signal);
  store.observe((state) => state.frame === null, (empty) => {
    stage.dataset.cursor = empty ? "none" : activeTool().cursor(last ?? { x: -1, y: -1, alt: false });
  }, signal);
  let live = false;
  store.observe((state) => state.tool.transform, (transform) => {
    if (!transform && !live) return;
    live = transform !== null;
    canvas.setLiveTransform(transform?.ids ?? [], transform ? matrixOf(transform) : null);
  }, signal);

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const walking = setInterval(() => {
    if (!ants.isShown() || still.matches || document.hidden) return;
    phase = (phase + 1) % 8;
    redraw();
  }, ANTS_MS);
  signal.addEventListener("abort", () => clearInterval(walking), { once: true });

  return {
    key,
    /** Resolves when every stroke is part of the document. */
    settled: brush.settled,
    isSettled: () => brush.isSettled() && !brush.isBusy(),
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
    accent: colour("--accent"),
    light: colour("--line-light"),
    dark: colour("--line-dark"),
    snap: colour("--snap"),
    guide: colour("--guide"),
    shade: colour("--crop-shade"),
    ruler: colour("--bg"),
    rulerText: colour("--text-dim"),
    rulerLine: colour("--line-field"),
  };
}
