// @ts-check
import { ariaKeysOf, labelOf, tipOf } from "../effects/action-words.js";
import { themeChosen } from "../state/actions.js";
import { selectCanRedo, selectCanUndo, selectIsEmpty } from "../state/selectors.js";
import { percent, strings } from "../strings.js";
import { element, iconButton, setLabel } from "./dom.js";

const THEME_ICON = { system: "theme-system", light: "sun", dark: "moon" };

/**
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 */
export function mountToolbar(root, store, run) {
  const words = strings.toolbar;
  root.setAttribute("aria-label", words.label);

  const button = (id, iconName, command, options = {}) => iconButton(iconName, labelOf(command), () => run(command), {
    id, title: tipOf(command), "aria-keyshortcuts": ariaKeysOf(command), ...options,
  });
  const save = button("save", "save", "file.save");
  const exportAs = button("export", "export", "file.export", { "aria-haspopup": "dialog" });
  const undo = button("undo", "undo", "edit.undo");
  const redo = button("redo", "redo", "edit.redo");
  const zoomOut = button("zoom-out", "minus", "view.zoom-out");
  const zoomIn = button("zoom-in", "plus", "view.zoom-in");
  const fit = button("zoom-fit", "fit", "view.fit");
  const zoom = element("button", {
    type: "button",
    id: "zoom",
    class: "button-zoom",
    on: { click: () => run("view.actual-size") },
  });
  const theme = iconButton("theme-system", words.theme.system, () => {
    store.dispatch(themeChosen(nextTheme(store.getState().theme)));
  }, { id: "theme" });

  root.append(
    element("div", { class: "brand" }, [
      element("img", { class: "brand-mark", src: "styles/icons/mark.svg", alt: "", width: 20, height: 20 }),
      element("h1", { class: "brand-name", text: strings.name }),
    ]),
    group([
      button("new", "new", "file.new"),
      button("open", "open", "file.open"),
      save,
      exportAs,
    ]),
    group([undo, redo]),
    element("div", { class: "toolbar-gap" }),
    group([zoomOut, zoom, zoomIn, fit]),
    group([button("find-action", "search", "help.palette", { "aria-haspopup": "dialog" }), theme, button("shortcuts", "keyboard", "help.shortcuts", { "aria-haspopup": "dialog" })]),
  );

  store.observe(selectCanUndo, (can) => setEnabled(undo, can));
  store.observe(selectCanRedo, (can) => setEnabled(redo, can));
  store.observe(selectIsEmpty, (empty) => {
    for (const control of [save, exportAs]) setEnabled(control, !empty);
  });
  store.observe((state) => state.frame === null, (empty) => {
    for (const control of [zoomOut, zoom, zoomIn, fit]) setEnabled(control, !empty);
  });
  store.observe((state) => (state.frame ? state.viewport.zoom : 1), (value) => {
    zoom.textContent = percent(value);
    setLabel(zoom, words.zoom(value));
  });
  store.observe((state) => state.theme, (chosen) => {
    theme.firstElementChild?.setAttribute("class", `icon icon-${THEME_ICON[chosen]}`);
    setLabel(theme, words.theme[chosen]);
  });
}

function group(children) {
  return element("div", { class: "toolbar-group" }, children);
}

/**
 * The first press always changes something: it chooses what the system has not.
 * @param {"system" | "light" | "dark"} theme
 * @returns {"system" | "light" | "dark"}
 */
function nextTheme(theme) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (theme === "system") return dark ? "light" : "dark";
  if (theme === "light") return dark ? "dark" : "system";
  return dark ? "system" : "light";
}

// A button that is switched off while it has the focus would lose it.
function setEnabled(control, enabled) {
  control.setAttribute("aria-disabled", String(!enabled));
}
