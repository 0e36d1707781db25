// @ts-check
import { referenceEnabled, referenceMoved, referenceRemoved } from "../state/actions.js";
import { selectSelectedLayer } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon, iconButton } from "./dom.js";

/**
 * The pictures that the next one is made from.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {ReturnType<typeof import("../effects/images.js").createImageEffects>} images
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 */
export function mountReferencesPanel(root, store, images, showThumbnail) {
  const words = strings.references;
  const fromLayer = iconButton("layer-add", words.fromLayer, addSelectedLayer, { id: "reference-from-layer" });
  const list = element("ol", { id: "references", class: "references", "aria-label": words.title });
  const empty = element("p", { class: "note", text: words.empty });
  root.append(element("section", { class: "section section-references" }, [
    element("div", { class: "section-head" }, [
      element("h2", { class: "section-title", text: words.title }),
      fromLayer,
      iconButton("file-add", words.fromFile, () => images.openDialog("reference"), { id: "reference-from-file" }),
      iconButton("paste", words.fromClipboard, () => images.paste("reference"), { id: "reference-from-clipboard" }),
    ]),
    list,
    empty,
  ]));

  function addSelectedLayer() {
    const layer = selectSelectedLayer(store.getState());
    if (layer?.kind !== "pixels") return;
    const { imageId, name, width, height } = layer;
    images.place({ id: imageId, name, width, height }, "reference");
  }

  store.observe(selectSelectedLayer, (layer) => {
    fromLayer.disabled = layer?.kind !== "pixels";
  });
  store.observe((state) => state.references.list, (references) => {
    const focused = focusedPart(list);
    list.replaceChildren(...references.map((reference, index) => tile(reference, index, references.length)));
    if (focused) restoreFocus(list, focused);
    empty.hidden = references.length > 0;
    list.hidden = references.length === 0;
  });

  function tile({ id, imageId, name, width, height, enabled }, index, count) {
    const thumbnail = element("canvas", { class: "reference-thumbnail", "aria-hidden": "true" });
    showThumbnail(thumbnail, { id: imageId, width, height });
    const toggle = element("button", {
      type: "button",
      class: "reference-toggle",
      "data-part": "toggle",
      "aria-pressed": String(enabled),
      "aria-label": words.use(words.item(index + 1, name)),
      title: name,
      on: { click: () => store.dispatch(referenceEnabled(id, !enabled)) },
    }, [thumbnail, element("span", { class: "reference-number", "aria-hidden": "true", text: String(index + 1) })]);
    const part = (iconName, label, action, name, disabled = false) =>
      element("button", {
        type: "button",
        class: "reference-part",
        "data-part": name,
        "aria-label": label,
        title: label,
        disabled,
        on: { click: () => store.dispatch(action) },
      }, [icon(iconName)]);
    return element("li", { class: "reference", "data-reference-id": id }, [
      toggle,
      element("div", { class: "reference-parts" }, [
        part("left", words.earlier(name), referenceMoved(id, -1), "earlier", index === 0),
        part("right", words.later(name), referenceMoved(id, 1), "later", index === count - 1),
        part("close", words.remove(name), referenceRemoved(id), "remove"),
      ]),
    ]);
  }
}

function focusedPart(list) {
  const focused = document.activeElement;
  const item = list.contains(focused) ? focused?.closest("[data-reference-id]") : null;
  if (!(focused instanceof HTMLElement) || !(item instanceof HTMLElement)) return null;
  return { id: item.dataset.referenceId, part: focused.dataset.part, index: [...list.children].indexOf(item) };
}

// The list is built anew; the keyboard must not lose its place.
function restoreFocus(list, { id, part, index }) {
  const item = list.querySelector(`[data-reference-id="${id}"]`)
    ?? list.children[Math.min(index, list.children.length - 1)];
  const wanted = item?.querySelector(`[data-part="${part}"]`);
  (wanted && !wanted.disabled ? wanted : item?.querySelector("button"))?.focus();
}
