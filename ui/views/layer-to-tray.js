// @ts-check
import { taskShown } from "../state/actions.js";

/**
 * A row of the list of layers that is dropped on the panel for making pictures becomes a reference.
 * @param {Document} page
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 */
export function mountLayerToTray(page, store, run) {
  let from = /** @type {HTMLElement | null} */ (null);
  const isOver = ({ clientX, clientY }) => page.elementFromPoint(clientX, clientY)?.closest("#make") ?? null;
  const mark = (over) => page.getElementById("references-section")?.classList.toggle("is-target", over);

  page.addEventListener("pointerdown", (event) => {
    from = event.button === 0 ? /** @type {HTMLElement} */ (event.target).closest?.("#layers [data-layer-id]") ?? null : null;
  }, true);
  page.addEventListener("pointermove", (event) => {
    if (!from) return;
    const over = isOver(event) !== null;
    mark(over);
    if (over && store.getState().task === "new") store.dispatch(taskShown("edit"));
  }, true);
  page.addEventListener("pointerup", (event) => {
    const row = from;
    from = null;
    mark(false);
    if (!row || !isOver(event)) return;
    // The list must not take it for a place among the layers.
    event.stopPropagation();
    page.getElementById("layers")?.dispatchEvent(new PointerEvent("pointercancel", { pointerId: event.pointerId }));
    run("generate.reference-layer");
  }, true);
}
