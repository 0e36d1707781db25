// @ts-check
import { keysOf, labelOf, whyNot } from "../effects/action-words.js";
import { element } from "./dom.js";

/**
 * A menu of actions at a place in the window.
 * @param {object} menu
 * @param {string} menu.label
 * @param {(string | null)[]} menu.names null is a line
 * @param {{ x: number, y: number }} menu.at
 * @param {HTMLElement} menu.from has the keyboard again when the menu is closed
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 */
export function showActionMenu({ label, names, at, from }, store, run) {
  document.querySelector(".action-menu")?.remove();
  const state = store.getState();
  const items = names.map((name) => (name === null ? element("hr", { class: "action-line" }) : item(name)));
  const menu = element("div", { class: "action-menu", role: "menu", "aria-label": label, tabindex: -1 }, items);
  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(at.x, innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(at.y, innerHeight - height - 4))}px`;
  const buttons = /** @type {HTMLButtonElement[]} */ ([...menu.querySelectorAll("button")]);
  buttons[0]?.focus();

  const controller = new AbortController();
  const { signal } = controller;
  function close(returns) {
    controller.abort();
    menu.remove();
    if (returns) from.focus();
  }
  menu.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const index = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const to = { ArrowDown: index + 1, ArrowUp: index - 1 + buttons.length, Home: 0, End: buttons.length - 1 }[event.key];
    if (to !== undefined) buttons[to % buttons.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else if (event.key.length === 1 && !event.ctrlKey && event.key !== " ") typed(event.key, index);
    else return;
    event.preventDefault();
  });
  const outside = (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close(false);
  };
  document.addEventListener("pointerdown", outside, { capture: true, signal });
  window.addEventListener("blur", () => close(false), { signal });
  window.addEventListener("resize", () => close(false), { signal });

  function item(name) {
    const keys = keysOf(name);
    const blocked = whyNot(name, state);
    return element("button", {
      type: "button",
      class: "action-item",
      role: "menuitem",
      "data-action": name,
      "aria-disabled": String(blocked !== null),
      title: blocked,
      tabindex: -1,
      on: {
        click: () => {
          if (blocked !== null) return;
          close(true);
          run(name);
        },
      },
    }, [element("span", { text: labelOf(name) }), ...(keys ? [element("kbd", { text: keys })] : [])]);
  }

  function typed(letter, from) {
    const starts = (button) => button.textContent?.toLowerCase().startsWith(letter.toLowerCase());
    const next = [...buttons.slice(from + 1), ...buttons.slice(0, from + 1)].find(starts);
    next?.focus();
  }
}
