// @ts-check
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

const LIMITS = { min: 1, max: 500, step: 1 };

/**
 * Asks by how many pixels the selection is to change.
 * @param {HTMLElement} root
 * @returns {{ ask: (kind: import("../effects/selecting.js").Change) => Promise<number | null> }}
 */
export function mountAmountDialog(root) {
  const title = element("h2", { id: "amount-title" });
  const label = element("label", { class: "field-label", for: "amount" });
  const input = element("input", { id: "amount", type: "number", class: "input input-number", required: true, ...LIMITS });
  const done = element("button", { id: "amount-done", type: "submit", class: "button-primary" });
  const form = element("form", { class: "amount-form", method: "dialog" }, [
    element("div", { class: "field" }, [label, element("div", { class: "option" }, [input, element("span", { class: "option-unit", text: strings.tools.pixels })])]),
    element("div", { class: "dialog-buttons" }, [
      element("button", { type: "button", class: "button-plain", text: strings.tools.canvasSize.cancel, on: { click: () => dialog.close() } }),
      done,
    ]),
  ]);
  const dialog = root.appendChild(element("dialog", { id: "amount-dialog", class: "dialog dialog-narrow", "aria-labelledby": "amount-title" }, [
    element("div", { class: "dialog-head" }, [title, iconButton("close", strings.tools.canvasSize.close, () => dialog.close())]),
    form,
  ]));
  /** @type {((by: number | null) => void) | null} */
  let answer = null;
  /** @type {Record<string, number>} the last one of each kind */
  const last = { grow: 4, shrink: 4, feather: 8, border: 4 };
  let kind = "grow";

  form.addEventListener("submit", () => {
    last[kind] = Math.min(LIMITS.max, Math.max(LIMITS.min, Math.round(Number(input.value))));
    answer?.(last[kind]);
    answer = null;
  });
  dialog.addEventListener("close", () => {
    answer?.(null);
    answer = null;
  });

  return {
    ask(asked) {
      kind = asked;
      const words = strings.tools.amounts[asked];
      title.textContent = words.title;
      label.textContent = words.label;
      done.textContent = words.done;
      input.value = String(last[asked]);
      if (!dialog.open) dialog.showModal();
      input.select();
      return new Promise((resolve) => (answer = resolve));
    },
  };
}
