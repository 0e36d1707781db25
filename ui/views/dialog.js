// @ts-check
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

/**
 * A dialog with a title and a button that closes it; a click beside it closes it as well.
 * @param {HTMLElement} root
 * @param {{ id: string, title: string, kind?: string }} about
 * @param {Node[]} children
 */
export function buildDialog(root, { id, title, kind = "dialog-narrow" }, children) {
  const dialog = root.appendChild(element("dialog", { id, class: `dialog ${kind}`, "aria-labelledby": `${id}-title` }, [
    element("div", { class: "dialog-head" }, [
      element("h2", { id: `${id}-title`, text: title }),
      iconButton("close", strings.dialogs.close, () => dialog.close()),
    ]),
    ...children,
  ]));
  // A click beside the dialog lands on the dialog element itself; one that began inside is a slip.
  let began = false;
  dialog.addEventListener("pointerdown", (event) => (began = event.target === dialog));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && began) dialog.close();
  });
  return dialog;
}

/**
 * The row of buttons at a dialog's end.
 * @param {Node[]} buttons the usual one last
 */
export const dialogEnd = (buttons) => element("div", { class: "dialog-end" }, buttons);
