// @ts-check
import { taskShown } from "../state/actions.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";

/** @typedef {import("../state/reducer.js").State["task"]} Task */

/** @type {Task[]} */
const TASKS = ["new", "edit", "repaint", "extend", "split"];
const panelOf = (task) => (task === "split" ? "split" : "make");

/**
 * The panel at the left: tabs for the ways to make pictures, which share their fields, and one for
 * separating pictures into layers.
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
    "aria-controls": panelOf(task),
    text: words[task],
    on: { click: () => store.dispatch(taskShown(task)) },
  }));
  const make = element("div", { id: "make", class: "task", role: "tabpanel" });
  const split = element("div", { id: "split", class: "task", role: "tabpanel", "aria-labelledby": "tab-split" });
  const list = element("div", { class: "task-tabs", role: "tablist", "aria-label": words.label }, tabs);
  root.append(list, make, split);

  list.addEventListener("keydown", (event) => {
    const at = TASKS.indexOf(store.getState().task);
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: TASKS.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const index = (next + TASKS.length) % TASKS.length;
    store.dispatch(taskShown(TASKS[index]));
    tabs[index].focus();
  });
  store.observe((state) => state.task, (shown) => {
    TASKS.forEach((task, index) => {
      tabs[index].setAttribute("aria-selected", String(task === shown));
      tabs[index].tabIndex = task === shown ? 0 : -1;
    });
    make.hidden = shown === "split";
    split.hidden = shown !== "split";
    if (shown !== "split") make.setAttribute("aria-labelledby", `tab-${shown}`);
  });
  return { make, split };
}
