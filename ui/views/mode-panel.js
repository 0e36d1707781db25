// @ts-check
import { formChanged } from "../state/actions.js";
import { EXTEND, STRENGTH } from "../state/form.js";
import { grown, repaintRegion } from "../state/region.js";
import { selectIsEmpty, selectModel, selectPicture } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";
import { connectNumber, field, mountSlider } from "./fields.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/** @type {("left" | "top" | "right" | "bottom")[]} */
const SIDES = ["top", "left", "right", "bottom"];

/**
 * What only Repaint and Extend ask.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(name: string) => void} run
 */
export function mountModePanel(root, store, run) {
  const repaint = root.appendChild(element("section", { id: "mode-repaint", class: "section section-mode", "aria-label": strings.modes.repaint.title }));
  const extend = root.appendChild(element("section", { id: "mode-extend", class: "section section-mode", "aria-label": strings.modes.extend.title }));
  mountRepaint(repaint, store, run);
  mountExtend(extend, store);
  store.observe((state) => state.task, (task) => {
    repaint.hidden = task !== "repaint";
    extend.hidden = task !== "extend";
  });
}

function mountRepaint(section, store, run) {
  const words = strings.modes.repaint;
  const about = element("p", { class: "note", text: words.about });
  const draw = element("button", { type: "button", id: "draw-selection", class: "button-plain", text: words.draw, on: { click: () => run("generate.draw-selection") } });
  const all = element("button", { type: "button", id: "select-everything", class: "button-plain", text: words.all, on: { click: () => run("select.all") } });
  const missing = element("p", { class: "mode-missing" });
  const offer = element("div", { class: "mode-offer" }, [missing, element("div", { class: "mode-buttons" }, [draw, all])]);
  const asked = element("div", { class: "mode-asked" });
  section.append(offer, asked);
  const selected = element("p", { id: "repaint-selected", class: "note", role: "status" });
  asked.append(selected);
  mountSlider(asked, {
    id: "strength",
    words: words.strength,
    range: STRENGTH,
    number: STRENGTH,
    select: (state) => state.form.strength,
    change: (strength) => formChanged({ strength }),
    store,
  });
  choice(asked, store, "repaint-from", words.from, "repaintFrom", ["visible", "layer"]);
  choice(asked, store, "repaint-into", words.into, "repaintInto", ["new", "layer"]);
  const where = element("p", { class: "note" });
  asked.append(where, about);

  const show = () => {
    const state = store.getState();
    const { selection, width } = state.document.present;
    const empty = selectIsEmpty(state);
    offer.hidden = Boolean(selection);
    asked.hidden = !selection;
    missing.textContent = empty ? words.empty : words.none;
    draw.hidden = empty;
    all.hidden = empty || width === 0;
    if (!selection) return;
    const usual = selectModel(state)?.defaults;
    const seen = usual ? repaintRegion(state.document.present, selection, usual) : null;
    selected.textContent = [words.selected(selection.width, selection.height), seen && words.seen(seen.width, seen.height)].filter(Boolean).join(". ");
  };
  store.observe(selectPicture, show);
  store.observe(selectModel, show);
  store.observe((state) => state.form.repaintInto, (into) => (where.textContent = into === "new" ? words.intoNew : words.intoLayer));
}

function mountExtend(section, store) {
  const words = strings.modes.extend;
  const missing = element("p", { class: "mode-missing", text: words.empty });
  const asked = element("div", { class: "mode-asked" });
  section.append(missing, asked);
  const cross = element("div", { class: "extend-sides", role: "group", "aria-label": words.title }, [element("span", { class: "extend-picture", "aria-hidden": "true" })]);
  for (const side of SIDES) {
    const input = element("input", { id: `extend-${side}`, class: "input input-number", type: "number", "aria-label": words.side(words.sides[side]), ...EXTEND, step: 16 });
    cross.append(element("label", { class: `extend-side extend-${side}` }, [element("span", { class: "unit", text: words.sides[side] }), input]));
    connectNumber(input, store, (state) => state.form.extend[side],
      (value) => formChanged({ extend: { ...store.getState().form.extend, [side]: value } }));
  }
  const becomes = element("p", { id: "extend-becomes", class: "note", role: "status" });
  asked.append(
    element("p", { class: "note", text: `${words.about} ${words.frame}` }),
    cross,
    element("div", { class: "mode-buttons" }, [
      element("button", {
        type: "button", id: "extend-all", class: "button-plain", text: words.all,
        on: {
          click: () => {
            const { left, top, right, bottom } = store.getState().form.extend;
            const most = Math.max(left, top, right, bottom) || 64;
            store.dispatch(formChanged({ extend: { left: most, top: most, right: most, bottom: most } }));
          },
        },
      }),
    ]),
    becomes,
  );
  const show = () => {
    const state = store.getState();
    const empty = selectIsEmpty(state);
    missing.hidden = !empty;
    asked.hidden = empty;
    const { width, height } = grown(state.document.present, state.form.extend);
    becomes.textContent = words.becomes(width, height);
  };
  store.observe(selectPicture, show);
  store.observe((state) => state.form.extend, show);
}

function choice(section, store, id, words, key, values) {
  const select = element("select", { id, class: "select" }, values.map((value) => element("option", { value, text: words[value] })));
  select.addEventListener("change", () => store.dispatch(formChanged({ [key]: select.value })));
  store.observe((state) => state.form[key], (value) => (select.value = value));
  section.append(field(id, words.label, [element("div", { class: "select-box" }, [select])]));
}
