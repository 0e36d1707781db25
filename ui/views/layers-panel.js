// @ts-check
import * as actions from "../state/actions.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon, iconButton, setLabel } from "./dom.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/**
 * The layers, the top one first.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(canvas: HTMLCanvasElement, imageId: import("../state/document.js").ImageId) => void} showThumbnail
 */
export function mountLayersPanel(root, store, showThumbnail) {
  root.setAttribute("aria-label", strings.layers.title);
  const list = element("ul", { id: "layers", class: "layers", role: "list", "aria-label": strings.layers.title });
  const empty = element("p", { class: "note layers-empty", text: strings.layers.empty });
  root.append(
    element("div", { class: "section-head side-head" }, [
      element("h2", { class: "section-title", text: strings.layers.title }),
    ]),
    list,
    empty,
  );
  mountOpacity(root, store);

  /** @type {Map<number, ReturnType<typeof createItem>>} */
  const items = new Map();
  const show = () => {
    const { layers } = selectPicture(store.getState());
    const selected = store.getState().selectedLayer;
    removeMissing(items, layers);
    [...layers].reverse().forEach((layer, index) => {
      const item = items.get(layer.id) ?? createItem(layer.id, store, showThumbnail);
      items.set(layer.id, item);
      item.show(layer, layer.id === selected);
      // Moving a node drops its focus, so only nodes in the wrong place are moved.
      if (list.children[index] !== item.node) {
        const focused = document.activeElement;
        list.insertBefore(item.node, list.children[index] ?? null);
        if (item.node.contains(focused)) /** @type {HTMLElement} */ (focused).focus();
      }
    });
    list.hidden = layers.length === 0;
    empty.hidden = layers.length > 0;
  };
  store.observe(selectPicture, show);
  store.observe((state) => state.selectedLayer, (selected) => {
    show();
    const item = selected === null ? null : items.get(selected);
    item?.node.scrollIntoView({ block: "nearest" });
  });

  list.addEventListener("keydown", (event) => {
    const id = Number(/** @type {HTMLElement} */ (event.target).closest("li")?.dataset.layerId);
    const typing = event.target instanceof HTMLInputElement;
    if (!id || typing || event.ctrlKey || event.metaKey) return;
    const { layers } = selectPicture(store.getState());
    const index = layers.findIndex((layer) => layer.id === id);
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const by = event.key === "ArrowUp" ? 1 : -1;
      if (event.altKey) store.dispatch(actions.layerMoved(id, by));
      else if (layers[index + by]) select(layers[index + by].id);
    } else if (event.key === "Delete") {
      store.dispatch(actions.layerRemoved(id));
      const next = store.getState().selectedLayer;
      if (next !== null) items.get(next)?.focus();
    } else if (event.key === "F2") {
      items.get(id)?.rename();
    } else {
      return;
    }
    event.preventDefault();
  });

  function select(id) {
    store.dispatch(actions.layerSelected(id));
    items.get(id)?.focus();
  }
}

function removeMissing(items, layers) {
  for (const [id, item] of items) {
    if (layers.some((layer) => layer.id === id)) continue;
    item.node.remove();
    items.delete(id);
  }
}

function createItem(id, store, showThumbnail) {
  const layerOf = () => selectPicture(store.getState()).layers.find((layer) => layer.id === id);
  const eye = iconButton("eye", "", () => store.dispatch(actions.layerShown(id, !layerOf()?.visible)),
    { class: "button-icon layer-eye" });
  const thumbnail = element("canvas", { class: "layer-thumbnail", "aria-hidden": "true" });
  const name = element("span", { class: "layer-name" });
  const size = element("span", { class: "layer-size" });
  const choose = element("button", {
    type: "button",
    class: "layer-select",
    on: { click: () => store.dispatch(actions.layerSelected(id)), dblclick: rename },
  }, [thumbnail, element("span", { class: "layer-words" }, [name, size])]);
  const remove = iconButton("trash", "", () => store.dispatch(actions.layerRemoved(id)),
    { class: "button-icon layer-remove" });
  const node = element("li", { class: "layer", "data-layer-id": id }, [eye, choose, remove]);
  /** @type {number | null} */
  let shownImage = null;

  function show(layer, selected) {
    if (shownImage !== layer.imageId) showThumbnail(thumbnail, layer.imageId);
    shownImage = layer.imageId;
    name.textContent = layer.name;
    size.textContent = `${layer.width} × ${layer.height}`;
    choose.title = layer.name;
    choose.setAttribute("aria-label", strings.layers.select(layer.name));
    choose.setAttribute("aria-current", String(selected));
    node.classList.toggle("is-selected", selected);
    node.classList.toggle("is-hidden", !layer.visible);
    eye.setAttribute("aria-pressed", String(layer.visible));
    eye.firstElementChild?.setAttribute("class", `icon icon-${layer.visible ? "eye" : "eye-off"}`);
    setLabel(eye, strings.layers.show(layer.name));
    setLabel(remove, strings.layers.remove(layer.name));
  }

  function rename() {
    const layer = layerOf();
    if (!layer) return;
    const input = element("input", {
      class: "input layer-rename",
      value: layer.name,
      "aria-label": strings.layers.rename(layer.name),
    });
    let done = false;
    const finish = (keep) => {
      if (done) return;
      done = true;
      input.replaceWith(choose);
      if (keep) store.dispatch(actions.layerRenamed(id, input.value));
      choose.focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      finish(event.key === "Enter");
    });
    input.addEventListener("blur", () => finish(true));
    choose.replaceWith(input);
    input.focus();
    input.select();
  }

  return { node, show, rename, focus: () => choose.focus() };
}

function mountOpacity(root, store) {
  const slider = element("input", { id: "opacity", type: "range", class: "slider", min: 0, max: 100, step: 1 });
  const value = element("output", { class: "opacity-value", for: "opacity" });
  const box = element("div", { class: "opacity" }, [
    element("label", { class: "field-label", for: "opacity", text: strings.layers.opacity }),
    slider,
    value,
  ]);
  root.append(box);

  slider.addEventListener("input", () => {
    const { selectedLayer } = store.getState();
    if (selectedLayer !== null) store.dispatch(actions.layerFaded(selectedLayer, Number(slider.value) / 100));
  });
  slider.addEventListener("change", () => store.dispatch(actions.mergeEnded()));
  store.observe(selectSelectedLayer, (layer) => {
    box.hidden = layer === null;
    if (!layer) return;
    slider.value = String(Math.round(layer.opacity * 100));
    slider.style.setProperty("--share", String(layer.opacity));
    slider.setAttribute("aria-label", strings.layers.opacityOf(layer.name));
    value.textContent = `${slider.value} %`;
  });
}
