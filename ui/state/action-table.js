// @ts-check
import { isLocked } from "./layer.js";
import { paints } from "./tools.js";
import {
  selectCanRedo, selectCanUndo, selectGenerateBlock, selectIsEmpty, selectJob, selectSelectedLayer, selectSplitBlock,
} from "./selectors.js";
import { variationsIn } from "./variations.js";

/**
 * Everything that can be done, in one table: the palette, the keys, the list of keys, tooltips and the
 * native menu are made of it or checked against it.
 * @typedef {import("./reducer.js").State} State
 * @typedef {(state: State) => string | null} Availability why it cannot be done now, as a key of the words; null when it can
 *
 * @typedef {object} Action
 * @property {string} name also of the command that does it
 * @property {"file" | "edit" | "layer" | "select" | "view" | "model" | "help" | "tool" | "make"} menu
 * @property {string[]} keys the first one is shown; of two actions with one key, the first that can be done is
 * @property {boolean} typed whether its keys mean something else while a text is written
 * @property {Availability} when
 */

const always = () => null;

/** @type {Availability} */
export const needsPicture = (state) => (selectIsEmpty(state) ? "no-picture" : null);

/** @type {Availability} */
export const needsLayer = (state) => needsPicture(state) ?? (selectSelectedLayer(state) ? null : "no-layer");

/** @type {Availability} */
export const needsPixels = (state) => {
  const missing = needsLayer(state);
  if (missing) return missing;
  return selectSelectedLayer(state)?.kind === "pixels" ? null : "group";
};

/** @type {Availability} */
export const needsUnlocked = (state) => {
  const layer = selectSelectedLayer(state);
  return needsLayer(state) ?? (layer && isLocked(layer) ? "locked" : null);
};

/** @type {Availability} */
export const needsUnlockedPixels = (state) => needsPixels(state) ?? needsUnlocked(state);

/** @type {Availability} */
export const needsGroup = (state) => needsLayer(state) ?? (selectSelectedLayer(state)?.kind === "group" ? null : "no-group");

/** @type {Availability} */
export const needsSelection = (state) =>
  needsPicture(state) ?? (/** @type {any} */ (state.document.present).selection ? null : "no-selection");

/** @type {Availability} */
export const needsMask = (state) => needsLayer(state) ?? (selectSelectedLayer(state)?.mask ? null : "no-mask");

/** @type {Availability} */
const needsView = (state) => (state.frame === null ? "no-picture" : null);

/** @type {Availability} */
const needsRun = (state) => (selectJob(state) ? null : "no-run");

/** @type {Availability} */
const needsResult = (state) => (state.split.result ? null : "no-result");

/** @type {Availability} */
const needsBegun = (state) => (state.tool.transform || state.tool.crop ? null : "nothing-begun");

/** @type {Availability} */
const needsBrush = (state) => (paints(state.tool.active) ? null : "no-brush");
const needsVariations = (state) => (variationsIn(state.variations, state.tabs.active) ? null : "no-variations");

const formats = ["psd", "psb", "ora", "png", "webp", "jpeg", "zip"];

/**
 * @param {string} name
 * @param {string[]} [keys]
 * @param {Availability} [when]
 * @param {{ typed?: boolean, menu?: Action["menu"] }} [more]
 * @returns {Action}
 */
function row(name, keys = [], when = always, { typed = false, menu } = {}) {
  return { name, menu: menu ?? /** @type {Action["menu"]} */ (name.split(".")[0]), keys, typed, when };
}

const typed = { typed: true };
const make = { menu: /** @type {const} */ ("make") };

/** @type {Action[]} in the order of the menus */
export const ACTIONS = [
  row("file.new", ["Ctrl+N"]),
  row("file.open", ["Ctrl+O"]),
  row("file.open-recent", ["Ctrl+Alt+O"]),
  row("file.place", [], needsPicture),
  row("file.save", ["Ctrl+S"], needsPicture),
  row("file.save-as", ["Ctrl+Shift+S"], needsPicture),
  row("file.export", ["Ctrl+Alt+Shift+S"], needsPicture),
  ...formats.map((format) => row(`file.export-${format}`, format === "png" ? ["Ctrl+Shift+E"] : [], needsPicture)),
  row("file.close", ["Ctrl+W"]),
  row("file.quit", ["Ctrl+Q"]),

  row("edit.undo", ["Ctrl+Z"], (state) => (selectCanUndo(state) ? null : "nothing-to-undo"), typed),
  row("edit.redo", ["Ctrl+Shift+Z", "Ctrl+Y"], (state) => (selectCanRedo(state) ? null : "nothing-to-redo"), typed),
  row("edit.cut", ["Ctrl+X"], needsUnlocked, typed),
  row("edit.copy", ["Ctrl+C"], needsLayer, typed),
  row("edit.copy-merged", ["Ctrl+Shift+C"], needsPicture, typed),
  row("edit.paste", ["Ctrl+V"], always, typed),
  row("edit.clear", ["Delete"], (state) => needsSelection(state) ?? needsUnlockedPixels(state), typed),
  row("edit.fill", ["Shift+F5", "Shift+Backspace"], needsUnlockedPixels, typed),
  row("edit.transform", ["Ctrl+T"], needsUnlocked),
  row("edit.apply", [], needsBegun, { menu: "tool" }),
  row("edit.cancel", [], needsBegun, { menu: "tool" }),
  row("edit.crop", [], needsSelection),
  row("edit.trim", [], needsPicture),
  row("edit.canvas-flip-horizontal", [], needsPicture),
  row("edit.canvas-flip-vertical", [], needsPicture),
  row("edit.canvas-rotate-left", [], needsPicture),
  row("edit.canvas-rotate-right", [], needsPicture),
  row("edit.canvas-rotate-half", [], needsPicture),
  row("edit.canvas-size", ["Ctrl+Alt+C"], needsPicture),
  row("edit.settings"),

  row("layer.new", ["Ctrl+Shift+N"], needsPicture),
  row("layer.duplicate", ["Ctrl+J"], needsLayer),
  row("layer.group", ["Ctrl+G"], needsLayer),
  row("layer.ungroup", ["Ctrl+Shift+G"], needsGroup),
  row("layer.merge", ["Ctrl+E"], needsLayer),
  row("layer.flatten", [], needsPicture),
  row("layer.split", ["Ctrl+Shift+L"]),
  row("layer.rename", ["F2"], needsUnlocked),
  row("layer.visibility", ["Ctrl+,"], needsLayer),
  row("layer.solo", ["Ctrl+Shift+,"], needsLayer),
  row("layer.lock", ["Ctrl+/"], needsLayer),
  row("layer.clipping", ["Ctrl+Alt+G"], needsLayer),
  row("layer.mask-add", [], needsLayer),
  row("layer.mask-toggle", [], needsMask),
  row("layer.mask-apply", [], (state) => needsMask(state) ?? needsUnlockedPixels(state)),
  row("layer.mask-remove", [], needsMask),
  row("layer.mask-invert", [], needsMask),
  row("layer.mask-link", [], needsMask),
  row("layer.mask-target", ["Ctrl+Alt+M"], needsMask),
  row("layer.lock-transparency", [], needsLayer),
  row("layer.lock-pixels", [], needsLayer),
  row("layer.lock-position", [], needsLayer),
  row("layer.select-all", ["Ctrl+Alt+A"], needsPicture),
  row("layer.use-recipe", [], (state) => needsLayer(state) ?? (selectSelectedLayer(state)?.recipe ? null : "no-recipe")),
  row("layer.raise", ["Ctrl+]"], needsLayer),
  row("layer.lower", ["Ctrl+["], needsLayer),
  row("layer.above", ["Alt+]"], needsPicture),
  row("layer.below", ["Alt+["], needsPicture),
  row("layer.flip-horizontal", [], needsUnlocked),
  row("layer.flip-vertical", [], needsUnlocked),
  row("layer.rotate-left", [], needsUnlocked),
  row("layer.rotate-right", [], needsUnlocked),
  row("layer.align-left", [], needsUnlocked),
  row("layer.align-center", [], needsUnlocked),
  row("layer.align-right", [], needsUnlocked),
  row("layer.align-top", [], needsUnlocked),
  row("layer.align-middle", [], needsUnlocked),
  row("layer.align-bottom", [], needsUnlocked),
  row("layer.distribute-horizontal", [], needsUnlocked),
  row("layer.distribute-vertical", [], needsUnlocked),
  row("layer.remove", ["Delete"], needsUnlocked, typed),

  row("select.all", ["Ctrl+A"], needsPicture, typed),
  row("select.none", ["Ctrl+D", "Ctrl+Shift+A"], needsSelection),
  row("select.invert", ["Ctrl+Shift+I"], needsPicture),
  row("select.alpha", [], needsPixels),
  row("select.grow", [], needsSelection),
  row("select.shrink", [], needsSelection),
  row("select.feather", ["Shift+F6"], needsSelection),
  row("select.border", [], needsSelection),

  row("view.zoom-in", ["Ctrl+=", "Ctrl++", "+", "="], needsView),
  row("view.zoom-out", ["Ctrl+-", "-"], needsView),
  row("view.fit", ["Ctrl+0", "0"], needsView),
  row("view.actual-size", ["Ctrl+1", "1"], needsView),
  row("view.rulers", ["Ctrl+R"]),
  row("view.pixel-grid", ["Ctrl+'"]),
  row("view.guides", ["Ctrl+;"]),
  row("view.guides-clear", [], needsPicture),
  row("view.snapping", ["Ctrl+Shift+;"]),
  row("view.history"),
  row("view.machine"),
  row("view.next-tab", ["Ctrl+Tab", "Ctrl+PageDown"]),
  row("view.previous-tab", ["Ctrl+Shift+Tab", "Ctrl+PageUp"]),
  row("view.theme-system"),
  row("view.theme-light"),
  row("view.theme-dark"),
  row("view.language-en"),
  row("view.language-de"),

  row("tool.move", ["V"]),
  row("tool.select-rect", ["M"]),
  row("tool.select-ellipse", ["Shift+M"]),
  row("tool.lasso", ["L"]),
  row("tool.polygon", ["Shift+L"]),
  row("tool.brush", ["B"]),
  row("tool.eraser", ["E"]),
  row("tool.crop", ["C"]),
  row("tool.eyedropper", ["I"]),
  row("tool.pan", ["H"]),
  row("tool.zoom", ["Z"]),
  row("tool.colour"),
  row("tool.swap-colours", ["X"]),
  row("tool.default-colours", ["D"]),
  row("tool.brush-smaller", ["["], needsBrush),
  row("tool.brush-larger", ["]"], needsBrush),

  row("generate.start", ["Ctrl+Enter"], (state) => (state.task === "split" ? "split-in-view" : selectGenerateBlock(state)), make),
  row("generate.mode-new", ["Alt+1"], always, make),
  row("generate.mode-edit", ["Alt+2"], always, make),
  row("generate.mode-repaint", ["Alt+3"], always, make),
  row("generate.mode-extend", ["Alt+4"], always, make),
  row("generate.draw-selection", [], needsPicture, make),
  row("generate.reference-layer", [], needsPixels, make),
  row("generate.reference-file", [], always, make),
  row("generate.reference-clipboard", [], always, make),
  row("generate.prompt-history", [], always, make),
  row("generate.runs", [], always, make),
  row("variations.keep", [], needsVariations, make),
  row("variations.discard", [], needsVariations, make),
  row("queue.cancel", [], (state) => (state.queue.list.length > 0 ? null : "no-run"), make),
  row("split.start", ["Ctrl+Enter"], (state) => (state.split.result ? "waits" : selectSplitBlock(state)), make),
  row("split.again", [], needsResult, make),
  row("split.keep", ["Ctrl+Enter"], needsResult, make),
  row("split.discard", [], needsResult, make),
  row("job.cancel", [], needsRun, make),

  row("model.manage"),
  row("model.choose"),
  row("model.show-folder"),

  row("help.palette", ["Ctrl+K", "Ctrl+Shift+P"]),
  row("help.shortcuts", ["F1", "?"]),
  row("help.example"),
  row("help.about"),
];

/** @param {string} name */
export const actionOf = (name) => ACTIONS.find((action) => action.name === name) ?? null;

/**
 * Whether the native menu shows an action's key and hears it. Keys that belong to text fields are
 * left to the page: GTK would take them from the prompt.
 * @param {Action} action
 */
export function nativeKey({ keys: [key], typed: isTyped }) {
  return key !== undefined && !isTyped && /^(Ctrl\+|F\d)/.test(key) ? key : null;
}
