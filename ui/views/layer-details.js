// @ts-check
import { ariaKeysOf, tipOf } from "../effects/action-words.js";
import * as actions from "../state/actions.js";
import { BLENDS, PASS_THROUGH } from "../state/blends.js";
import { selectSelectedLayer } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";

/**
 * What can be changed of the selected layer, and how it was made.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 */
export function mountLayerDetails(root, store, run) {
  const box = root.appendChild(element("div", { class: "layer-details" }));
  mountBlend(box, store);
  mountOpacity(box, store);
  const recipe = element("p", { id: "recipe", class: "note layer-recipe" });
  const split = element("button", {
    type: "button",
    id: "layer-split",
    class: "button-plain layer-split",
    "aria-keyshortcuts": ariaKeysOf("layer.split"),
    title: tipOf("layer.split"),
    on: { click: () => run("layer.split") },
  }, [icon("layers"), element("span", { text: strings.layers.split })]);
  box.append(recipe, split);

  const show = () => {
    const layer = selectSelectedLayer(store.getState());
    box.hidden = layer === null;
    split.hidden = layer?.kind !== "pixels";
    const made = layer?.recipe;
    const model = made && store.getState().models.list.find(({ id }) => id === made.model);
    recipe.hidden = !made;
    recipe.textContent = made ? strings.layers.recipe(made, model ?? null) : "";
  };
  store.observe(selectSelectedLayer, show);
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
    const { selectedLayer } = store.getState();
    if (selectedLayer !== null) store.dispatch(actions.layerBlended(selectedLayer, select.value));
  });
  store.observe(selectSelectedLayer, (layer) => {
    if (!layer) return;
    passThrough.hidden = passThrough.disabled = layer.kind !== "group";
    select.value = layer.blend;
    select.setAttribute("aria-label", words.blendOf(layer.name));
  });
}

function mountOpacity(box, store) {
  const slider = element("input", { id: "opacity", type: "range", class: "slider", min: 0, max: 100, step: 1 });
  const value = element("output", { class: "opacity-value", for: "opacity" });
  box.append(element("div", { class: "layer-row opacity" }, [
    element("label", { class: "field-label", for: "opacity", text: strings.layers.opacity }),
    slider,
    value,
  ]));

  slider.addEventListener("input", () => {
    const { selectedLayer } = store.getState();
    if (selectedLayer !== null) store.dispatch(actions.layerFaded(selectedLayer, Number(slider.value) / 100));
  });
  slider.addEventListener("change", () => store.dispatch(actions.mergeEnded()));
  store.observe(selectSelectedLayer, (layer) => {
    if (!layer) return;
    slider.value = String(Math.round(layer.opacity * 100));
    slider.style.setProperty("--share", String(layer.opacity));
    slider.setAttribute("aria-label", strings.layers.opacityOf(layer.name));
    value.textContent = `${slider.value} %`;
  });
}
