// @ts-check
import * as actions from "../state/actions.js";
import { BATCH, GUIDANCE, presetOf, SIZE, SIZE_PRESETS, STEPS } from "../state/form.js";
import { selectModel } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";
import { mountLoras } from "./loras-panel.js";
import { connectNumber, field, mountModel, mountSeed, mountSlider } from "./fields.js";
import { checkOption } from "./option-fields.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/**
 * Model, size, steps, seed, and what only some models use.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {() => number} random
 */
export function mountSettingsPanel(root, store, random) {
  const section = root.appendChild(element("section", { class: "section", "aria-label": strings.settings }));
  mountModel(section, {
    id: "model",
    task: "generate",
    none: strings.model.none,
    select: (state) => state.form.model,
    chosen: actions.modelChosen,
    store,
  });
  mountLoras(section, store);
  const size = mountSize(section, store);
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
  const reuse = checkOption({
    id: "reuse",
    label: strings.reuse.label,
    hint: strings.reuse.hint,
    store,
    select: (state) => state.form.reuse,
    change: (on) => store.dispatch(actions.formChanged({ reuse: on })),
  });
  section.append(reuse);
  mountBatch(section, store);
  mountSeed(section, {
    id: "seed",
    notes: strings.seed,
    select: (state) => state.form,
    typed: actions.seedTyped,
    shuffled: actions.seedShuffled,
    lockChanged: actions.seedLockChanged,
    store,
    random,
  });
  const negative = mountNegative(section, store);

  // The region and the model say how large a part of a picture is painted.
  store.observe((state) => state.task, (task) => (size.hidden = task === "repaint" || task === "extend"));
  store.observe((state) => selectModel(state)?.reuses ?? false, (reuses) => (reuse.hidden = !reuses));
  // Distilled models have the guidance built in.
  store.observe((state) => selectModel(state)?.distilled ?? true, (distilled) => {
    guidance.hidden = distilled;
    negative.hidden = distilled;
  });
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
  const box = element("div", { class: "field", role: "group", "aria-label": strings.size.label }, [
    element("span", { class: "field-label", "aria-hidden": "true", text: strings.size.label }),
    element("div", { class: "select-box" }, [preset]),
    element("div", { class: "size-row" }, [width.box, swap, height.box]),
  ]);
  section.append(box);

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
  return box;
}

function mountBatch(section, store) {
  const words = strings.modes.batch;
  const box = mountSlider(section, {
    id: "batch",
    words,
    range: { ...BATCH, step: 1 },
    number: { ...BATCH, step: 1 },
    select: (state) => state.form.batch,
    change: (batch) => actions.formChanged({ batch }),
    store,
  });
  const note = element("p", { class: "note" });
  box.append(note);
  const show = () => {
    const { batch, seed } = store.getState().form;
    note.hidden = batch === 1;
    note.textContent = words.range(seed, seed + batch - 1);
  };
  store.observe((state) => state.form, show);
}

function sizeField(id, label) {
  const input = element("input", { id, class: "input input-number", type: "number", ...SIZE });
  const box = element("label", { class: "unit-box" }, [
    element("span", { class: "unit", text: label }),
    input,
  ]);
  return { input, box };
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
