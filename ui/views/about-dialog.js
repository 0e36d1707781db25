// @ts-check
import { strings } from "../strings.js";
import { buildDialog } from "./dialog.js";
import { element } from "./dom.js";

/**
 * @param {HTMLElement} root
 * @param {string} version
 * @returns {{ show: () => void }}
 */
export function mountAboutDialog(root, version) {
  const words = strings.about;
  const dialog = buildDialog(root, { id: "about-dialog", title: words.title }, [
    element("div", { class: "dialog-body about" }, [
      element("img", { src: "styles/icons/mark.svg", alt: "", width: 56, height: 56 }),
      element("p", { class: "about-name", text: strings.name }),
      element("p", { class: "note", text: words.version(version) }),
      element("p", { text: words.text }),
      element("p", { class: "note", text: words.licence }),
    ]),
  ]);
  return {
    show() {
      if (!dialog.open) dialog.showModal();
    },
  };
}
