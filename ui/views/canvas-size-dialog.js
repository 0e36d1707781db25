// @ts-check
import { anchoredRect } from "../state/canvas-size.js";
import { selectPicture } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

const LIMITS = { min: 1, max: 30_000, step: 1 };

/**
 * The size of the canvas, and where the picture stays in it.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {(rect: import("../state/document.js").Rect) => void} resize
 * @returns {{ show: () => void }}
 */
export function mountCanvasSizeDialog(root, store, resize) {
  const words = strings.tools.canvasSize;
  const side = (id, label) => {
    const input = element("input", { id, type: "number", class: "input input-number", required: true, ...LIMITS });
    return { input, field: element("div", { class: "field" }, [element("label", { class: "field-label", for: id, text: label }), input]) };
  };
  const width = side("canvas-width", words.width);
  const height = side("canvas-height", words.height);
  const now = element("p", { class: "note" });
  let anchor = 4;
  const anchors = words.anchors.map((label, index) => element("button", {
    type: "button", role: "radio", "aria-label": label, title: label, on: { click: () => choose(index) },
  }));
  const grid = element("div", { class: "anchor-grid", role: "radiogroup", "aria-label": words.anchor }, anchors);
  const form = element("form", { class: "amount-form", method: "dialog" }, [
    now,
    element("div", { class: "size-fields" }, [width.field, height.field, element("span", { class: "option-unit", text: strings.tools.pixels })]),
    element("div", { class: "field" }, [element("span", { class: "field-label", text: words.anchor }), grid]),
    element("div", { class: "dialog-buttons" }, [
      element("button", { type: "button", class: "button-plain", text: words.cancel, on: { click: () => dialog.close() } }),
      element("button", { id: "canvas-size-done", type: "submit", class: "button-primary", text: words.done }),
    ]),
  ]);
  const dialog = root.appendChild(element("dialog", { id: "canvas-size-dialog", class: "dialog dialog-narrow", "aria-labelledby": "canvas-size-title" }, [
    element("div", { class: "dialog-head" }, [
      element("h2", { id: "canvas-size-title", text: words.title }),
      iconButton("close", words.close, () => dialog.close()),
    ]),
    form,
  ]));

  function choose(index) {
    anchor = index;
    anchors.forEach((button, other) => {
      button.setAttribute("aria-checked", String(other === index));
      button.tabIndex = other === index ? 0 : -1;
    });
  }

  grid.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (dx === 0 && dy === 0) return;
    event.preventDefault();
    const column = Math.min(2, Math.max(0, (anchor % 3) + dx));
    const row = Math.min(2, Math.max(0, Math.floor(anchor / 3) + dy));
    choose(row * 3 + column);
    anchors[anchor].focus();
  });
  form.addEventListener("submit", () => {
    const size = { width: Math.round(Number(width.input.value)), height: Math.round(Number(height.input.value)) };
    resize(anchoredRect(selectPicture(store.getState()), size, anchor));
  });

  return {
    show() {
      const picture = selectPicture(store.getState());
      now.textContent = words.now(picture.width, picture.height);
      width.input.value = String(picture.width);
      height.input.value = String(picture.height);
      choose(4);
      if (!dialog.open) dialog.showModal();
      width.input.select();
    },
  };
}
