// @ts-check
import * as actions from "../state/actions.js";
import { layerOf } from "../state/document.js";
import { isLocked } from "../state/layer.js";
import { selectPicture } from "../state/selectors.js";
import { size, strings } from "../strings.js";
import { element, icon, iconButton, setLabel } from "./dom.js";

/**
 * One row of the list of layers.
 * @param {number} id
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 */
export function createLayerRow(id, store, run, showThumbnail) {
  const words = strings.layers;
  const layer = () => layerOf(selectPicture(store.getState()), id);
  const eye = iconButton("eye", "", () => store.dispatch(actions.layerShown(id, !layer()?.visible)),
    { class: "button-icon layer-eye" });
  const twisty = element("span", { class: "layer-twisty", "aria-hidden": "true", on: { click: toggle } }, [icon("chevron")]);
  const thumbnail = element("canvas", { class: "layer-thumbnail", "aria-hidden": "true" });
  const folder = element("span", { class: "layer-folder" }, [icon("folder")]);
  const name = element("span", { class: "layer-name" });
  const about = element("span", { class: "layer-size" });
  const choose = element("div", {
    class: "layer-select",
    on: { click: select, dblclick: rename },
  }, [thumbnail, folder, element("span", { class: "layer-words" }, [name, about])]);
  const lock = iconButton("lock", "", () => {
    const now = layer();
    if (now) store.dispatch(actions.layerLocked(id, !isLocked(now)));
  }, { class: "button-icon layer-lock" });
  const remove = iconButton("trash", "", () => {
    store.dispatch(actions.layerSelected(id));
    run("layer.remove");
  }, { class: "button-icon layer-remove" });
  const node = element("li", { class: "layer", role: "treeitem", "data-layer-id": id }, [eye, twisty, choose, lock, remove]);
  let shownImage = 0;

  /**
   * @param {import("../state/tree.js").Row} row
   * @param {{ selected: boolean, stop: boolean }} place
   */
  function show({ layer, level, position, count }, { selected, stop }) {
    const isGroup = layer.kind === "group";
    const label = layer.name || words.unnamed;
    const locked = isLocked(layer);
    if (!isGroup && shownImage !== layer.imageId) {
      shownImage = layer.imageId;
      showThumbnail(thumbnail, { id: layer.imageId, width: layer.width, height: layer.height });
    }
    thumbnail.hidden = isGroup;
    folder.hidden = twisty.hidden = !isGroup;
    name.textContent = label;
    const what = isGroup ? words.children(layer.children.length) : size(layer.width, layer.height);
    about.textContent = [what, ...words.marks(layer)].join(" · ");
    choose.title = label;
    node.tabIndex = stop ? 0 : -1;
    for (const [attribute, value] of Object.entries({
      "aria-label": words.item(label, { isGroup, hidden: !layer.visible, locked }),
      "aria-level": level,
      "aria-posinset": position,
      "aria-setsize": count,
      "aria-selected": selected,
    })) node.setAttribute(attribute, String(value));
    if (isGroup) node.setAttribute("aria-expanded", String(layer.expanded));
    node.style.setProperty("--level", String(level - 1));
    node.classList.toggle("is-selected", selected);
    node.classList.toggle("is-hidden", !layer.visible);
    node.classList.toggle("is-open", isGroup && layer.expanded);
    node.classList.toggle("is-locked", locked);
    eye.setAttribute("aria-pressed", String(layer.visible));
    eye.firstElementChild?.setAttribute("class", `icon icon-${layer.visible ? "eye" : "eye-off"}`);
    lock.setAttribute("aria-pressed", String(locked));
    lock.firstElementChild?.setAttribute("class", `icon icon-${locked ? "lock" : "unlock"}`);
    setLabel(eye, words.show(label));
    setLabel(lock, words.lock(label));
    setLabel(remove, words.remove(label));
    // The buttons of other rows are reached by selecting their row.
    for (const button of [eye, lock, remove]) button.tabIndex = stop ? 0 : -1;
  }

  function select() {
    store.dispatch(actions.layerSelected(id));
    node.focus({ preventScroll: true });
  }

  function toggle() {
    const now = layer();
    if (now?.kind === "group") store.dispatch(actions.groupExpanded(id, !now.expanded));
  }

  function rename() {
    const now = layer();
    if (!now || node.querySelector("input")) return;
    const input = element("input", {
      class: "input layer-rename",
      value: now.name,
      "aria-label": words.rename(now.name),
    });
    let done = false;
    const finish = (keep) => {
      if (done) return;
      done = true;
      const hadFocus = document.activeElement === input;
      input.replaceWith(choose);
      if (keep) store.dispatch(actions.layerRenamed(id, input.value));
      if (hadFocus) node.focus();
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

  return { node, show, rename };
}
