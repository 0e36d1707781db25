// @ts-check
import { tipOf } from "../effects/action-words.js";
import { toHex } from "../state/colour.js";
import { TOOLS } from "../state/tools.js";
import { strings } from "../strings.js";
import { element, iconButton, setLabel } from "./dom.js";
import { radioOption } from "./option-fields.js";

/**
 * The tools, and the two colours.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {object} parts
 * @param {(name: string) => void} parts.run
 * @param {(which: "colour" | "otherColour", beside: HTMLElement) => void} parts.showColour
 * @param {() => void} parts.focusCanvas
 */
export function mountToolbox(root, store, { run, showColour, focusCanvas }) {
  const words = strings.tools;
  root.append(radioOption({
    label: words.toolbox,
    className: "toolbox-tools",
    options: TOOLS.map((name) => ({ value: name, label: words.names[name], icon: `tool-${name}`, title: tipOf(`tool.${name}`) })),
    store,
    select: (state) => state.tool.active,
    change: (name) => run(`tool.${name}`),
    // The next thing that a hand does is on the canvas, and keys belong there too.
    pressed: focusCanvas,
  }));
  root.querySelector("[role=radiogroup]")?.setAttribute("aria-orientation", "vertical");

  const swatch = (which, className) => {
    const button = element("button", { type: "button", class: `swatch ${className}`, id: which === "colour" ? "colour" : "other-colour", "aria-haspopup": "dialog" });
    button.addEventListener("click", () => showColour(which, button));
    store.observe((state) => state.tool[which], (colour) => {
      button.style.setProperty("--swatch", toHex(colour));
      setLabel(button, (which === "colour" ? words.colour.front : words.colour.back)(toHex(colour)));
    });
    return button;
  };
  const small = (picture, name) => {
    const button = iconButton(picture, tipOf(name), () => run(name));
    button.dataset.command = name;
    return button;
  };
  root.append(element("div", { class: "toolbox-colours" }, [
    element("div", { class: "swatches" }, [swatch("colour", "swatch-front"), swatch("otherColour", "swatch-back")]),
    element("div", { class: "small-buttons" }, [small("swap", "tool.swap-colours"), small("reset-colours", "tool.default-colours")]),
  ]));
}
