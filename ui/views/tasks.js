// @ts-check
import { taskShown } from "../state/actions.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";

/** @type {("make" | "split")[]} */
const TASKS = ["make", "split"];

/**
 * The panel at the left: one tab for making pictures, one for separating them into layers.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @returns {Record<"make" | "split", HTMLElement>} the two panels
 */
export function mountTasks(root, store) {
  const words = strings.tasks;
  const tabs = TASKS.map((task) => element("button", {
    type: "button",
    id: `tab-${task}`,
    class: "task-tab",
    role: "tab",
    "aria-controls": task,
    text: words[task],
    on: { click: () => store.dispatch(taskShown(task)) },
  }));
  const panels = TASKS.map((task) =>
    element("div", { id: task, class: "task", role: "tabpanel", "aria-labelledby": `tab-${task}` }));
  const list = element("div", { class: "task-tabs", role: "tablist", "aria-label": words.label }, tabs);
  root.append(list, ...panels);

  list.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = (TASKS.indexOf(store.getState().task) + by + TASKS.length) % TASKS.length;
    store.dispatch(taskShown(TASKS[next]));
    tabs[next].focus();
  });
  store.observe((state) => state.task, (shown) => {
    TASKS.forEach((task, index) => {
      tabs[index].setAttribute("aria-selected", String(task === shown));
      tabs[index].tabIndex = task === shown ? 0 : -1;
      panels[index].hidden = task !== shown;
    });
  });
  return { make: panels[0], split: panels[1] };
}
