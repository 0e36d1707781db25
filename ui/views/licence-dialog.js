// @ts-check
import { openLicences } from "../state/library.js";
import { strings } from "../strings.js";
import { buildDialog, dialogEnd } from "./dialog.js";
import { element } from "./dom.js";

/**
 * Shows the terms of a model before a byte of it is asked for.
 * @param {HTMLElement} root
 * @param {(id: string, accepted: string[]) => void} get
 * @returns {{ ask: (entry: import("../state/library.js").Entry) => void }}
 */
export function mountLicenceDialog(root, get) {
  const words = strings.library.licence;
  const terms = element("div", { class: "licence-terms" });
  const gated = element("div", { class: "licence-gated" });
  const agree = element("input", { id: "licence-agree", type: "checkbox" });
  const accept = element("button", { type: "submit", id: "licence-get", class: "button-plain is-chosen", text: words.get });
  const form = element("form", { class: "dialog-body", method: "dialog" }, [
    element("p", { text: words.intro }),
    terms,
    gated,
    element("label", { class: "choice" }, [agree, element("span", { text: words.agree })]),
    dialogEnd([
      element("button", { type: "button", class: "button-plain", text: strings.dialogs.cancel, on: { click: () => dialog.close() } }),
      accept,
    ]),
  ]);
  const dialog = buildDialog(root, { id: "licence-dialog", title: "" }, [form]);
  const title = /** @type {HTMLElement} */ (dialog.querySelector("#licence-dialog-title"));
  /** @type {import("../state/library.js").Entry | null} */
  let asked = null;

  const check = () => accept.setAttribute("aria-disabled", String(!agree.checked));
  agree.addEventListener("change", check);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!agree.checked || !asked) return agree.focus();
    dialog.close();
    get(asked.id, openLicences(asked).map(({ id }) => id));
  });

  return {
    ask(entry) {
      asked = entry;
      title.textContent = words.title(entry.name);
      terms.replaceChildren(...openLicences(entry).map(licenceText));
      const { offer } = entry;
      gated.replaceChildren(...(offer?.gated ? [element("p", { text: words.gated }), address(offer.page)] : []));
      agree.checked = false;
      check();
      if (!dialog.open) dialog.showModal();
    },
  };
}

function licenceText({ name, summary, url }) {
  return element("section", { class: "licence" }, [
    element("h3", { class: "model-name", text: name }),
    element("p", { text: summary }),
    element("p", { class: "note", text: strings.library.licence.text }),
    address(url),
  ]);
}

/** The page opens no other pages: an address is there to be copied. */
const address = (url) => element("p", { class: "licence-address", text: url });
