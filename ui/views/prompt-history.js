// @ts-check
import { promptChanged } from "../state/actions.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

/**
 * Earlier prompts: the arrow keys at the edges of the text go through them, the button lists them.
 * @param {HTMLElement} head
 * @param {HTMLTextAreaElement} prompt
 * @param {import("../effects/generate.js").Store} store
 * @returns {{ step: (by: 1 | -1) => boolean }} whether there was one to go to; older is 1
 */
export function mountPromptHistory(head, prompt, store) {
  const words = strings.create;
  const list = element("div", { id: "prompt-history", class: "menu prompt-menu", role: "menu", "aria-label": words.promptHistory, hidden: true });
  const button = iconButton("history", words.promptHistory, toggle, {
    id: "prompt-history-button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": "prompt-history",
  });
  head.append(button, list);
  /** Where one is: -1 is what was written before going back. */
  let place = -1;
  let written = "";
  let shown = "";

  prompt.addEventListener("input", () => (place = -1));
  prompt.addEventListener("blur", () => (place = -1));

  function step(by) {
    const { prompts } = store.getState();
    const { value, selectionStart, selectionEnd } = prompt;
    if (selectionStart !== selectionEnd) return false;
    if (by === 1 ? value.lastIndexOf("\n", selectionStart - 1) !== -1 : value.indexOf("\n", selectionEnd) !== -1) return false;
    // In a long text the arrow keys first go to its edge.
    if (by === 1 ? selectionStart !== 0 && value !== shown : selectionEnd !== value.length) return false;
    if (place === -1) written = value;
    let next = place + by;
    while (prompts[next] === value) next += by;
    if (next < -1 || next >= prompts.length || (place === -1 && by === -1)) return false;
    place = next;
    show(place === -1 ? written : prompts[place]);
    return true;
  }

  function show(text) {
    const kept = place;
    shown = text;
    store.dispatch(promptChanged(text));
    place = kept;
    prompt.setSelectionRange(text.length, text.length);
  }

  function toggle() {
    if (list.hidden) open();
    else close();
  }

  function open() {
    const { prompts } = store.getState();
    list.replaceChildren(...(prompts.length === 0
      ? [element("p", { class: "note menu-note", text: words.noPrompts })]
      : prompts.map((text) => element("button", {
        type: "button", class: "menu-item", role: "menuitem", tabindex: "-1", text, title: text, on: { click: () => choose(text) },
      }))));
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */ (list.querySelector("button"))?.focus();
    document.addEventListener("pointerdown", outside, { capture: true });
  }

  function close() {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, { capture: true });
  }

  function choose(text) {
    close();
    store.dispatch(promptChanged(text));
    prompt.focus();
  }

  function outside(event) {
    if (!head.contains(event.target)) close();
  }

  list.addEventListener("keydown", (event) => {
    const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      items[(next + items.length) % items.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close();
      button.focus();
    }
  });
  return { step };
}
