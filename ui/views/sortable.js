// @ts-check
import { element } from "./dom.js";

/**
 * A list whose items are put in order: by dragging, or with Alt and the arrow keys on an item.
 * Delete takes one away.
 * @typedef {{ id: number, label: string, build: () => (Node | string)[], className?: string }} Item
 */

/** A press that moves by less is a click. */
const SLOP = 4;

/**
 * @param {HTMLElement} list
 * @param {object} on
 * @param {(id: number, index: number) => void} on.moved
 * @param {(id: number) => void} on.removed
 * @returns {{ show: (items: Item[]) => void }}
 */
export function makeSortable(list, { moved, removed }) {
  /** @type {{ id: number, x: number, y: number, pointer: number } | null} */
  let start = null;
  let dragging = false;
  const items = () => /** @type {HTMLElement[]} */ ([...list.children]);
  const idOf = (item) => Number(item.dataset.id);
  const indexOf = (id) => items().findIndex((item) => idOf(item) === id);

  list.addEventListener("keydown", (event) => {
    const item = /** @type {HTMLElement} */ (event.target).closest("li");
    if (!item || event.target !== item) return;
    const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      const index = indexOf(idOf(item)) + by;
      if (event.altKey) moved(idOf(item), Math.max(0, index));
      else items()[index]?.focus();
    } else if (event.key === "Delete") {
      event.preventDefault();
      event.stopPropagation();
      removed(idOf(item));
    }
  });
  list.addEventListener("pointerdown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const item = target.closest("li");
    if (!item || event.button !== 0 || target.closest("button:not([data-drag]), input")) return;
    start = { id: idOf(item), x: event.clientX, y: event.clientY, pointer: event.pointerId };
  });
  list.addEventListener("pointermove", (event) => {
    if (!start || event.pointerId !== start.pointer) return;
    if (!dragging && Math.hypot(event.clientX - start.x, event.clientY - start.y) < SLOP) return;
    if (!dragging) {
      list.setPointerCapture(start.pointer);
      items()[indexOf(start.id)]?.classList.add("is-dragged");
    }
    dragging = true;
    mark(placeAt(event));
  });
  list.addEventListener("pointerup", (event) => {
    const from = start && dragging ? indexOf(start.id) : -1;
    const id = start?.id ?? 0;
    const place = from === -1 ? -1 : placeAt(event);
    end();
    if (from === -1) return;
    // The click that a drag ends with means nothing.
    const ignored = new AbortController();
    list.addEventListener("click", (click) => click.stopPropagation(), { capture: true, signal: ignored.signal });
    setTimeout(() => ignored.abort());
    moved(id, place > from ? place - 1 : place);
  });
  list.addEventListener("pointercancel", end);
  list.addEventListener("lostpointercapture", end);

  // Before which item the pointer is.
  function placeAt({ clientY }) {
    const place = items().findIndex((item) => {
      const { top, height } = item.getBoundingClientRect();
      return clientY < top + height / 2;
    });
    return place === -1 ? items().length : place;
  }

  function mark(place) {
    items().forEach((item, index) => {
      item.classList.toggle("is-before", index === place);
      item.classList.toggle("is-after", place === items().length && index === place - 1);
    });
  }

  function end() {
    start = null;
    dragging = false;
    for (const item of items()) item.classList.remove("is-before", "is-after", "is-dragged");
  }

  return {
    show(shown) {
      const focused = /** @type {HTMLElement | null} */ (list.contains(document.activeElement) ? document.activeElement : null);
      const item = focused?.closest("li");
      const place = item && { id: idOf(item), part: focused?.dataset.part, index: indexOf(idOf(item)) };
      list.replaceChildren(...shown.map(({ id, label, build, className = "" }) => element("li", {
        class: `sortable ${className}`, tabindex: "0", "aria-label": label, "data-id": id,
      }, build())));
      if (place) restore(place);
    },
  };

  // The list is built anew; the keyboard must not lose its place.
  function restore({ id, part, index }) {
    const item = items().find((other) => idOf(other) === id) ?? items()[Math.min(index, items().length - 1)];
    const wanted = /** @type {HTMLButtonElement | null | undefined} */ (part && item?.querySelector(`[data-part="${part}"]`));
    (wanted && !wanted.disabled ? wanted : item)?.focus();
  }
}
