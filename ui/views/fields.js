// @ts-check
import { shuffledSeed } from "../state/form.js";
import { modelsFor } from "../state/models.js";
import { strings } from "../strings.js";
import { element, iconButton, setLabel } from "./dom.js";

/**
 * Fields that several panels have, each connected to its part of the state.
 * @typedef {import("../effects/generate.js").Store} Store
 * @typedef {import("../state/reducer.js").State} State
 * @typedef {import("../state/actions.js").Action} Action
 */

/**
 * A label and what it labels.
 * @param {string} id
 * @param {string} label
 * @param {(Node | string)[]} children
 */
export function field(id, label, children) {
  return element("div", { class: "field" }, [
    element("label", { class: "field-label", for: id, text: label }),
    ...children,
  ]);
}

/**
 * A slider with a number beside it.
 * @param {HTMLElement} section
 * @param {object} parts
 * @param {string} parts.id
 * @param {{ label: string, hint: string }} parts.words
 * @param {{ min: number, max: number, step: number }} parts.range
 * @param {{ min: number, max: number, step: number }} parts.number
 * @param {(state: State) => number} parts.select
 * @param {(value: number) => Action} parts.change
 * @param {Store} parts.store
 */
export function mountSlider(section, { id, words, range, number, select, change, store }) {
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

/**
 * The seed, with buttons for another one and for keeping it.
 * @param {HTMLElement} section
 * @param {object} parts
 * @param {string} parts.id
 * @param {{ locked: string, unlocked: string }} parts.notes
 * @param {(state: State) => { seed: number, seedLocked: boolean }} parts.select
 * @param {(seed: number) => Action} parts.typed
 * @param {(seed: number) => Action} parts.shuffled
 * @param {(locked: boolean) => Action} parts.lockChanged
 * @param {Store} parts.store
 * @param {() => number} parts.random
 */
export function mountSeed(section, { id, notes, select, typed, shuffled, lockChanged, store, random }) {
  const words = strings.seed;
  const input = element("input", {
    id,
    class: "input input-number",
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    "aria-describedby": `${id}-note`,
  });
  const shuffle = iconButton("shuffle", words.shuffle,
    () => store.dispatch(shuffled(shuffledSeed(random))), { id: `shuffle-${id}` });
  const lock = iconButton("unlock", words.lock,
    () => store.dispatch(lockChanged(!select(store.getState()).seedLocked)),
    { id: `lock-${id}`, class: "button-icon lock-seed" });
  const note = element("p", { id: `${id}-note`, class: "note" });
  section.append(field(id, words.label, [
    element("div", { class: "seed-row" }, [input, shuffle, lock]),
    note,
  ]));

  connectNumber(input, store, (state) => select(state).seed, typed);
  store.observe((state) => select(state).seedLocked, (locked) => {
    lock.setAttribute("aria-pressed", String(locked));
    lock.firstElementChild?.setAttribute("class", `icon icon-${locked ? "lock" : "unlock"}`);
    setLabel(lock, words.lock);
    note.textContent = locked ? notes.locked : notes.unlocked;
  });
}

/**
 * The models that can do a task.
 * @param {HTMLElement} section
 * @param {object} parts
 * @param {string} parts.id
 * @param {"generate" | "decompose"} parts.task
 * @param {string} parts.none what to do when there is none
 * @param {(state: State) => string | null} parts.select the id of the chosen one
 * @param {(model: import("../state/models.js").Model) => Action} parts.chosen
 * @param {Store} parts.store
 */
export function mountModel(section, { id, task, none, select: selectId, chosen, store }) {
  const words = strings.model;
  const select = element("select", { id, class: "select", "aria-describedby": `${id}-note` });
  const note = element("p", { id: `${id}-note`, class: "note" });
  section.append(field(id, words.label, [element("div", { class: "select-box" }, [select]), note]));
  const models = () => modelsFor(store.getState().models.list, task);
  const current = () => models().find((model) => model.id === selectId(store.getState()));

  select.addEventListener("change", () => {
    const model = models().find((other) => other.id === select.value);
    if (model) store.dispatch(chosen(model));
  });
  store.observe((state) => state.models, () => {
    const options = models().map((model) => element("option", {
      value: model.id,
      text: model.ready ? model.name : words.unavailable(model.name),
    }));
    const unchosen = element("option", { value: "", text: words.choose });
    select.replaceChildren(...(current() ? [] : [unchosen]), ...options);
    select.disabled = options.length === 0;
    show();
  });
  store.observe(selectId, show);

  function show() {
    const { status, message } = store.getState().models;
    const model = current();
    select.value = model?.id ?? "";
    note.classList.toggle("is-problem", status === "failed" || (status === "loaded" && !model?.ready));
    if (status === "loading") note.textContent = words.loading;
    else if (status === "failed") note.textContent = message;
    else if (models().length === 0) note.textContent = none;
    else if (!model) note.textContent = words.noneReady;
    else if (!model.ready) note.textContent = words.notReady(model.missing);
    else note.textContent = model.note || (model.isStarter ? words.starterNote : "");
  }
}

/**
 * The state follows every key; the field shows the corrected number when it is left.
 * @param {HTMLInputElement} input
 * @param {Store} store
 * @param {(state: State) => number} select
 * @param {(value: number) => Action} change
 */
export function connectNumber(input, store, select, change) {
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
