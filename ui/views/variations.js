// @ts-check
import { variationPicked, variationShown } from "../state/actions.js";
import { variationsIn } from "../state/variations.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";

/**
 * Pictures of one run in a strip over the canvas; the one that is chosen is shown in its place.
 * @param {HTMLElement} stage
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 */
export function mountVariations(stage, store, run, showThumbnail) {
  const words = strings.variations;
  const list = element("div", { class: "variation-list", role: "listbox", "aria-label": words.list, "aria-multiselectable": "true", "aria-orientation": "horizontal" });
  const keepLabel = element("span");
  const keep = element("button", { type: "button", id: "variations-keep", class: "button-plain is-chosen", on: { click: () => run("variations.keep") } }, [keepLabel]);
  const discard = element("button", { type: "button", id: "variations-discard", class: "button-plain", text: words.discard, on: { click: () => run("variations.discard") } });
  const strip = stage.appendChild(element("section", { id: "variations", class: "variations", "aria-label": words.title, hidden: true }, [
    element("div", { class: "variations-head" }, [element("h2", { class: "section-title", text: words.title }), element("span", { class: "note", text: words.hint })]),
    list,
    element("div", { class: "variations-buttons" }, [keep, discard]),
  ]));
  // The canvas below has gestures of its own.
  for (const type of ["pointerdown", "wheel", "dblclick"]) strip.addEventListener(type, (event) => event.stopPropagation());

  let shape = "";
  const show = () => {
    const state = store.getState();
    const set = variationsIn(state.variations, state.tabs.active);
    const hadFocus = strip.contains(document.activeElement);
    strip.hidden = set === null;
    if (hadFocus && strip.hidden) stage.focus();
    if (!set) {
      shape = "";
      return;
    }
    const { run: { id, count, size }, results, shown, picked } = set;
    const coming = state.queue.list.some((other) => other.id === id) ? count - results.length : 0;
    const next = JSON.stringify([id, results.map(({ imageId }) => imageId), coming]);
    if (next !== shape) {
      const inList = list.contains(document.activeElement);
      shape = next;
      list.replaceChildren(
        ...results.map((result, index) => tile(result, index, count)),
        ...Array.from({ length: coming }, () => element("span", { class: "variation is-coming", "aria-hidden": "true", title: words.coming })),
      );
      list.style.setProperty("--ratio", String(size.width / size.height));
      if (inList) /** @type {HTMLElement} */ (list.children[shown])?.focus();
    }
    results.forEach((_, index) => {
      const item = /** @type {HTMLElement} */ (list.children[index]);
      item.tabIndex = index === shown ? 0 : -1;
      item.classList.toggle("is-shown", index === shown);
      item.classList.toggle("is-picked", picked.includes(index));
      item.setAttribute("aria-selected", String(picked.length > 0 ? picked.includes(index) : index === shown));
    });
    keepLabel.textContent = words.keep(Math.max(1, picked.length));
  };
  store.observe((state) => state.variations, show);
  store.observe((state) => state.queue, show);
  store.observe((state) => state.tabs.active, show);
  // The hand is free when the first pictures come; the keyboard finds them.
  store.observe((state) => variationsIn(state.variations, state.tabs.active)?.run.id ?? null, (id) => {
    if (id !== null && document.activeElement === document.body) /** @type {HTMLElement | null} */ (list.firstElementChild)?.focus();
  });

  list.addEventListener("keydown", (event) => {
    const state = store.getState();
    const set = variationsIn(state.variations, state.tabs.active);
    if (!set) return;
    const { length } = set.results;
    const to = { ArrowLeft: set.shown - 1, ArrowRight: set.shown + 1, Home: 0, End: length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      const index = (to + length) % length;
      store.dispatch(variationShown(index));
      /** @type {HTMLElement} */ (list.children[index])?.focus();
    } else if (event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      store.dispatch(variationPicked(set.shown));
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      run("variations.keep");
    } else if (event.key === "Delete") {
      event.preventDefault();
      event.stopPropagation();
      run("variations.discard");
    }
  });

  function tile({ imageId, width, height, seed }, index, count) {
    const thumbnail = element("canvas", { class: "variation-picture", "data-side": 80, "aria-hidden": "true" });
    showThumbnail(thumbnail, { id: imageId, width, height });
    return element("div", {
      class: "variation", role: "option", "aria-label": words.item(index + 1, count, seed), title: words.item(index + 1, count, seed),
      on: {
        click: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.shiftKey) store.dispatch(variationPicked(index));
          store.dispatch(variationShown(index));
          /** @type {HTMLElement} */ (list.children[index]).focus();
        },
        dblclick: () => run("variations.keep"),
      },
    }, [thumbnail, element("span", { class: "variation-mark", "aria-hidden": "true" }, [icon("check")])]);
  }
}
