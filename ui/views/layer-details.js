// @ts-check
import * as actions from "../state/actions.js";
import { BLENDS, PASS_THROUGH } from "../state/blends.js";
import { selectSelectedLayer } from "../state/selectors.js";
import { strings } from "../strings.js";
import { ariaKeysOf, labelOf, tipOf } from "../effects/action-words.js";
import { element, icon, iconButton, setLabel } from "./dom.js";

/** @type {[part: "transparency" | "pixels" | "position" | "all", icon: string, action: string][]} */
const LOCKS = [
  ["transparency", "checker", "layer.lock-transparency"],
  ["pixels", "brush", "layer.lock-pixels"],
  ["position", "move", "layer.lock-position"],
  ["all", "lock", "layer.lock"],
];

/**
 * What can be changed of the selected layers, and how one was made.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 */
export function mountLayerDetails(root, store, run) {
  const box = root.appendChild(element("div", { class: "layer-details" }));
  const several = box.appendChild(element("p", { class: "note layer-several" }));
  mountBlend(box, store);
  mountShare(box, store, { id: "opacity", part: "opacity", word: strings.layers.opacity, of: strings.layers.opacityOf });
  mountShare(box, store, { id: "fill", part: "fill", word: strings.layersPanel.fill, of: strings.layersPanel.fillOf });
  mountLocks(box, store, run);
  const recipe = element("p", { id: "recipe", class: "note layer-recipe" });
  const again = element("button", {
    type: "button", id: "use-recipe", class: "button-plain layer-split", on: { click: () => run("layer.use-recipe") },
  }, [icon("redo"), element("span", { text: strings.layersPanel.useAgain })]);
  const split = element("button", {
    type: "button",
    id: "layer-split",
    class: "button-plain layer-split",
    "aria-keyshortcuts": ariaKeysOf("layer.split"),
    title: tipOf("layer.split"),
    on: { click: () => run("layer.split") },
  }, [icon("layers"), element("span", { text: strings.layers.split })]);
  const doing = element("div", { class: "layer-doing" }, [again, split]);
  box.append(recipe, doing);

  const show = () => {
    const layer = selectSelectedLayer(store.getState());
    const count = store.getState().selectedLayers.length;
    box.hidden = layer === null;
    several.hidden = count < 2;
    several.textContent = count < 2 ? "" : strings.layersPanel.several(count);
    split.hidden = layer?.kind !== "pixels" || count > 1;
    const made = count > 1 ? null : layer?.recipe;
    const model = made && store.getState().models.list.find(({ id }) => id === made.model);
    recipe.hidden = again.hidden = !made;
    doing.hidden = split.hidden && again.hidden;
    recipe.textContent = made ? strings.layers.recipe(made, model ?? null) : "";
    again.title = labelOf("layer.use-recipe");
  };
  store.observe(selectSelectedLayer, show);
  store.observe((state) => state.selectedLayers, show);
  store.observe((state) => state.models, show);
}

function mountBlend(box, store) {
  const words = strings.layers;
  const select = element("select", { id: "blend", class: "select" });
  const option = (blend) => element("option", { value: blend, text: words.blends[blend] });
  const passThrough = option(PASS_THROUGH);
  select.append(passThrough, ...BLENDS.map((blends, index) =>
    element("optgroup", { label: words.blendGroups[index] }, blends.map(option))));
  box.append(element("div", { class: "layer-row" }, [
    element("label", { class: "field-label", for: "blend", text: words.blend }),
    element("div", { class: "select-box" }, [select]),
  ]));
  select.addEventListener("change", () => {
    const { selectedLayers } = store.getState();
    store.dispatch(actions.layersChanged(selectedLayers, { blend: select.value }, "blend"));
  });
  store.observe(selectSelectedLayer, (layer) => {
    if (!layer) return;
    passThrough.hidden = passThrough.disabled = layer.kind !== "group";
    select.value = layer.blend;
    select.setAttribute("aria-label", words.blendOf(layer.name));
  });
}

/** Opacity or fill, in percent. */
function mountShare(box, store, { id, part, word, of }) {
  const slider = element("input", { id, type: "range", class: "slider", min: 0, max: 100, step: 1 });
  const value = element("output", { class: "opacity-value", for: id });
  box.append(element("div", { class: `layer-row opacity${part === "fill" ? " is-extra" : ""}` }, [
    element("label", { class: "field-label", for: id, text: word }),
    slider,
    value,
  ]));

  slider.addEventListener("input", () => {
    const { selectedLayers } = store.getState();
    store.dispatch(actions.layersChanged(selectedLayers, { [part]: Number(slider.value) / 100 }, part));
  });
  slider.addEventListener("change", () => store.dispatch(actions.mergeEnded()));
  store.observe(selectSelectedLayer, (layer) => {
    if (!layer) return;
    slider.value = String(Math.round(layer[part] * 100));
    slider.style.setProperty("--share", String(layer[part]));
    slider.setAttribute("aria-label", of(layer.name));
    value.textContent = `${slider.value} %`;
  });
}

function mountLocks(box, store, run) {
  const buttons = LOCKS.map(([part, iconName, name]) => {
    const button = iconButton(iconName, labelOf(name), () => run(name), { class: "button-icon layer-lock-part", "data-lock": part });
    return { part, name, button };
  });
  box.append(element("div", { class: "layer-row is-extra" }, [
    element("span", { class: "field-label", "aria-hidden": "true", text: strings.layersPanel.locks }),
    element("div", { class: "layer-locks", role: "group", "aria-label": strings.layersPanel.locks }, buttons.map(({ button }) => button)),
  ]));
  store.observe(selectSelectedLayer, (layer) => {
    if (!layer) return;
    const { transparency, pixels, position } = layer.lock;
    for (const { part, name, button } of buttons) {
      const on = part === "all" ? transparency && pixels && position : layer.lock[part];
      button.setAttribute("aria-pressed", String(on));
      setLabel(button, labelOf(name));
    }
  });
}
