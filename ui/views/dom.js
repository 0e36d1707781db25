// @ts-check

/**
 * Builds an element. `class`, `text` and attributes are given by name; `on` adds listeners.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [options]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, options = {}, children = []) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

/**
 * A picture from styles/icons, for the eye only.
 * @param {string} name
 */
export function icon(name) {
  return element("span", { class: `icon icon-${name}`, "aria-hidden": "true" });
}

/**
 * A button that shows only an icon; its label is read and shown as a tip.
 * @param {string} name of the icon
 * @param {string} label
 * @param {() => void} run
 * @param {Record<string, any>} [options]
 */
export function iconButton(name, label, run, options = {}) {
  return element("button", {
    type: "button",
    class: "button-icon",
    "aria-label": label,
    title: label,
    on: { click: run },
    ...options,
  }, [icon(name)]);
}

/**
 * @param {HTMLElement} node
 * @param {string} label
 */
export function setLabel(node, label) {
  node.setAttribute("aria-label", label);
  node.title = label;
}

/**
 * Whether what is typed belongs to a text field.
 * @param {EventTarget | null} target
 */
export function isTextField(target) {
  return target instanceof HTMLTextAreaElement
    || (target instanceof HTMLInputElement && !["range", "checkbox", "button"].includes(target.type));
}
