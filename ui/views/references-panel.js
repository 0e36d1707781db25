// @ts-check
import { referenceEnabled, referenceInfluenced, referenceMoved, referencePlaced, referenceRemoved } from "../state/actions.js";
import { INFLUENCE } from "../state/references.js";
import { selectMode, selectModel, selectSelectedLayer } from "../state/selectors.js";
import { percent, strings } from "../strings.js";
import { element, icon, iconButton } from "./dom.js";
import { makeSortable } from "./sortable.js";

/**
 * The pictures that the next one is made from: in order, each on or off, each with its influence.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {ReturnType<typeof import("../effects/images.js").createImageEffects>} images
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 * @param {(name: string) => void} run
 */
export function mountReferencesPanel(root, store, images, showThumbnail, run) {
  const words = strings.references;
  const fromLayer = iconButton("layer-add", words.fromLayer, () => run("generate.reference-layer"), { id: "reference-from-layer" });
  const list = element("ol", { id: "references", class: "references", "aria-label": words.title });
  const useLayer = element("button", { type: "button", id: "edit-layer", class: "button-plain", text: strings.modes.edit.useLayer, on: { click: () => run("generate.reference-layer") } });
  const note = element("p", { class: "note", text: words.empty });
  const empty = element("div", { class: "references-empty" }, [note, useLayer]);
  const hint = element("p", { class: "note" });
  const section = root.appendChild(element("section", { id: "references-section", class: "section section-references" }, [
    element("div", { class: "section-head" }, [
      element("h2", { class: "section-title", text: words.title }),
      fromLayer,
      iconButton("file-add", words.fromFile, () => images.openDialog("reference"), { id: "reference-from-file" }),
      iconButton("paste", words.fromClipboard, () => images.paste("reference"), { id: "reference-from-clipboard" }),
    ]),
    list,
    empty,
    hint,
  ]));
  const sortable = makeSortable(list, {
    moved: (id, index) => store.dispatch(referencePlaced(id, index)),
    removed: (id) => store.dispatch(referenceRemoved(id)),
  });
  /** What each row shows that changes while its slider is held. @type {Map<number, (reference: any) => void>} */
  const updates = new Map();
  let shape = "";

  const show = () => {
    const state = store.getState();
    const { list: references } = state.references;
    const fixed = selectModel(state)?.influence === false;
    const next = JSON.stringify([fixed, references.map(({ id, imageId, enabled }) => [id, imageId, enabled])]);
    if (next !== shape) {
      shape = next;
      updates.clear();
      sortable.show(references.map((reference, index) => ({
        id: reference.id,
        label: words.drag(words.item(index + 1, reference.name)),
        className: reference.enabled ? "reference" : "reference is-off",
        build: () => row(reference, index, references.length, fixed),
      })));
      for (const item of /** @type {HTMLElement[]} */ ([...list.children])) item.dataset.referenceId = item.dataset.id;
    }
    for (const reference of references) updates.get(reference.id)?.(reference);
    const mode = selectMode(state);
    empty.hidden = references.length > 0;
    list.hidden = references.length === 0;
    hint.textContent = fixed ? words.influenceFixed : words.onlyFirst;
    hint.hidden = !(fixed && references.length > 0)
      && !(["repaint", "extend"].includes(mode) && references.filter(({ enabled }) => enabled).length > 1);
    const layer = selectSelectedLayer(state);
    fromLayer.disabled = layer?.kind !== "pixels";
    useLayer.hidden = layer?.kind !== "pixels" || mode !== "edit";
    note.textContent = mode === "edit" ? `${strings.modes.edit.none} ${words.empty}` : words.empty;
  };
  store.observe((state) => state.references, show);
  store.observe(selectSelectedLayer, show);
  store.observe(selectModel, show);
  store.observe((state) => state.task, (task) => {
    section.hidden = task === "new" || task === "split";
    show();
  });

  function row({ id, imageId, name, width, height, enabled }, index, count, fixed) {
    const thumbnail = element("canvas", { class: "reference-thumbnail", "data-side": 48, "aria-hidden": "true" });
    showThumbnail(thumbnail, { id: imageId, width, height });
    const toggle = element("button", {
      type: "button", class: "reference-toggle", "data-part": "toggle", "data-drag": true, "aria-pressed": String(enabled),
      "aria-label": words.use(words.item(index + 1, name)), title: words.use(name),
      on: { click: () => store.dispatch(referenceEnabled(id, !enabled)) },
    }, [thumbnail, element("span", { class: "reference-number", "aria-hidden": "true", text: String(index + 1) })]);
    const part = (iconName, label, action, name, disabled = false) => element("button", {
      type: "button", class: "reference-part", "data-part": name, "aria-label": label, title: label, disabled,
      on: { click: () => store.dispatch(action) },
    }, [icon(iconName)]);
    const slider = element("input", {
      type: "range", class: "slider influence", "data-part": "influence", "aria-label": words.influence(name), title: words.influenceHint,
      min: INFLUENCE.min, max: INFLUENCE.max, step: INFLUENCE.step, disabled: fixed || !enabled,
    });
    const value = element("button", {
      type: "button", class: "influence-value", "data-part": "reset", title: words.reset, disabled: fixed || !enabled,
      on: { click: () => store.dispatch(referenceInfluenced(id, INFLUENCE.neutral)) },
    });
    slider.addEventListener("input", () => store.dispatch(referenceInfluenced(id, Number(slider.value))));
    updates.set(id, ({ influence }) => {
      const shown = fixed ? INFLUENCE.neutral : influence;
      slider.value = String(shown);
      slider.setAttribute("aria-valuetext", percent(shown));
      slider.style.setProperty("--share", String(shown / INFLUENCE.max));
      value.textContent = percent(shown);
      value.setAttribute("aria-label", `${percent(shown)}. ${words.reset}`);
    });
    return [
      toggle,
      element("div", { class: "reference-words" }, [
        element("div", { class: "reference-head" }, [
          element("span", { class: "reference-name", text: name || strings.layers.unnamed, title: name }),
          part("up", words.earlier(name), referenceMoved(id, -1), "earlier", index === 0),
          part("down", words.later(name), referenceMoved(id, 1), "later", index === count - 1),
          part("close", words.remove(name), referenceRemoved(id), "remove"),
        ]),
        element("div", { class: "influence-row" }, [slider, value]),
      ]),
    ];
  }
}
