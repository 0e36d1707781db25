// @ts-check
import * as actions from "../state/actions.js";
import { GUIDANCE, presetOf, SIZE, SIZE_PRESETS, STEPS, shuffledSeed } from "../state/form.js";
import { selectModel } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, iconButton, setLabel } from "./dom.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/**
 * Model, size, steps, seed, and what only some models use.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {() => number} random
 */
export function mountSettingsPanel(root, store, random) {
  const section = root.appendChild(element("section", { class: "section", "aria-label": strings.settings }));
  mountModel(section, store);
  mountSize(section, store);
  mountSlider(section, {
    id: "steps",
    words: strings.steps,
    range: { ...STEPS, max: 50, step: 1 },
    number: { ...STEPS, step: 1 },
    select: (state) => state.form.steps,
    change: actions.stepsChanged,
    store,
  });
  const guidance = mountSlider(section, {
    id: "guidance",
    words: strings.guidance,
    range: GUIDANCE,
    number: GUIDANCE,
    select: (state) => state.form.guidance,
    change: actions.guidanceChanged,
    store,
  });
  mountSeed(section, store, random);
  const negative = mountNegative(section, store);

  // Distilled models have the guidance built in.
  store.observe((state) => selectModel(state)?.distilled ?? true, (distilled) => {
    guidance.hidden = distilled;
    negative.hidden = distilled;
  });
}

function mountModel(section, store) {
  const select = element("select", { id: "model", class: "select", "aria-describedby": "model-note" });
  const note = element("p", { id: "model-note", class: "note" });
  section.append(field("model", strings.model.label, [element("div", { class: "select-box" }, [select]), note]));

  select.addEventListener("change", () => {
    const model = store.getState().models.list.find(({ id }) => id === select.value);
    if (model) store.dispatch(actions.modelChosen(model));
  });
  store.observe((state) => state.models, ({ list }) => {
    const options = list.map((model) => element("option", {
      value: model.id,
      text: model.ready ? model.name : strings.model.unavailable(model.name),
    }));
    const unchosen = element("option", { value: "", text: strings.model.choose });
    select.replaceChildren(...(selectModel(store.getState()) ? [] : [unchosen]), ...options);
    select.disabled = list.length === 0;
    showModel();
  });
  store.observe((state) => state.form.model, showModel);

  function showModel() {
    const { models, form } = store.getState();
    select.value = form.model ?? "";
    const model = selectModel(store.getState());
    note.classList.toggle("is-problem", models.status === "failed" || (models.status === "loaded" && !model?.ready));
    if (models.status === "loading") note.textContent = strings.model.loading;
    else if (models.status === "failed") note.textContent = models.message;
    else if (!model) note.textContent = models.list.length > 0 ? strings.model.noneReady : strings.model.none;
    else if (!model.ready) note.textContent = strings.model.notReady(model.missing);
    else note.textContent = model.note || (model.isStarter ? strings.model.starterNote : "");
  }
}

function mountSize(section, store) {
  const preset = element("select", { id: "size-preset", class: "select", "aria-label": strings.size.preset }, [
    ...SIZE_PRESETS.map(({ id }) => element("option", { value: id, text: strings.size.presets[id] })),
    element("option", { value: "", text: strings.size.custom }),
  ]);
  const width = sizeField("width", strings.size.width);
  const height = sizeField("height", strings.size.height);
  const swap = iconButton("swap", strings.size.swap, () => {
    const { form } = store.getState();
    store.dispatch(actions.sizeChanged(form.height, form.width));
  }, { id: "swap-size" });
  section.append(element("div", { class: "field", role: "group", "aria-label": strings.size.label }, [
    element("span", { class: "field-label", "aria-hidden": "true", text: strings.size.label }),
    element("div", { class: "select-box" }, [preset]),
    element("div", { class: "size-row" }, [width.box, swap, height.box]),
  ]));

  preset.addEventListener("change", () => {
    const size = SIZE_PRESETS.find(({ id }) => id === preset.value);
    if (size) store.dispatch(actions.sizeChanged(size.width, size.height));
    else width.input.focus();
  });
  connectNumber(width.input, store, (state) => state.form.width,
    (value) => actions.sizeChanged(value, store.getState().form.height));
  connectNumber(height.input, store, (state) => state.form.height,
    (value) => actions.sizeChanged(store.getState().form.width, value));
  store.observe((state) => presetOf(state.form.width, state.form.height), (id) => (preset.value = id ?? ""));
}

function sizeField(id, label) {
  const input = element("input", { id, class: "input input-number", type: "number", ...SIZE });
  const box = element("label", { class: "unit-box" }, [
    element("span", { class: "unit", text: label }),
    input,
  ]);
  return { input, box };
}

function mountSlider(section, { id, words, range, number, select, change, store }) {
  const slider = element("input", { type: "range", class: "slider", "aria-label": words.label, tabindex: "-1", ...range });
  const input = element("input", { id, class: "input input-number", type: "number", title: words.hint, ...number });
  const box = field(id, words.label, [element("div", { class: "slider-row" }, [slider, input])]);
  section.append(box);
  slider.addEventListener("input", () => store.dispatch(change(Number(slider.value))));
  connectNumber(input, store, select, change);
  store.observe(select, (value) => {
    slider.value = String(value);
    const share = (Number(slider.value) - range.min) / (range.max - range.min);
    slider.style.setProperty("--share", String(share));
  });
  return box;
}

function mountSeed(section, store, random) {
  const input = element("input", {
    id: "seed",
    class: "input input-number",
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    "aria-describedby": "seed-note",
  });
  const shuffle = iconButton("shuffle", strings.seed.shuffle,
    () => store.dispatch(actions.seedShuffled(shuffledSeed(random))), { id: "shuffle-seed" });
  const lock = iconButton("unlock", strings.seed.lock,
    () => store.dispatch(actions.seedLockChanged(!store.getState().form.seedLocked)), { id: "lock-seed" });
  const note = element("p", { id: "seed-note", class: "note" });
  section.append(field("seed", strings.seed.label, [
    element("div", { class: "seed-row" }, [input, shuffle, lock]),
    note,
  ]));

  connectNumber(input, store, (state) => state.form.seed, actions.seedTyped);
  store.observe((state) => state.form.seedLocked, (locked) => {
    lock.setAttribute("aria-pressed", String(locked));
    lock.firstElementChild?.setAttribute("class", `icon icon-${locked ? "lock" : "unlock"}`);
    setLabel(lock, strings.seed.lock);
    note.textContent = locked ? strings.seed.locked : strings.seed.unlocked;
  });
}

function mountNegative(section, store) {
  const input = element("textarea", {
    id: "negative",
    class: "input input-text",
    rows: 2,
    placeholder: strings.prompt.negativePlaceholder,
  });
  const box = field("negative", strings.prompt.negative, [input]);
  section.append(box);
  input.addEventListener("input", () => store.dispatch(actions.negativeChanged(input.value)));
  return box;
}

// The state follows every key; the field shows the corrected number when it is left.
function connectNumber(input, store, select, change) {
  const show = () => (input.value = String(select(store.getState())));
  input.addEventListener("input", () => {
    const text = input.value.trim();
    if (/^\d+(\.\d+)?$/.test(text)) store.dispatch(change(Number(text)));
  });
  input.addEventListener("change", show);
  store.observe(select, () => {
    if (document.activeElement !== input) show();
  });
}

function field(id, label, children) {
  return element("div", { class: "field" }, [
    element("label", { class: "field-label", for: id, text: label }),
    ...children,
  ]);
}
