// @ts-check
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

/**
 * The formats that a picture can be exported as, and what each is good for.
 * @param {HTMLElement} root
 * @param {(name: string) => void} run
 * @returns {{ show: () => void }}
 */
export function mountExportDialog(root, run) {
  const words = strings.exports;
  const dialog = root.appendChild(element("dialog", { id: "export-dialog", class: "dialog dialog-narrow", "aria-labelledby": "export-title" }, [
    element("div", { class: "dialog-head" }, [
      element("h2", { id: "export-title", text: words.title }),
      iconButton("close", words.close, () => dialog.close()),
    ]),
    element("ul", { class: "export-list" }, words.formats.map(({ format, name, text }) => element("li", {}, [
      element("button", { type: "button", class: "export-format", "data-format": format, on: { click: () => choose(format) } }, [
        element("span", { class: "export-name", text: name }),
        element("span", { class: "export-text", text }),
      ]),
    ]))),
  ]));
  dialog.addEventListener("click", (event) => {
    // A click beside the dialog lands on the dialog element itself.
    if (event.target === dialog) dialog.close();
  });

  function choose(format) {
    dialog.close();
    run(`file.export-${format}`);
  }

  return {
    show() {
      if (!dialog.open) dialog.showModal();
    },
  };
}
