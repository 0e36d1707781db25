// @ts-check
import { element, iconButton } from "./dom.js";

/**
 * The small fields of the options bar.
 * @typedef {import("../effects/generate.js").Store} Store
 * @typedef {import("../state/reducer.js").State} State
 */

/**
 * A number with its unit.
 * @param {object} parts
 * @param {string} parts.id
 * @param {string} parts.label
 * @param {string} [parts.hint] where the label is short
 * @param {string} parts.unit
 * @param {Record<string, any>} parts.limits min, max, step
 * @param {Store} parts.store
 * @param {(state: State) => number | null} parts.select null when there is no number
 * @param {(value: number) => void} parts.change
 * @param {boolean} [parts.late] only when the number is written to its end
 */
export function numberOption({ id, label, hint, unit, limits, store, select, change, late = false }) {
  const input = element("input", { id, type: "number", class: "input input-number", title: hint, "aria-label": hint, ...limits });
  const show = (value) => {
    input.value = value === null ? "" : String(value);
    input.disabled = value === null;
  };
  const write = () => {
    const value = Number(input.value);
    if (input.value.trim() !== "" && Number.isFinite(value)) change(value);
  };
  if (!late) input.addEventListener("input", write);
  input.addEventListener("change", () => {
    write();
    show(select(store.getState()));
  });
  store.observe(select, (value) => {
    if (document.activeElement !== input || late) show(value);
  });
  const box = element("span", { class: "option-box" }, [input, element("span", { class: "option-unit", "aria-hidden": "true", text: unit })]);
  return element("label", { class: "option", title: hint }, [label, box]);
}

/**
 * A slider and a number for the same.
 * @param {Parameters<typeof numberOption>[0] & { range: { min: number, max: number, step: number }, toRange?: (value: number) => number, fromRange?: (value: number) => number }} parts
 */
export function sliderOption({ range, toRange = (value) => value, fromRange = (value) => value, ...parts }) {
  const { store, select, change, label } = parts;
  const slider = element("input", { type: "range", class: "slider", "aria-label": label, tabindex: "-1", ...range });
  slider.addEventListener("input", () => change(fromRange(Number(slider.value))));
  store.observe(select, (value) => {
    slider.value = String(toRange(value ?? range.min));
    slider.style.setProperty("--share", String((Number(slider.value) - range.min) / (range.max - range.min)));
  });
  const field = numberOption(parts);
  field.insertBefore(slider, field.querySelector(".option-box"));
  return field;
}

/**
 * @param {{ id: string, label: string, hint?: string, store: Store, select: (state: State) => boolean, change: (on: boolean) => void }} parts
 */
export function checkOption({ id, label, hint, store, select, change }) {
  const input = element("input", { id, type: "checkbox" });
  input.addEventListener("change", () => change(input.checked));
  store.observe(select, (on) => (input.checked = on));
  return element("label", { class: "option option-check", title: hint }, [input, label]);
}

/**
 * @param {{ id: string, label: string, bare?: boolean, options: [value: string, text: string][], store: Store, select: (state: State) => string, change: (value: string) => void }} parts
 */
export function choiceOption({ id, label, bare = false, options, store, select, change }) {
  const field = element("select", { id, class: "select", "aria-label": label, title: label }, options.map(([value, text]) => element("option", { value, text })));
  field.addEventListener("change", () => change(field.value));
  store.observe(select, (value) => (field.value = value));
  return element("label", { class: "option" }, [...(bare ? [] : [label]), element("span", { class: "select-box" }, [field])]);
}

/**
 * One of several; arrow keys go from one to the next.
 * @template {string} V
 * @param {object} parts
 * @param {string} parts.label
 * @param {string} parts.className
 * @param {{ value: V, label: string, icon?: string, title?: string }[]} parts.options
 * @param {Store} parts.store
 * @param {(state: State) => V} parts.select
 * @param {(value: V) => void} parts.change
 * @param {(event: MouseEvent) => void} [parts.pressed] by a pointer
 */
export function radioOption({ label, className, options, store, select, change, pressed = () => {} }) {
  const buttons = options.map(({ value, label: text, icon: picture, title }) => {
    const button = picture ? iconButton(picture, text, () => change(value)) : element("button", { type: "button", text, on: { click: () => change(value) } });
    if (title) button.title = title;
    button.setAttribute("role", "radio");
    button.dataset.value = value;
    button.addEventListener("click", (event) => event.detail > 0 && pressed(event));
    return button;
  });
  const group = element("div", { class: className, role: "radiogroup", "aria-label": label }, buttons);
  group.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const index = buttons.indexOf(/** @type {any} */ (event.target));
    if (!by || index < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const next = buttons[(index + by + buttons.length) % buttons.length];
    next.focus();
    change(/** @type {V} */ (next.dataset.value));
  });
  store.observe(select, (value) => {
    for (const button of buttons) {
      const on = button.dataset.value === value;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
    }
  });
  return group;
}

/**
 * A button that stays down.
 * @param {{ icon: string, label: string, store: Store, select: (state: State) => boolean, change: (on: boolean) => void }} parts
 */
export function toggleOption({ icon: name, label, store, select, change }) {
  const button = iconButton(name, label, () => change(!select(store.getState())));
  store.observe(select, (on) => button.setAttribute("aria-pressed", String(on)));
  return button;
}

/**
 * A button with a small panel below it, closed by Escape and by a press beside it.
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} panel
 */
export function popover(id, label, panel) {
  const button = element("button", { id, type: "button", class: "button-plain", "aria-expanded": "false", text: label });
  panel.hidden = true;
  panel.classList.add("popover");
  const place = element("div", { class: "popover-place" }, [button, panel]);
  const set = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    // Never beyond the window's left edge.
    panel.style.right = "0";
    const { left } = panel.getBoundingClientRect();
    if (left < 4) panel.style.right = `${left - 4}px`;
  };
  button.addEventListener("click", () => set(panel.hidden));
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    set(false);
    button.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!panel.hidden && !place.contains(/** @type {Node} */ (event.target))) set(false);
  });
  return { place, close: () => set(false) };
}

/** A button for a command, named by the table. @param {string} name @param {string} picture @param {string} label @param {(name: string) => void} run */
export function commandButton(name, picture, label, run) {
  const button = iconButton(picture, label, () => run(name));
  button.dataset.command = name;
  return button;
}

