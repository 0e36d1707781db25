// @ts-check
import { keyText, labelOf } from "../effects/action-words.js";
import { ACTIONS } from "../state/action-table.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

/**
 * The list of keys, made of the table of actions; gestures and keys inside lists come from the words.
 * @param {HTMLElement} root
 * @param {(name: string) => boolean} isThere
 * @returns {{ show: () => void }}
 */
export function mountShortcutsDialog(root, isThere) {
  const words = strings.shortcuts;
  const groups = element("div", { class: "shortcut-groups" });
  const dialog = root.appendChild(element("dialog", { id: "shortcuts-dialog", class: "dialog dialog-wide", "aria-labelledby": "shortcuts-title" }, [
    element("div", { class: "dialog-head" }, [
      element("h2", { id: "shortcuts-title", text: words.title }),
      iconButton("close", words.close, () => dialog.close()),
    ]),
    groups,
  ]));
  dialog.addEventListener("click", (event) => {
    // A click beside the dialog lands on the dialog element itself.
    if (event.target === dialog) dialog.close();
  });

  function fill() {
    const menus = Object.entries(strings.menus).map(([menu, title]) => ({
      title,
      keys: ACTIONS
        .filter((action) => action.menu === menu && action.keys.length > 0 && isThere(action.name))
        .map(({ name, keys }) => [keys.slice(0, 2).map(keyText).join(" / "), labelOf(name)]),
    }));
    const sections = [...menus, ...words.groups].filter(({ keys }) => keys.length > 0);
    groups.replaceChildren(...sections.map(({ title, keys }) =>
      element("section", {}, [
        element("h3", { text: title }),
        element("dl", { class: "shortcut-list" }, keys.flatMap(([key, meaning]) => [
          element("dt", {}, [element("kbd", { text: key })]),
          element("dd", { text: meaning }),
        ])),
      ])));
  }

  return {
    show() {
      if (dialog.open) return;
      fill();
      dialog.showModal();
    },
  };
}
