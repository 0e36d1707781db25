// @ts-check
import * as actions from "../state/actions.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { groupsAround, placeOf, rowsOf } from "../state/tree.js";
import { strings } from "../strings.js";
import { tipOf } from "../effects/action-words.js";
import { showActionMenu } from "./action-menu.js";
import { element, iconButton } from "./dom.js";
import { mountLayerDetails } from "./layer-details.js";
import { mountLayerDrag } from "./layer-drag.js";
import { createLayerRow } from "./layer-row.js";

/** @typedef {import("../effects/generate.js").Store} Store */

const MENU = [
  "layer.new", "layer.duplicate", "layer.rename", "layer.remove", null, "layer.group", "layer.ungroup", "layer.merge", null,
  "layer.visibility", "layer.solo", "layer.clipping", "layer.lock", null, "layer.mask-add", "layer.mask-invert",
  "layer.mask-toggle", "layer.mask-apply", "layer.mask-remove", null, "select.alpha", "layer.split", "layer.use-recipe",
];
/** @type {[icon: string, action: string][]} */
const BUTTONS = [
  ["plus", "layer.new"], ["folder", "layer.group"], ["mask", "layer.mask-add"], ["clip", "layer.clipping"],
  ["copy", "layer.duplicate"], ["merge", "layer.merge"], ["trash", "layer.remove"],
];

/**
 * The layers as a tree, the top one first, and what can be said of the selected ones.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(name: string) => void} run
 * @param {Parameters<typeof createLayerRow>[2]} thumbnails
 * @param {(id: number, op: "replace" | "add" | "subtract") => void} [selectAlpha]
 * @returns {{ rename: () => void }}
 */
export function mountLayersPanel(root, store, run, thumbnails, selectAlpha = () => {}) {
  const list = element("ul", {
    id: "layers", class: "layers", role: "tree", "aria-label": strings.layers.title, "aria-multiselectable": "true",
  });
  const empty = element("p", { class: "note layers-empty", text: strings.layers.empty });
  const buttons = BUTTONS.map(([iconName, name]) => iconButton(iconName, tipOf(name), () => run(name), { "data-action": name }));
  const more = iconButton("more", strings.layersPanel.more, () => {
    const { left, top } = more.getBoundingClientRect();
    menuAt({ x: left, y: top }, more);
  }, { "aria-haspopup": "menu", id: "layer-more" });
  const bar = element("div", { class: "layer-bar", role: "toolbar", "aria-label": strings.layersPanel.actions }, [...buttons, more]);
  root.append(list, empty, bar);
  mountLayerDetails(root, store, run);
  mountLayerDrag(list, store);
  mountToolbarKeys(bar);

  /** @type {Map<number, ReturnType<typeof createLayerRow>>} */
  const items = new Map();
  /** Where a range of selected rows begins. @type {number | null} */
  let anchor = null;

  const show = () => {
    const { selectedLayer, selectedLayers, tool } = store.getState();
    const rows = rowsOf(selectPicture(store.getState()).layers);
    const selected = new Set(selectedLayers);
    const hadFocus = list.contains(document.activeElement);
    removeMissing(new Set(rows.map(({ layer }) => layer.id)));
    // Exactly one row is a stop of the keyboard.
    const stop = rows.some(({ layer }) => layer.id === selectedLayer) ? selectedLayer : rows[0]?.layer.id;
    rows.forEach((row, index) => {
      const { id, mask } = row.layer;
      const item = items.get(id) ?? createLayerRow(id, store, thumbnails, choose);
      items.set(id, item);
      const target = id === selectedLayer && mask ? tool.target : null;
      item.show(row, { selected: selected.has(id), stop: id === stop, target });
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
  store.observe((state) => state.tool.target, show);
  store.observe((state) => state.selectedLayers, () => {
    show();
    const { selectedLayer } = store.getState();
    if (selectedLayer !== null) items.get(selectedLayer)?.node.scrollIntoView({ block: "nearest" });
  });
  store.observe((state) => state.selectedLayer, show);

  /** Selects as lists everywhere do: Ctrl adds and takes away, Shift selects all in between. */
  function choose(id, { ctrlKey, metaKey, shiftKey, altKey, target }) {
    const { selectedLayers, selectedLayer } = store.getState();
    // As in Photoshop: the pixels of a thumbnail become the selection.
    if ((ctrlKey || metaKey) && target instanceof Element && target.matches(".layer-thumbnail:not(.layer-mask)")) {
      selectAlpha(id, shiftKey ? "add" : altKey ? "subtract" : "replace");
      return;
    }
    const onMask = target instanceof Element && target.classList.contains("layer-mask");
    if (shiftKey && !onMask) {
      store.dispatch(actions.layersSelected(between(anchor ?? selectedLayer ?? id, id), id));
      return;
    }
    anchor = id;
    if (!ctrlKey && !metaKey) {
      store.dispatch(actions.layerSelected(id));
      return;
    }
    const others = selectedLayers.filter((other) => other !== id);
    if (others.length === selectedLayers.length) store.dispatch(actions.layersSelected([...others, id], id));
    else if (others.length > 0) {
      store.dispatch(actions.layersSelected(others, others.includes(selectedLayer ?? -1) ? selectedLayer : null));
      anchor = store.getState().selectedLayer;
    }
  }

  function between(from, to) {
    const ids = rowsOf(selectPicture(store.getState()).layers).map(({ layer }) => layer.id);
    const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
    if (a === -1) return [to];
    return ids.slice(Math.min(a, b), Math.max(a, b) + 1);
  }

  list.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const id = Number(target.closest("li")?.dataset.layerId);
    if (!id || target instanceof HTMLInputElement || event.metaKey) return;
    if (event.key === " " && target.closest("button")) return;
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      const { left, bottom } = target.getBoundingClientRect();
      menuAt({ x: left + 40, y: bottom - 12 }, target);
      return;
    }
    if (event.ctrlKey) return;
    if (press(event, id)) event.preventDefault();
  });

  /** @returns {boolean} whether the key means something here */
  function press({ key, altKey: alt, shiftKey: shift }, id) {
    const { layers } = selectPicture(store.getState());
    const rows = rowsOf(layers);
    const index = rows.findIndex(({ layer }) => layer.id === id);
    const { layer } = rows[index];
    switch (key) {
      case "ArrowUp":
      case "ArrowDown": {
        const by = key === "ArrowUp" ? 1 : -1;
        const next = rows[index - by]?.layer.id;
        if (alt) run(by === 1 ? "layer.raise" : "layer.lower");
        else if (shift) extend(id, next);
        else select(next);
        return true;
      }
      case "Home":
        return select(rows[0].layer.id);
      case "End":
        return select(rows[rows.length - 1].layer.id);
      case "ArrowRight":
        if (alt) return moveIn(layers, id);
        if (layer.kind !== "group") return true;
        if (!layer.expanded) store.dispatch(actions.groupExpanded(id, true));
        else if (layer.children.length > 0) select(rows[index + 1].layer.id);
        return true;
      case "ArrowLeft":
        if (alt) return moveOut(layers, id);
        if (layer.kind === "group" && layer.expanded) store.dispatch(actions.groupExpanded(id, false));
        else select(groupsAround(layers, id)?.pop()?.id);
        return true;
      case " ":
        run("layer.visibility");
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

  function extend(id, next) {
    if (next === undefined) return;
    anchor ??= id;
    if (!store.getState().selectedLayers.includes(anchor)) anchor = id;
    store.dispatch(actions.layersSelected(between(anchor, next), next));
    focusRow(next);
  }

  // Into the nearest group: the one below, or the one above.
  function moveIn(layers, id) {
    const place = placeOf(layers, id);
    const groups = place ? [...place.siblings.slice(0, place.index).reverse(), ...place.siblings.slice(place.index + 1)] : [];
    const group = groups.find((other) => other.kind === "group" && !store.getState().selectedLayers.includes(other.id));
    if (group?.kind !== "group") return true;
    store.dispatch(actions.layersMovedTo(store.getState().selectedLayers, group.id, group.children.length));
    store.dispatch(actions.groupExpanded(group.id, true));
    focusRow(id);
    return true;
  }

  // Out of its group, above it.
  function moveOut(layers, id) {
    const { parentId } = placeOf(layers, id) ?? {};
    if (!parentId) return true;
    const outer = placeOf(layers, parentId);
    if (outer) store.dispatch(actions.layersMovedTo(store.getState().selectedLayers, outer.parentId, outer.index + 1));
    focusRow(id);
    return true;
  }

  function select(id) {
    if (id === undefined) return true;
    anchor = id;
    store.dispatch(actions.layerSelected(id));
    focusRow(id);
    return true;
  }

  function focusRow(id) {
    items.get(id)?.node.focus();
  }

  list.addEventListener("contextmenu", (event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest("li");
    if (!row || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    const id = Number(row.dataset.layerId);
    if (!store.getState().selectedLayers.includes(id)) select(id);
    menuAt({ x: event.clientX, y: event.clientY }, row);
  });

  function menuAt(at, from) {
    const { selectedLayers } = store.getState();
    const layer = selectSelectedLayer(store.getState());
    const label = selectedLayers.length > 1 ? strings.layersPanel.several(selectedLayers.length) : layer?.name ?? "";
    showActionMenu({ label: strings.layersPanel.menu(label), names: MENU, at, from }, store, run);
  }

  function removeMissing(there) {
    for (const [id, item] of items) {
      if (there.has(id)) continue;
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

/** One stop for the keyboard, arrows inside. @param {HTMLElement} bar */
function mountToolbarKeys(bar) {
  const buttons = /** @type {HTMLElement[]} */ ([...bar.querySelectorAll("button")]);
  buttons.forEach((button, index) => (button.tabIndex = index === 0 ? 0 : -1));
  bar.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = buttons[(at + by + buttons.length) % buttons.length];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
}
