// @ts-check
import { strings } from "../strings.js";
import { element } from "./dom.js";

/** @typedef {"layers" | "history"} Side */

/**
 * The panel at the right: one tab for the layers, one for the steps.
 * @param {HTMLElement} root
 * @param {(side: Side) => void} onShow
 * @returns {Record<Side, HTMLElement> & { show: (side: Side) => void }}
 */
export function mountSidePanels(root, onShow) {
  /** @type {Side[]} */
  const names = ["layers", "history"];
  const titles = { layers: strings.layers.title, history: strings.history.title };
  const tabs = names.map((name) => element("button", {
    type: "button", id: `side-${name}`, class: "task-tab", role: "tab", "aria-controls": `${name}-panel`, text: titles[name], on: { click: () => show(name) },
  }));
  const panels = names.map((name) => element("div", {
    id: `${name}-panel`, class: "side-panel", role: "tabpanel", "aria-labelledby": `side-${name}`,
  }));
  root.setAttribute("aria-label", strings.layers.title);
  const list = element("div", { class: "task-tabs", role: "tablist", "aria-label": strings.layers.title }, tabs);
  root.append(list, ...panels);
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const next = 1 - tabs.findIndex((tab) => tab === document.activeElement);
    show(names[next]);
    tabs[next].focus();
  });

  /** @param {Side} side */
  function show(side) {
    names.forEach((name, index) => {
      tabs[index].setAttribute("aria-selected", String(name === side));
      tabs[index].tabIndex = name === side ? 0 : -1;
      panels[index].hidden = name !== side;
    });
    onShow(side);
  }
  return { layers: panels[0], history: panels[1], show };
}
