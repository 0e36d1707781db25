// @ts-check
import { budgetOf, gigabytesOf, preferencesChanged } from "../state/preferences.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";
import { mountSlider } from "./fields.js";

/** A sentence that changes ten times a second cannot be read. */
const TELL_MS = 1000;

/**
 * How much memory models and pictures may take, with what there is and what is needed.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {import("../effects/gauges.js").Gauges} gauges
 * @param {() => void} openSettings
 */
export function mountBudgetControls(root, store, gauges, openSettings) {
  const words = strings.budget;
  const section = element("section", { id: "budget", class: "budget", "aria-label": words.title });
  const button = element("button", { type: "button", id: "open-settings", class: "button-plain", text: words.settings, on: { click: openSettings } });
  root.append(section, button);
  /** @type {Map<string, (look: import("../state/gauges.js").Look) => void>} */
  const told = new Map();
  let last = -Infinity;

  gauges.observe((looks) => {
    const look = looks[looks.length - 1];
    if (look.memory && !told.has("memory")) build("memory", "memoryBudget", look.memory.total, memoryOf);
    if (look.cards[0]?.memory && !told.has("card")) build("card", "graphicsBudget", look.cards[0].memory.total, cardMemoryOf);
    if (look.at - last < TELL_MS && look.at >= last) return;
    last = look.at;
    for (const tell of told.values()) tell(look);
  });
  store.observe((state) => state.forecast, () => (last = -Infinity));
  store.observe((state) => state.preferences, () => (last = -Infinity));

  function build(id, name, total, othersOf) {
    const most = gigabytesOf(total);
    const box = mountSlider(section, {
      id: `budget-${id}`,
      words: words[id],
      range: { min: 0, max: most, step: 0.1 },
      number: { min: 0.1, max: most, step: 0.1 },
      select: (state) => (state.preferences[name] === null ? most : gigabytesOf(state.preferences[name])),
      change: (gigabytes) => preferencesChanged({ [name]: budgetOf(gigabytes, total) }),
      store,
    });
    const note = element("p", { id: `budget-${id}-note`, class: "note" });
    box.append(note);
    told.set(id, (look) => {
      const { preferences, forecast } = store.getState();
      const foreseen = forecast && forecast.onCard === (id === "card") ? forecast.needs : null;
      const text = words.note({ total, budget: preferences[name], others: othersOf(look), needs: foreseen });
      if (note.textContent !== text) note.textContent = text;
    });
  }
}

/** What other programs have of the memory. @param {import("../state/gauges.js").Look} look */
const memoryOf = ({ memory, ours }) => (memory ? Math.max(0, memory.used - (ours?.anonymous ?? 0)) : null);

/** @param {import("../state/gauges.js").Look} look */
function cardMemoryOf({ cards: [card] }) {
  const memory = card?.memory;
  return memory && memory.ours !== null ? Math.max(0, memory.used - memory.ours) : null;
}
