// @ts-check
import { LORA_STRENGTH, loraAdded, loraRemoved, lorasFor, loraWeighed, MAX_LORAS, usedLoras } from "../state/loras.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";
import { field } from "./fields.js";

/**
 * The LoRAs that fit the model: which are used, and how strongly. Without any that fit, there is nothing to see.
 * @param {HTMLElement} section
 * @param {import("../effects/generate.js").Store} store
 */
export function mountLoras(section, store) {
  const words = strings.loras;
  const list = element("ul", { id: "loras", class: "loras", "aria-label": words.label });
  const select = element("select", { id: "lora-add", class: "select", title: words.hint });
  const box = field("lora-add", words.label, [list, element("div", { class: "select-box" }, [select])]);
  section.append(box);
  /** @type {Map<string, (strength: number) => void>} */
  let updates = new Map();
  let shown = "";

  select.addEventListener("change", () => {
    const lora = store.getState().library.loras.find(({ path }) => path === select.value);
    if (lora) store.dispatch(loraAdded(lora));
  });
  store.observe((state) => state.library.loras, show);
  store.observe((state) => state.form.model, show);
  store.observe((state) => state.loras, show);

  function show() {
    const state = store.getState();
    const fitting = lorasFor(state.library.loras, state.form.model);
    const used = usedLoras(state);
    box.hidden = fitting.length === 0;
    const rest = fitting.filter(({ path }) => !used.some((lora) => lora.path === path));
    select.replaceChildren(
      element("option", { value: "", text: words.add }),
      ...rest.map(({ path, name }) => element("option", { value: path, text: name })),
    );
    select.disabled = rest.length === 0 || used.length >= MAX_LORAS;
    const paths = used.map(({ path }) => path).join("\n");
    // A slider that is being dragged must stay the same element.
    if (paths !== shown) {
      updates = new Map();
      list.replaceChildren(...used.map(row));
      shown = paths;
    }
    for (const { path, strength } of used) updates.get(path)?.(strength);
  }

  function row({ path, name }) {
    const slider = element("input", {
      type: "range", class: "slider", "aria-label": words.strength(name), ...LORA_STRENGTH,
      on: { input: () => store.dispatch(loraWeighed(path, Number(slider.value))) },
    });
    const value = element("output", { class: "lora-value" });
    const remove = iconButton("close", words.remove(name), () => {
      store.dispatch(loraRemoved(path));
      select.focus();
    });
    updates.set(path, (strength) => {
      slider.value = String(strength);
      slider.style.setProperty("--share", String(strength / LORA_STRENGTH.max));
      value.textContent = words.value(strength);
    });
    return element("li", { class: "lora", title: path, "data-lora": name }, [
      element("span", { class: "lora-name", text: name }),
      slider,
      value,
      remove,
    ]);
  }
}
