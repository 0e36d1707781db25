// @ts-check
import { tabMoved, tabShown } from "../state/actions.js";
import { isEmpty } from "../state/document.js";
import { isUnsaved } from "../state/selectors.js";
import { openDocuments } from "../state/tabs.js";
import { strings } from "../strings.js";
import { element, iconButton, setLabel } from "./dom.js";

const SLACK = 5;

/**
 * The documents that are open, above the canvas. With one document alone the title of the window is enough.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 */
export function mountDocumentTabs(root, store, run) {
  const words = strings.documentTabs;
  const list = element("div", { id: "documents", class: "document-tabs", role: "tablist", "aria-label": words.list });
  const add = iconButton("plus", words.add, () => run("file.new"), { id: "new-document" });
  root.append(list, add);
  /** @type {Map<number, ReturnType<typeof createTab>>} */
  const tabs = new Map();

  const show = () => {
    const state = store.getState();
    const open = openDocuments(state);
    const { active } = state.tabs;
    root.hidden = open.length < 2;
    const keys = new Set(open.map(({ key }) => key));
    for (const [key, tab] of tabs) {
      if (keys.has(key)) continue;
      tab.node.remove();
      tabs.delete(key);
    }
    open.forEach(({ key, document: { present } }, index) => {
      const tab = tabs.get(key) ?? createTab(key);
      tabs.set(key, tab);
      const name = state.files[present.documentId]?.name ?? strings.untitled;
      tab.show({ name, unsaved: !isEmpty(present) && isUnsaved(state, present), active: key === active });
      if (list.children[index] !== tab.node) list.insertBefore(tab.node, list.children[index] ?? null);
    });
  };
  const unsaved = (state) => openDocuments(state).map(({ document }) => isUnsaved(state, document.present)).join();
  store.observe((state) => state.tabs, show);
  store.observe((state) => state.files, show);
  store.observe(unsaved, show);
  store.observe((state) => state.tabs.active, (active) => tabs.get(active)?.node.scrollIntoView({ block: "nearest", inline: "nearest" }));

  list.addEventListener("keydown", (event) => {
    const { list: all, active } = store.getState().tabs;
    const at = all.findIndex(({ key }) => key === active);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Delete") run("file.close");
    else if (by !== undefined && event.altKey) store.dispatch(tabMoved(active, at + by));
    else if (by !== undefined) {
      const { key } = all[(at + by + all.length) % all.length];
      store.dispatch(tabShown(key));
      tabs.get(key)?.button.focus();
    } else return;
    event.preventDefault();
  });

  function createTab(key) {
    const button = element("button", { type: "button", class: "document-tab", role: "tab", "aria-controls": "stage", "data-tab": key });
    const dot = element("span", { class: "document-dot", "aria-hidden": "true" });
    const text = element("span", { class: "document-name" });
    button.append(dot, text);
    const close = iconButton("close", "", () => {
      store.dispatch(tabShown(key));
      run("file.close");
      // For the mouse: with the keyboard, Delete closes the tab.
    }, { class: "button-icon document-close", tabindex: -1, "aria-hidden": "true" });
    const node = element("div", { class: "document-item", role: "presentation" }, [button, close]);
    button.addEventListener("click", () => store.dispatch(tabShown(key)));
    // The middle button closes, as in browsers.
    node.addEventListener("auxclick", (event) => event.button === 1 && close.click());
    mountTabDrag(node, key);
    return {
      node,
      button,
      show({ name, unsaved, active }) {
        text.textContent = name;
        button.title = name;
        dot.hidden = !unsaved;
        button.setAttribute("aria-label", words.item(name, unsaved));
        button.setAttribute("aria-selected", String(active));
        button.tabIndex = active ? 0 : -1;
        node.classList.toggle("is-active", active);
        setLabel(close, words.close(name));
      },
    };
  }

  function mountTabDrag(node, key) {
    /** @type {number | null} */
    let from = null;
    node.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && !(/** @type {Element} */ (event.target).closest(".document-close"))) from = event.clientX;
    });
    node.addEventListener("pointermove", (event) => {
      if (from === null || Math.abs(event.clientX - from) < SLACK) return;
      if (!node.hasPointerCapture(event.pointerId)) node.setPointerCapture(event.pointerId);
      const others = [...list.children].filter((other) => other !== node).map((other) => other.getBoundingClientRect());
      store.dispatch(tabMoved(key, others.filter(({ left, width }) => left + width / 2 < event.clientX).length));
    });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (from = null));
  }
}
