// @ts-check
import { colourOf, NEW_SIZES, newSize, presetOf, SIDE, sideOf, USUAL } from "../state/new-document.js";
import { size, strings } from "../strings.js";
import { buildDialog, dialogEnd } from "./dialog.js";
import { element, iconButton } from "./dom.js";
import { field } from "./fields.js";

const BACKGROUNDS = { transparent: null, white: [255, 255, 255], black: [0, 0, 0] };

/**
 * Asks for a new document's name, size and background.
 * @param {HTMLElement} root
 * @param {(asked: { name: string, width: number, height: number, background: [number, number, number] | null }) => void} create
 * @returns {{ show: () => void }}
 */
export function mountNewDocumentDialog(root, create) {
  const words = strings.newDocument;
  const usual = /** @type {{ width: number, height: number }} */ (newSize(USUAL));
  const name = element("input", { id: "new-name", class: "input", type: "text", value: strings.untitled, autocomplete: "off", spellcheck: "false" });
  const preset = element("select", { id: "new-preset", class: "select" }, [
    ...NEW_SIZES.map((group) => element("optgroup", { label: words.groups[group.id] }, group.sizes.map(({ id, width, height }) =>
      element("option", { value: id, text: words.size(words.sizes[id], size(width, height)) })))),
    element("option", { value: "", text: words.custom }),
  ]);
  preset.value = USUAL;
  const width = side("new-width", words.width, usual.width);
  const height = side("new-height", words.height, usual.height);
  const swap = iconButton("swap", words.swap, () => {
    [width.value, height.value] = [height.value, width.value];
    shown();
  });
  const colour = element("input", { id: "new-colour", class: "colour-field", type: "color", value: "#808080", "aria-label": words.colour });
  const backgrounds = [...Object.keys(BACKGROUNDS), "colour"].map((id) => element("label", { class: "choice" }, [
    element("input", { type: "radio", name: "new-background", value: id, checked: id === "transparent" }),
    element("span", { class: `choice-swatch is-${id}`, "aria-hidden": "true" }),
    element("span", { text: words.backgrounds[id] }),
  ]));
  const problem = element("p", { id: "new-problem", class: "note is-problem", role: "alert" });
  const form = element("form", { class: "dialog-body", novalidate: true, method: "dialog" }, [
    field("new-name", words.name, [name]),
    field("new-preset", words.preset, [element("div", { class: "select-box" }, [preset])]),
    element("div", { class: "size-row" }, [field("new-width", words.width, [width]), swap, field("new-height", words.height, [height])]),
    element("fieldset", { class: "choices" }, [
      element("legend", { class: "field-label", text: words.background }),
      element("div", { class: "choice-row" }, [...backgrounds, colour]),
    ]),
    problem,
    dialogEnd([
      element("button", { type: "button", class: "button-plain", text: strings.dialogs.cancel, on: { click: () => dialog.close() } }),
      element("button", { id: "new-create", type: "submit", class: "button-plain is-chosen", text: words.create }),
    ]),
  ]);
  const dialog = buildDialog(root, { id: "new-dialog", title: words.title }, [form]);

  preset.addEventListener("change", () => {
    const chosen = newSize(preset.value);
    if (!chosen) return width.select();
    width.value = String(chosen.width);
    height.value = String(chosen.height);
    shown();
  });
  for (const input of [width, height]) input.addEventListener("input", shown);
  colour.addEventListener("input", () => {
    const own = /** @type {HTMLInputElement} */ (form.querySelector("[value=colour]"));
    own.checked = true;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = { width: sideOf(width.value), height: sideOf(height.value) };
    if (wanted.width === null || wanted.height === null) {
      problem.textContent = words.wrongSide(SIDE.max);
      (wanted.width === null ? width : height).focus();
      return;
    }
    dialog.close();
    create({ name: name.value.trim() || strings.untitled, width: wanted.width, height: wanted.height, background: background() });
  });

  function shown() {
    preset.value = presetOf(Number(width.value), Number(height.value), preset.value);
    const fits = [width, height].every((input) => sideOf(input.value) !== null);
    for (const input of [width, height]) input.setAttribute("aria-invalid", String(sideOf(input.value) === null));
    if (fits) problem.textContent = "";
  }

  function background() {
    const chosen = /** @type {HTMLInputElement} */ (form.querySelector("[name=new-background]:checked")).value;
    return chosen === "colour" ? colourOf(colour.value) : /** @type {any} */ (BACKGROUNDS[chosen]);
  }

  return {
    show() {
      if (dialog.open) return;
      name.value = strings.untitled;
      shown();
      dialog.showModal();
      name.select();
    },
  };
}

function side(id, label, value) {
  return element("input", {
    id, class: "input input-number", type: "number", inputmode: "numeric", min: SIDE.min, max: SIDE.max, step: 1, value, "aria-describedby": "new-problem",
  });
}
