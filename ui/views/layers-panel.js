// @ts-check
import * as actions from "../state/actions.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { groupsAround, rowsOf } from "../state/tree.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";
import { mountLayerDetails } from "./layer-details.js";
import { createLayerRow } from "./layer-row.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/**
 * The layers as a tree, the top one first, and what can be said of the selected one.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(name: string) => void} run
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 * @returns {{ rename: () => void }}
 */
export function mountLayersPanel(root, store, run, showThumbnail) {
  root.setAttribute("aria-label", strings.layers.title);
  const list = element("ul", { id: "layers", class: "layers", role: "tree", "aria-label": strings.layers.title });
  const empty = element("p", { class: "note layers-empty", text: strings.layers.empty });
  root.append(
    element("div", { class: "section-head side-head" }, [
      element("h2", { class: "section-title", text: strings.layers.title }),
    ]),
    list,
    empty,
  );
  mountLayerDetails(root, store, run);

  /** @type {Map<number, ReturnType<typeof createLayerRow>>} */
  const items = new Map();
  const show = () => {
    const rows = rowsOf(selectPicture(store.getState()).layers);
    const selected = store.getState().selectedLayer;
    const hadFocus = list.contains(document.activeElement);
    removeMissing(rows);
    // Exactly one row is a stop of the keyboard.
    const stop = rows.some(({ layer }) => layer.id === selected) ? selected : rows[0]?.layer.id;
    rows.forEach((row, index) => {
      const { id } = row.layer;
      const item = items.get(id) ?? createLayerRow(id, store, run, showThumbnail);
      items.set(id, item);
      item.show(row, { selected: id === selected, stop: id === stop });
      // Moving a node drops its focus, so only nodes in the wrong place are moved.
      if (list.children[index] !== item.node) {
        const focused = document.activeElement;
        list.insertBefore(item.node, list.children[index] ?? null);
        if (item.node.contains(focused)) /** @type {HTMLElement} */ (focused).focus();
      }
    });
    list.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    // A row that is gone must not take the keyboard's place with it.
    if (hadFocus && !list.contains(document.activeElement) && stop !== undefined) focusRow(stop);
  };
  store.observe(selectPicture, show);
  store.observe((state) => state.selectedLayer, (selected) => {
    show();
    if (selected !== null) items.get(selected)?.node.scrollIntoView({ block: "nearest" });
  });

  list.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const id = Number(target.closest("li")?.dataset.layerId);
    if (!id || target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return;
    if (event.key === " " && target.closest("button")) return;
    if (press(event.key, event.altKey, id)) event.preventDefault();
  });

  /** @returns {boolean} whether the key means something here */
  function press(key, alt, id) {
    const { layers } = selectPicture(store.getState());
    const rows = rowsOf(layers);
    const index = rows.findIndex(({ layer }) => layer.id === id);
    const { layer } = rows[index];
    switch (key) {
      case "ArrowUp":
      case "ArrowDown": {
        const by = key === "ArrowUp" ? 1 : -1;
        if (alt) store.dispatch(actions.layerMoved(id, by));
        else select(rows[index - by]?.layer.id);
        return true;
      }
      case "Home":
        return select(rows[0].layer.id);
      case "End":
        return select(rows[rows.length - 1].layer.id);
      case "ArrowRight":
        if (layer.kind !== "group") return true;
        if (!layer.expanded) store.dispatch(actions.groupExpanded(id, true));
        else if (layer.children.length > 0) select(rows[index + 1].layer.id);
        return true;
      case "ArrowLeft":
        if (layer.kind === "group" && layer.expanded) store.dispatch(actions.groupExpanded(id, false));
        else select(groupsAround(layers, id)?.pop()?.id);
        return true;
      case " ":
        store.dispatch(actions.layerShown(id, !layer.visible));
        return true;
      case "Delete":
        run("layer.remove");
        return true;
      case "F2":
        items.get(id)?.rename();
        return true;
      default:
        return false;
    }
  }

  function select(id) {
    if (id === undefined) return true;
    store.dispatch(actions.layerSelected(id));
    focusRow(id);
    return true;
  }

  function focusRow(id) {
    items.get(id)?.node.focus();
  }

  function removeMissing(rows) {
    for (const [id, item] of items) {
      if (rows.some(({ layer }) => layer.id === id)) continue;
      item.node.remove();
      items.delete(id);
    }
  }

  return {
    rename() {
      const layer = selectSelectedLayer(store.getState());
      if (layer) items.get(layer.id)?.rename();
    },
  };
}
