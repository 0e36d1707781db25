// @ts-check
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

/**
 * @param {HTMLElement} root
 * @returns {{ show: () => void }}
 */
export function mountShortcutsDialog(root) {
  const words = strings.shortcuts;
  const dialog = root.appendChild(element("dialog", { id: "shortcuts-dialog", class: "dialog", "aria-labelledby": "shortcuts-title" }, [
    element("div", { class: "dialog-head" }, [
      element("h2", { id: "shortcuts-title", text: words.title }),
      iconButton("close", words.close, () => dialog.close()),
    ]),
    element("div", { class: "shortcut-groups" }, words.groups.map(({ title, keys }) =>
      element("section", {}, [
        element("h3", { text: title }),
        element("dl", { class: "shortcut-list" }, keys.flatMap(([key, meaning]) => [
          element("dt", {}, [element("kbd", { text: key })]),
          element("dd", { text: meaning }),
        ])),
      ]))),
  ]));
  dialog.addEventListener("click", (event) => {
    // A click beside the dialog lands on the dialog element itself.
    if (event.target === dialog) dialog.close();
  });
  return {
    show() {
      if (!dialog.open) dialog.showModal();
    },
  };
}
