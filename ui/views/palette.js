// @ts-check
import { keysOf, keyText, searchEntries, whyNot } from "../effects/action-words.js";
import { findActions } from "../state/action-search.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";

/** Rows that Page Up and Page Down go past. */
const PAGE_ROWS = 8;

/**
 * Finds and runs every action by words, with the keyboard alone.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {{ run: (name: string) => void, isThere: (name: string) => boolean, recent: () => string[] }} actions
 * @returns {{ show: () => void }}
 */
export function mountPalette(root, store, { run, isThere, recent }) {
  const words = strings.palette;
  const input = element("input", {
    id: "palette-input", class: "palette-input", type: "text", role: "combobox", "aria-expanded": "true", "aria-haspopup": "listbox",
    "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": words.title, placeholder: words.placeholder,
    autocomplete: "off", spellcheck: "false",
  });
  const list = element("ul", { id: "palette-list", class: "palette-list", role: "listbox", "aria-label": words.list });
  const count = element("p", { class: "sr-only", role: "status" });
  const none = element("p", { class: "palette-none", text: words.none, hidden: true });
  const dialog = root.appendChild(element("dialog", { id: "palette", class: "dialog palette", "aria-label": words.title }, [
    element("div", { class: "palette-head" }, [icon("search"), input]),
    list,
    none,
    count,
    element("p", { class: "palette-foot", "aria-hidden": "true" }, [
      ...hint("↑↓", words.move), ...hint("↵", words.run), ...hint(keyText("Escape"), words.close),
    ]),
  ]));
  const entries = searchEntries();
  /** @type {{ name: string, reason: string | null }[]} */
  let shown = [];
  let chosen = 0;

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    const to = {
      ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: Math.min(chosen + PAGE_ROWS, shown.length - 1),
      PageUp: Math.max(chosen - PAGE_ROWS, 0), Home: event.ctrlKey ? 0 : undefined, End: event.ctrlKey ? -1 : undefined,
    }[event.key];
    if (event.isComposing) return;
    if (to !== undefined) choose(to);
    else if (event.key === "Enter") perform(chosen);
    else if (event.key.toLowerCase() === "k" && event.ctrlKey) dialog.close();
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointermove", (event) => {
    const index = indexOf(event);
    if (index !== -1 && index !== chosen) choose(index, false);
  });
  // The text keeps the focus, or the keyboard would be lost.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => perform(indexOf(event)));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  function indexOf(event) {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    return option ? [...list.children].indexOf(option) : -1;
  }

  function search() {
    const state = store.getState();
    const usable = entries.filter(({ name }) => name !== "help.palette" && isThere(name));
    const found = findActions(usable, input.value, recent());
    shown = found.map(({ name }) => ({ name, reason: whyNot(name, state) }));
    list.replaceChildren(...found.map(({ name, label, menu }, index) => option(name, label, menu, shown[index].reason, index)));
    count.textContent = words.count(found.length);
    none.hidden = found.length > 0;
    list.hidden = found.length === 0;
    choose(0);
  }

  function option(name, label, menu, reason, index) {
    const keys = keysOf(name);
    return element("li", {
      id: `palette-option-${index}`, class: "palette-option", role: "option", "data-action": name,
      "aria-disabled": reason === null ? undefined : "true", "aria-selected": "false",
    }, [
      element("span", { class: "palette-words" }, [
        element("span", { class: "palette-label", text: label }),
        element("span", { class: "palette-menu", text: reason ?? menu }),
      ]),
      ...(keys ? [element("kbd", { text: keys })] : []),
    ]);
  }

  function choose(index, scroll = true) {
    const count = shown.length;
    list.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = count === 0 ? 0 : (index + count) % count;
    const node = list.children[chosen];
    node?.setAttribute("aria-selected", "true");
    if (node) input.setAttribute("aria-activedescendant", node.id);
    else input.removeAttribute("aria-activedescendant");
    if (scroll) node?.scrollIntoView({ block: "nearest" });
  }

  function perform(index) {
    const action = shown[index];
    if (!action || action.reason !== null) return;
    dialog.close();
    run(action.name);
  }

  return {
    show() {
      if (dialog.open || document.querySelector("dialog[open]")) return;
      input.value = "";
      dialog.showModal();
      search();
      input.focus();
    },
  };
}

function hint(key, text) {
  return [element("kbd", { text: key }), element("span", { text })];
}
