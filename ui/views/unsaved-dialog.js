// @ts-check
import { strings } from "../strings.js";
import { buildDialog, dialogEnd } from "./dialog.js";
import { element } from "./dom.js";

/**
 * Asks what becomes of work that is not saved.
 * @param {HTMLElement} root
 * @returns {{ ask: (name: string, remaining: number) => Promise<"save" | "discard" | "cancel"> }}
 */
export function mountUnsavedDialog(root) {
  const words = strings.unsaved;
  const question = element("p", { id: "unsaved-question", class: "dialog-question" });
  const text = element("p", { class: "note" });
  /** @type {"save" | "discard" | "cancel"} */
  let answer = "cancel";
  const button = (id, label, kind) => element("button", {
    type: "button", id: `unsaved-${id}`, class: kind, text: label,
    on: {
      click: () => {
        answer = id;
        dialog.close();
      },
    },
  });
  const save = button("save", words.save, "button-plain is-chosen");
  const dialog = buildDialog(root, { id: "unsaved-dialog", title: words.title }, [
    element("div", { class: "dialog-body" }, [
      question,
      text,
      dialogEnd([button("discard", words.discard, "button-plain"), button("cancel", words.cancel, "button-plain"), save]),
    ]),
  ]);
  dialog.setAttribute("aria-describedby", "unsaved-question");

  return {
    ask(name, remaining) {
      question.textContent = words.question(name);
      text.textContent = remaining > 1 ? words.others(remaining - 1) : words.text;
      answer = "cancel";
      dialog.showModal();
      save.focus();
      return new Promise((done) => dialog.addEventListener("close", () => done(answer), { once: true }));
    },
  };
}
