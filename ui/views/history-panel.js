// @ts-check
import { historyJumped } from "../state/actions.js";
import { historyBytes, stepsOf } from "../state/history.js";
import { historyLimit } from "../state/tabs.js";
import { memory, strings } from "../strings.js";
import { element } from "./dom.js";

/** Rows are made for so many steps around the present; the others are reached by going there. */
const SHOWN = 300;

/**
 * Every step of the document: what was done, where it is now, what may be redone.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 */
export function mountHistoryPanel(root, store) {
  const words = strings.history;
  const list = element("ol", { id: "history", class: "history", role: "listbox", "aria-label": words.list, tabindex: 0 });
  const used = element("p", { class: "note history-memory" });
  root.append(list, used);
  /** @type {HTMLElement[]} */
  let rows = [];
  let first = 0;

  const go = (index) => store.dispatch(historyJumped(index));
  list.addEventListener("click", (event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest("li");
    if (row) go(first + rows.indexOf(row));
  });
  list.addEventListener("keydown", (event) => {
    const { past, future } = store.getState().document;
    const to = { ArrowUp: past.length - 1, ArrowDown: past.length + 1, Home: 0, End: past.length + future.length }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    go(to);
  });

  const show = () => {
    if (root.hidden) return;
    const state = store.getState();
    const steps = stepsOf(state.document);
    const now = state.document.past.length;
    first = Math.max(0, Math.min(now - SHOWN / 2, steps.length - SHOWN));
    const shown = steps.slice(first, first + SHOWN);
    while (rows.length > shown.length) rows.pop()?.remove();
    while (rows.length < shown.length) {
      const row = element("li", { id: `step-${rows.length}`, class: "history-step", role: "option" });
      rows.push(list.appendChild(row));
    }
    shown.forEach(({ label }, index) => {
      const row = rows[index];
      const at = first + index;
      row.textContent = words.labels[label] ?? words.other;
      row.setAttribute("aria-selected", String(at === now));
      row.classList.toggle("is-undone", at > now);
      row.setAttribute("aria-posinset", String(at + 1));
      row.setAttribute("aria-setsize", String(steps.length));
    });
    const present = rows[now - first];
    list.setAttribute("aria-activedescendant", present?.id ?? "");
    present?.scrollIntoView({ block: "nearest" });
    used.textContent = words.memory(memory(historyBytes(state.document)), memory(historyLimit(state)));
  };
  store.observe((state) => state.document, show);
  return { show };
}
