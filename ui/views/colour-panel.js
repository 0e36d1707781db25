// @ts-check
import { fromHex, toHex, toHsv, toRgb } from "../state/colour.js";
import { colourChosen, otherColourChosen } from "../state/tool-actions.js";
import { sameColour } from "../state/tools.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";

/**
 * Chooses a colour: a square for saturation and brightness, a hue, a hex code, and those used before.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @returns {{ show: (which: "colour" | "otherColour", beside: HTMLElement) => void }}
 */
export function mountColourPanel(root, store) {
  const words = strings.tools.colour;
  /** @type {"colour" | "otherColour"} */
  let which = "colour";
  let hsv = toHsv(store.getState().tool.colour);
  /** @type {HTMLElement | null} */
  let opener = null;

  const title = element("h2", { id: "colour-title" });
  const dot = element("span", { class: "colour-dot", "aria-hidden": "true" });
  const square = element("div", { id: "colour-square", class: "colour-square", role: "slider", tabindex: "0", "aria-label": words.square, "aria-valuemin": "0", "aria-valuemax": "100" }, [dot]);
  const hue = element("input", { id: "colour-hue", type: "range", class: "slider colour-hue", min: 0, max: 359, step: 1, "aria-label": words.hue });
  const hex = element("input", { id: "colour-hex", class: "input", type: "text", autocomplete: "off", spellcheck: "false", maxlength: "7" });
  const now = element("span", { class: "colour-now", "aria-hidden": "true" });
  const recent = element("div", { class: "colour-recent", role: "group", "aria-label": words.recent });
  const panel = root.appendChild(element("div", { id: "colour-panel", class: "colour-panel", role: "dialog", "aria-labelledby": "colour-title", hidden: true }, [
    element("div", { class: "colour-head" }, [title, iconButton("close", words.close, close)]),
    square,
    hue,
    element("div", { class: "colour-row" }, [element("label", { for: "colour-hex", class: "field-label", text: words.hex }), hex, now]),
    recent,
  ]));

  const chosen = () => store.getState().tool[which];

  function choose(next) {
    hsv = next;
    use(toRgb(next));
  }

  function use(colour) {
    store.dispatch((which === "colour" ? colourChosen : otherColourChosen)(colour));
  }

  function show() {
    const colour = chosen();
    // A grey keeps the hue that was chosen, and black the saturation.
    if (!sameColour(toRgb(hsv), colour)) hsv = toHsv(colour, hsv.hue);
    const code = toHex(colour);
    square.style.setProperty("--hue", String(hsv.hue));
    dot.style.setProperty("--x", String(hsv.saturation));
    dot.style.setProperty("--y", String(1 - hsv.brightness));
    const [saturation, brightness] = [hsv.saturation, hsv.brightness].map((value) => Math.round(value * 100));
    square.setAttribute("aria-valuenow", String(saturation));
    square.setAttribute("aria-valuetext", words.squareValue(saturation, brightness));
    hue.value = String(Math.round(hsv.hue));
    if (document.activeElement !== hex) hex.value = code;
    now.style.setProperty("--swatch", code);
  }

  function close() {
    if (panel.hidden) return;
    panel.hidden = true;
    opener?.setAttribute("aria-expanded", "false");
    if (panel.contains(document.activeElement) || document.activeElement === document.body) opener?.focus();
  }

  const limited = (value) => Math.min(1, Math.max(0, value));
  const follow = (event) => {
    const box = square.getBoundingClientRect();
    choose({
      ...hsv,
      saturation: limited((event.clientX - box.left) / box.width),
      brightness: 1 - limited((event.clientY - box.top) / box.height),
    });
  };
  square.addEventListener("pointerdown", (event) => {
    square.setPointerCapture(event.pointerId);
    follow(event);
  });
  square.addEventListener("pointermove", (event) => {
    if (square.hasPointerCapture(event.pointerId)) follow(event);
  });
  square.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.1 : 0.01;
    const [x, y] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key] ?? [0, 0];
    if (x === 0 && y === 0) return;
    event.preventDefault();
    choose({ ...hsv, saturation: limited(hsv.saturation + x), brightness: limited(hsv.brightness + y) });
  });
  hue.addEventListener("input", () => {
    hsv = { ...hsv, hue: Number(hue.value) };
    square.style.setProperty("--hue", hue.value);
    use(toRgb(hsv));
  });
  hex.addEventListener("input", () => {
    const colour = fromHex(hex.value);
    if (colour) use(colour);
  });
  hex.addEventListener("change", () => (hex.value = toHex(chosen())));
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  });
  document.addEventListener("pointerdown", (event) => {
    const target = /** @type {Element} */ (event.target);
    // On the canvas one goes on painting with the panel open.
    if (!panel.contains(target) && !target.closest?.(".toolbox-colours, #stage, #tool-options")) close();
  });

  store.observe((state) => state.tool.colour, show);
  store.observe((state) => state.tool.otherColour, show);
  store.observe((state) => state.tool.recent, (colours) => {
    recent.replaceChildren(...colours.map((colour) => {
      const button = element("button", { type: "button", "aria-label": words.use(toHex(colour)), title: toHex(colour), on: { click: () => use(colour) } });
      button.style.setProperty("--swatch", toHex(colour));
      return button;
    }));
    recent.hidden = colours.length === 0;
  });

  const place = () => {
    if (panel.hidden || !opener) return;
    const box = opener.getBoundingClientRect();
    panel.style.left = `${Math.min(box.right + 20, innerWidth - panel.offsetWidth - 8)}px`;
    panel.style.top = `${Math.max(8, Math.min(box.bottom - panel.offsetHeight, innerHeight - panel.offsetHeight - 8))}px`;
  };
  new ResizeObserver(place).observe(panel);
  addEventListener("resize", place);

  return {
    show(name, beside) {
      if (!panel.hidden && which === name) {
        close();
        return;
      }
      which = name;
      opener = beside;
      beside.setAttribute("aria-expanded", "true");
      title.textContent = name === "colour" ? words.title : words.otherTitle;
      panel.hidden = false;
      show();
      place();
      square.focus();
    },
  };
}
