// The native menu as data: which action is where, with the page's own names, words and keys.
import { ui } from "../../ui/modules.js";

const { ACTIONS, nativeKey } = await ui("state/action-table.js");
const { en } = await ui("strings/en.js");
const { de } = await ui("strings/de.js");

export const PLACE = new URL("../../../src-tauri/menus.json", import.meta.url);

/** "-" is a line, an object a menu inside the menu; `recent` is filled by the shell. */
const LAYOUT = {
  file: [
    "file.new", "file.open", { id: "recent", items: [] }, "-", "file.place", "-", "file.save", "file.save-as",
    { id: "export", items: [
      "file.export-psd", "file.export-psb", "file.export-ora", "-", "file.export-png", "file.export-webp", "file.export-jpeg", "-",
      "file.export-zip",
    ] },
    "-", "file.close", "file.quit",
  ],
  edit: [
    "edit.undo", "edit.redo", "-", "edit.cut", "edit.copy", "edit.copy-merged", "edit.paste", "edit.clear", "-", "edit.fill",
    "edit.transform", "-", "edit.crop", "edit.trim", "edit.canvas-size",
    { id: "canvas", items: [
      "edit.canvas-flip-horizontal", "edit.canvas-flip-vertical", "-", "edit.canvas-rotate-left", "edit.canvas-rotate-right",
      "edit.canvas-rotate-half",
    ] },
    "-", "edit.settings",
  ],
  layer: [
    "layer.new", "layer.duplicate", "layer.rename", "layer.remove", "-", "layer.group", "layer.ungroup", "layer.merge", "layer.flatten",
    "-", "layer.split", "-", "layer.visibility", "layer.solo", "layer.clipping", "layer.select-all", "layer.use-recipe",
    { id: "lock", items: ["layer.lock", "-", "layer.lock-transparency", "layer.lock-pixels", "layer.lock-position"] },
    { id: "mask", items: [
      "layer.mask-add", "layer.mask-invert", "layer.mask-toggle", "layer.mask-link", "layer.mask-target", "-", "layer.mask-apply",
      "layer.mask-remove",
    ] },
    { id: "order", items: ["layer.raise", "layer.lower", "-", "layer.above", "layer.below"] },
    { id: "flip", items: ["layer.flip-horizontal", "layer.flip-vertical", "layer.rotate-left", "layer.rotate-right"] },
    { id: "align", items: [
      "layer.align-left", "layer.align-center", "layer.align-right", "-", "layer.align-top", "layer.align-middle", "layer.align-bottom",
      "-", "layer.distribute-horizontal", "layer.distribute-vertical",
    ] },
  ],
  select: [
    "select.all", "select.none", "select.invert", "select.alpha", "-", "select.grow", "select.shrink", "select.feather", "select.border",
  ],
  view: [
    "view.zoom-in", "view.zoom-out", "view.fit", "view.actual-size", "-", "view.rulers", "view.pixel-grid", "view.guides",
    "view.guides-clear", "view.snapping", "-", "view.history", "view.machine", "view.next-tab", "view.previous-tab", "-",
    { id: "theme", items: ["view.theme-system", "view.theme-light", "view.theme-dark"] },
    { id: "language", items: ["view.language-en", "view.language-de"] },
  ],
  model: ["model.manage", "-", "model.choose", "model.show-folder"],
  help: ["help.palette", "help.shortcuts", "help.example", "-", "help.about"],
};

/** @returns the text of the file */
export function nativeMenus() {
  const menus = Object.entries(LAYOUT).map(([id, items]) => ({ id, label: labels(({ menus }) => menus[id]), items }));
  withMarks(menus);
  const whole = menus.map(({ items, ...menu }) => ({ ...menu, items: entries(items) }));
  const words = { clearRecent: labels(({ submenus }) => submenus.clearRecent), none: labels(({ submenus }) => submenus.none) };
  return `${JSON.stringify({ menus: whole, words }, null, 1)}\n`;
}

function entries(items) {
  const list = items.map((item) => {
    if (item === "-") return { id: "-" };
    if (typeof item === "object") return { id: item.id, label: labels(({ submenus }) => submenus[item.id]), items: entries(item.items) };
    const action = ACTIONS.find(({ name }) => name === item);
    if (!action) throw new Error(`${item} is no action`);
    const keys = nativeKey(action);
    return { id: item, label: labels(({ actions }) => actions[item][0]), ...(keys ? { keys } : {}) };
  });
  withMarks(list.filter(({ label }) => label));
  return list;
}

function labels(of) {
  return { en: of(en), de: of(de) };
}

// The letter that chooses an item with the keyboard: the first of its words that no other one has.
function withMarks(list) {
  for (const language of ["en", "de"]) {
    const taken = new Set();
    for (const item of list) {
      const text = item.label[language];
      const starts = [...text.matchAll(/(?<![\p{Letter}\p{Number}])\p{Letter}/gu)].map(({ index }) => index);
      const letters = [...starts, ...[...text.matchAll(/[a-z]/giu)].map(({ index }) => index)];
      const at = letters.find((index) => !taken.has(text[index].toLowerCase()));
      if (at === undefined) continue;
      taken.add(text[at].toLowerCase());
      item.label[language] = `${text.slice(0, at)}&${text.slice(at)}`;
    }
  }
}

/** The names of the actions in the native menu. */
export const nativeNames = () => Object.values(LAYOUT).flat().flatMap((item) => (typeof item === "object" ? item.items : [item]))
  .filter((item) => item !== "-");
