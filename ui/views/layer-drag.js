// @ts-check
import { layersMovedTo, layerSelected } from "../state/actions.js";
import { dropAt, indexWithout } from "../state/layer-drop.js";
import { selectPicture } from "../state/selectors.js";
import { findLayer, rowsOf } from "../state/tree.js";
import { element } from "./dom.js";

/** Pixels that the pointer must move before a press is a drag. */
const SLACK = 5;
/** Near the edge of the list it scrolls. */
const EDGE = 28;

/**
 * Rows of the list are dragged to other places. By pointer events: the browser's own drag and drop
 * brings files, and behaves differently in every webview.
 * @param {HTMLElement} list
 * @param {import("../effects/generate.js").Store} store
 */
export function mountLayerDrag(list, store) {
  const line = element("div", { class: "layer-drop", "aria-hidden": "true", hidden: true });
  list.parentElement?.append(line);
  /** @type {{ id: number, x: number, y: number, pointer: number, moving: boolean } | null} */
  let drag = null;
  /** @type {import("../state/layer-drop.js").Drop | null} */
  let drop = null;
  let scroll = 0;
  let scrolling = 0;

  list.addEventListener("pointerdown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.button !== 0 || target.closest("button, input, .layer-twisty")) return;
    const id = Number(/** @type {HTMLElement | null} */ (target.closest("[data-layer-id]"))?.dataset.layerId);
    if (id) drag = { id, x: event.clientX, y: event.clientY, pointer: event.pointerId, moving: false };
  });
  list.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.moving) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < SLACK) return;
      drag.moving = true;
      list.setPointerCapture(drag.pointer);
      if (!store.getState().selectedLayers.includes(drag.id)) store.dispatch(layerSelected(drag.id));
      list.classList.add("is-dragging");
    }
    over(event.clientX, event.clientY);
  });
  list.addEventListener("pointerup", () => {
    if (!drag?.moving) {
      drag = null;
      return;
    }
    const where = drop;
    end();
    // The click that follows means nothing.
    const ignored = new AbortController();
    list.addEventListener("click", (click) => click.stopPropagation(), { capture: true, signal: ignored.signal });
    setTimeout(() => ignored.abort());
    if (where) land(where);
  });
  list.addEventListener("pointercancel", end);
  list.addEventListener("lostpointercapture", () => drag?.moving && end());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag?.moving) return;
    event.preventDefault();
    event.stopPropagation();
    end();
  }, true);

  function land({ parentId, index }) {
    const { selectedLayers } = store.getState();
    const { layers } = selectPicture(store.getState());
    const parent = parentId === null ? null : findLayer(layers, parentId);
    const siblings = parent?.kind === "group" ? parent.children : layers;
    store.dispatch(layersMovedTo(selectedLayers, parentId, indexWithout(siblings, index, selectedLayers)));
  }

  function over(x, y) {
    const area = list.getBoundingClientRect();
    scroll = y < area.top + EDGE ? -8 : y > area.bottom - EDGE ? 8 : 0;
    if (scroll !== 0 && scrolling === 0) scrolling = requestAnimationFrame(scrollOn);
    const nodes = /** @type {HTMLElement[]} */ ([...list.children]);
    const rects = nodes.map((node) => node.getBoundingClientRect());
    let at = rects.findIndex((rect) => y < rect.bottom);
    if (at === -1) at = rects.length - 1;
    const rect = rects[at];
    const { layers } = selectPicture(store.getState());
    const share = Math.min(1, Math.max(0, (y - rect.top) / rect.height));
    drop = dropAt(layers, rowsOf(layers), at, share, 1 + Math.floor((x - area.left - 40) / 16));
    nodes.forEach((node, index) => node.classList.toggle("is-target", drop?.into === true && index === at));
    line.hidden = drop === null || drop.into;
    if (!drop || drop.into) return;
    const top = share < 0.5 ? rect.top - 1 : rect.bottom + 1;
    const outer = /** @type {HTMLElement} */ (list.parentElement).getBoundingClientRect();
    line.style.top = `${Math.min(area.bottom, Math.max(area.top, top)) - outer.top}px`;
    line.style.setProperty("--level", String(drop.level - 1));
  }

  function scrollOn() {
    scrolling = 0;
    if (!drag?.moving || scroll === 0) return;
    list.scrollTop += scroll;
    scrolling = requestAnimationFrame(scrollOn);
  }

  function end() {
    const pointer = drag?.pointer;
    drag = null;
    drop = null;
    scroll = 0;
    line.hidden = true;
    list.classList.remove("is-dragging");
    for (const node of list.querySelectorAll(".is-target")) node.classList.remove("is-target");
    if (pointer !== undefined && list.hasPointerCapture(pointer)) list.releasePointerCapture(pointer);
  }
}
