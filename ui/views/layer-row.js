// @ts-check
import * as actions from "../state/actions.js";
import { layerOf } from "../state/document.js";
import { isLocked } from "../state/layer.js";
import { selectPicture } from "../state/selectors.js";
import { targetChosen } from "../state/tool-actions.js";
import { size, strings } from "../strings.js";
import { element, icon, iconButton, setLabel } from "./dom.js";

/**
 * @typedef {object} RowPlace
 * @property {boolean} selected
 * @property {boolean} stop whether the keyboard stops here
 * @property {"pixels" | "mask" | null} target what tools work on, in the primary row
 */

/**
 * One row of the list of layers.
 * @param {number} id
 * @param {import("../effects/generate.js").Store} store
 * @param {{ image: import("./split-panel.js").ShowThumbnail, mask: (canvas: HTMLCanvasElement, mask: import("../state/layer.js").Mask) => void }} thumbnails
 * @param {(id: number, event: MouseEvent) => void} onClick
 */
export function createLayerRow(id, store, thumbnails, onClick) {
  const words = strings.layers;
  const layer = () => layerOf(selectPicture(store.getState()), id);
  const eye = iconButton("eye", "", () => {}, { class: "button-icon layer-eye" });
  eye.addEventListener("click", (event) => {
    // With Alt alone, as in other programs.
    if (event.altKey) store.dispatch(actions.layersShownOnly([id]));
    else store.dispatch(actions.layerShown(id, !layer()?.visible));
  });
  const twisty = element("span", { class: "layer-twisty", "aria-hidden": "true", on: { click: toggle } }, [icon("chevron")]);
  const clip = element("span", { class: "layer-clip", "aria-hidden": "true" }, [icon("clip")]);
  const thumbnail = element("canvas", { class: "layer-thumbnail", "aria-hidden": "true" });
  const mask = element("canvas", { class: "layer-thumbnail layer-mask", "aria-hidden": "true" });
  const folder = element("span", { class: "layer-folder" }, [icon("folder")]);
  const name = element("span", { class: "layer-name" });
  const about = element("span", { class: "layer-size" });
  const choose = element("div", {
    class: "layer-select",
    on: { click, dblclick: rename },
  }, [clip, thumbnail, folder, mask, element("span", { class: "layer-words" }, [name, " ", about])]);
  const lock = iconButton("lock", "", () => {
    const now = layer();
    if (now) store.dispatch(actions.layerLocked(id, !isLocked(now)));
  }, { class: "button-icon layer-lock" });
  const node = element("li", { class: "layer", role: "treeitem", "data-layer-id": id }, [eye, twisty, choose, lock]);
  let shownImage = -1;
  /** @type {import("../state/layer.js").Mask | null} */
  let shownMask = null;
  /** What is on the screen: a row that stays the same is not touched. @type {any[]} */
  let shown = [];

  /**
   * @param {import("../state/tree.js").Row} row
   * @param {RowPlace} place
   */
  function show({ layer, level, position, count }, { selected, stop, target }) {
    const next = [layer, level, position, count, selected, stop, target];
    if (next.every((value, index) => value === shown[index])) return;
    shown = next;
    const isGroup = layer.kind === "group";
    const label = layer.name || words.unnamed;
    const locked = isLocked(layer);
    const partly = layer.lock.transparency || layer.lock.pixels || layer.lock.position;
    if (!isGroup && shownImage !== layer.imageId) {
      shownImage = layer.imageId;
      thumbnails.image(thumbnail, { id: layer.imageId, width: layer.width, height: layer.height });
    }
    if (layer.mask && shownMask?.id !== layer.mask.id) {
      shownMask = layer.mask;
      thumbnails.mask(mask, layer.mask);
    }
    thumbnail.hidden = isGroup;
    folder.hidden = twisty.hidden = !isGroup;
    mask.hidden = layer.mask === null;
    mask.classList.toggle("is-off", layer.mask?.enabled === false);
    clip.hidden = !layer.clipping;
    thumbnail.classList.toggle("is-aim", target === "pixels");
    mask.classList.toggle("is-aim", target === "mask");
    thumbnail.title = strings.layersPanel.pixelsOf(label);
    mask.title = strings.layersPanel.maskOf(label);
    name.textContent = label;
    const what = isGroup ? words.children(layer.children.length) : size(layer.width, layer.height);
    const details = [what, ...words.marks(layer)];
    // Clipping and a mask are seen as such; who hears the row is told.
    about.textContent = [what, ...words.marks({ ...layer, clipping: false, mask: null })].join(" · ");
    name.title = label;
    node.tabIndex = stop ? 0 : -1;
    for (const [attribute, value] of Object.entries({
      "aria-label": words.item(label, details, { hidden: !layer.visible, locked }),
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
    node.classList.toggle("is-locked", partly);
    eye.setAttribute("aria-pressed", String(layer.visible));
    eye.firstElementChild?.setAttribute("class", `icon icon-${layer.visible ? "eye" : "eye-off"}`);
    lock.setAttribute("aria-pressed", String(locked));
    lock.firstElementChild?.setAttribute("class", `icon icon-${partly ? "lock" : "unlock"}`);
    setLabel(eye, words.show(label));
    setLabel(lock, words.lock(label));
    // The buttons of other rows are reached by selecting their row.
    for (const button of [eye, lock]) button.tabIndex = stop ? 0 : -1;
  }

  function click(event) {
    onClick(id, event);
    node.focus({ preventScroll: true });
    const now = layer();
    if (event.target === mask && now?.mask) {
      if (event.shiftKey) store.dispatch(actions.layerMaskReplaced(id, { ...now.mask, enabled: !now.mask.enabled }, now.mask.enabled ? "maskOff" : "maskOn"));
      else store.dispatch(targetChosen("mask"));
    } else {
      store.dispatch(targetChosen("pixels"));
    }
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
