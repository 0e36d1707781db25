// @ts-check
import { strings } from "../strings.js";
import { buildDialog, dialogEnd } from "./dialog.js";
import { element } from "./dom.js";

/**
 * Says, the first time, where the window goes when it is closed.
 * @param {HTMLElement} root
 * @param {{ hide: () => void, quit: () => void }} choices
 * @returns {{ show: () => void }}
 */
export function mountTrayDialog(root, { hide, quit }) {
  const words = strings.tray;
  const button = (id, kind, text, work) => element("button", {
    type: "button", id: `tray-${id}`, class: kind, text,
    on: {
      click: () => {
        dialog.close();
        work();
      },
    },
  });
  const stay = button("hide", "button-plain is-chosen", words.hide, hide);
  const dialog = buildDialog(root, { id: "tray-dialog", title: words.title }, [
    element("div", { class: "dialog-body" }, [
      element("p", { text: words.text }),
      element("p", { class: "note", text: words.note }),
      dialogEnd([button("quit", "button-plain", words.quit, quit), stay]),
    ]),
  ]);
  return {
    show() {
      if (dialog.open) return;
      dialog.showModal();
      stay.focus();
    },
  };
}
