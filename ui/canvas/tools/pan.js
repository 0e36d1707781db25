// @ts-check
import { viewportPanned, viewportZoomed } from "../../state/actions.js";

const KEY_STEP = 48;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * Moves the view: drag, space and drag, middle button, one or two fingers, arrow keys.
 * @param {HTMLElement} stage
 * @param {import("../../state/store.js").Store<import("../../state/reducer.js").State>} store
 * @param {AbortSignal} signal
 */
export function createPanTool(stage, store, signal) {
  /** @type {Map<number, { x: number, y: number }>} */
  const pointers = new Map();

  stage.addEventListener("pointerdown", (event) => {
    if (isControl(event.target) || event.button === 2) return;
    // The middle button would start the browser's own scrolling.
    if (event.button === 1) event.preventDefault();
    pointers.set(event.pointerId, pointOf(event));
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("is-panning");
  }, { signal });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = pointOf(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
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
    const step = ARROWS[event.key];
    if (!step || isControl(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const distance = KEY_STEP * store.getState().viewport.scale * (event.shiftKey ? 4 : 1);
    store.dispatch(viewportPanned(step[0] * distance, step[1] * distance));
  }, { signal });

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

function isControl(target) {
  return target instanceof Element && target.closest("button, input, a, select, textarea, .notice") !== null;
}
