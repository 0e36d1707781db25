// @ts-check
import { viewportPanned, viewportZoomed } from "../../state/actions.js";
import { selects } from "../../state/tools.js";

const KEY_STEP = 48;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {import("../../state/reducer.js").State} State */

/**
 * Moves the view: drag with the hand, space and drag, middle button, two fingers, arrow keys.
 * @param {HTMLElement} stage
 * @param {import("../../state/store.js").Store<State>} store
 * @param {AbortSignal} signal
 */
export function createPanTool(stage, store, signal) {
  /** @type {Map<number, { x: number, y: number, pans: boolean }>} */
  const pointers = new Map();

  stage.addEventListener("pointerdown", (event) => {
    if (isControl(event.target) || event.button === 2) return;
    const pans = pansWith(event, store.getState(), stage);
    if (!pans && event.pointerType !== "touch") return;
    // The middle button would start the browser's own scrolling.
    if (event.button === 1) event.preventDefault();
    pointers.set(event.pointerId, { ...pointOf(event), pans });
    if (!pans && pointers.size < 2) return;
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("is-panning");
  }, { signal });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = { ...pointOf(event), pans: before.pans };
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    // One finger belongs to the tool.
    if (!before.pans && !other) return;
    const { scale } = store.getState().viewport;
    const share = scale / pointers.size;
    store.dispatch(viewportPanned((now.x - before.x) * share, (now.y - before.y) * share));
    if (other) pinch(before, now, other, scale);
  }, { signal });

  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    stage.addEventListener(type, (event) => {
      pointers.delete(/** @type {PointerEvent} */ (event).pointerId);
      if (pointers.size === 0) stage.classList.remove("is-panning");
    }, { signal });
  }

  stage.addEventListener("keydown", (event) => {
    if (event.key === " " && !isControl(event.target)) {
      event.preventDefault();
      stage.classList.add("is-hand");
      return;
    }
    const step = ARROWS[event.key];
    if (!step || event.defaultPrevented || isControl(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    if (nudges(store.getState())) return;
    event.preventDefault();
    const distance = KEY_STEP * store.getState().viewport.scale * (event.shiftKey ? 4 : 1);
    store.dispatch(viewportPanned(step[0] * distance, step[1] * distance));
  }, { signal });
  stage.addEventListener("keyup", (event) => {
    if (event.key === " ") stage.classList.remove("is-hand");
  }, { signal });
  stage.addEventListener("blur", () => stage.classList.remove("is-hand"), { signal });

  function pinch(before, now, other, scale) {
    const distance = (a, b) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
    const middle = { x: ((now.x + other.x) / 2) * scale, y: ((now.y + other.y) / 2) * scale };
    store.dispatch(viewportZoomed(distance(now, other) / distance(before, other), middle));
  }

  function pointOf(event) {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

/**
 * Whether a press moves the view whatever tool is in the hand, or because the hand is.
 * @param {{ button: number }} event
 * @param {State} state
 * @param {HTMLElement} stage
 */
export function pansWith(event, state, stage) {
  return event.button === 1 || state.tool.active === "pan" || stage.classList.contains("is-hand");
}

/** Whether arrow keys move layers or the selection. @param {State} state */
function nudges({ tool, selectedLayer, document }) {
  if (tool.active === "move") return selectedLayer !== null;
  return selects(tool.active) && Boolean(document.present.selection);
}

/** @param {EventTarget | null} target */
export function isControl(target) {
  return target instanceof Element && target.closest("button, input, a, select, textarea, .notice, .ruler") !== null;
}
