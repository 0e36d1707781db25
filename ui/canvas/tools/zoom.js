// @ts-check
import { viewportPanned, viewportZoomed } from "../../state/actions.js";

const LINE_HEIGHT = 16;
const PAGE_HEIGHT = 400;
const WHEEL_SPEED = 0.0022;

/**
 * The wheel: with Ctrl, and for a pinch on a touchpad, it zooms to the pointer; else it moves the view.
 * @param {HTMLElement} stage
 * @param {import("../../state/store.js").Store<import("../../state/reducer.js").State>} store
 * @param {AbortSignal} signal
 */
export function createZoomTool(stage, store, signal) {
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { scale } = store.getState().viewport;
    const { dx, dy } = inPixels(event);
    if (event.ctrlKey || event.metaKey) {
      const box = stage.getBoundingClientRect();
      const point = { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
      const limited = Math.max(-200, Math.min(200, dy));
      store.dispatch(viewportZoomed(Math.exp(-limited * WHEEL_SPEED), point));
    } else if (event.shiftKey && dx === 0) {
      store.dispatch(viewportPanned(-dy * scale, 0));
    } else {
      store.dispatch(viewportPanned(-dx * scale, -dy * scale));
    }
  }, { passive: false, signal });
}

function inPixels(event) {
  const unit = event.deltaMode === 1 ? LINE_HEIGHT : event.deltaMode === 2 ? PAGE_HEIGHT : 1;
  return { dx: event.deltaX * unit, dy: event.deltaY * unit };
}
