// @ts-check
import * as actions from "../state/actions.js";
import { strings } from "../strings.js";
import { createClipboardCommands } from "./clipboard.js";
import { copyPicture, exportAs, isEmpty, save, saveAs } from "./documents.js";
import { createCreateCommands } from "./create-commands.js";
import { cancelJob } from "./jobs.js";
import { createLayerCommands } from "./layer-commands.js";
import { discardSplit, keepSplit, split, splitAgain } from "./split.js";
import { createTabCommands } from "./tab-commands.js";

/** @type {Parameters<typeof exportAs>[2][]} */
const FORMATS = ["psd", "psb", "ora", "png", "webp", "jpeg", "zip"];

/**
 * Everything that a menu, a key or a button can ask for, by name. The names of the native menu
 * are among them.
 * @param {object} parts
 * @param {import("./jobs.js").Store} parts.store
 * @param {import("./jobs.js").Ipc} parts.ipc
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @param {() => number} parts.random
 * @param {(id: import("../state/document.js").ImageId) => Promise<void>} parts.prepareImage
 * @param {() => void} parts.showShortcuts
 * @param {() => void} parts.showExport asks for the format
 * @param {() => void} parts.showSplit brings the panel for separating into view
 * @param {() => void} parts.renameLayer
 * @param {() => void} parts.showPalette
 * @param {() => void} [parts.showHistory]
 * @param {Parameters<typeof createCreateCommands>[0]["show"]} [parts.show]
 * @param {import("./generate.js").Outside["remember"]} [parts.remember]
 * @returns {Record<string, () => void>}
 */
export function createCommands({ store, ipc, images, random, prepareImage, showShortcuts, showExport, showSplit, renameLayer, showPalette, showHistory, show, remember }) {
  const outside = { random, prepareImage, remember };
  const exports = FORMATS.map((format) => [`file.export-${format}`, () => void exportAs(store, ipc, format)]);
  return {
    ...Object.fromEntries(exports),
    ...createClipboardCommands({ store, ipc, images }),
    ...createLayerCommands({ store, ipc, images, renameLayer }),
    ...createTabCommands({ store, showHistory }),
    ...createCreateCommands({ store, ipc, images, outside, show }),
    "file.open": () => void images.openDialog("document"),
    "file.export": () => {
      if (!isEmpty(store, strings.notices.nothingToSave)) showExport();
    },
    "file.save": () => void save(store, ipc),
    "file.save-as": () => void saveAs(store, ipc),
    "edit.copy-merged": () => void copyPicture(store, ipc),
    "edit.undo": () => store.dispatch(actions.undone()),
    "edit.redo": () => store.dispatch(actions.redone()),
    "view.fit": () => store.dispatch(actions.viewportFitted()),
    "view.actual-size": () => store.dispatch(actions.viewportActualSizeShown()),
    "view.zoom-in": () => store.dispatch(actions.viewportZoomStepped(1)),
    "view.zoom-out": () => store.dispatch(actions.viewportZoomStepped(-1)),
    "view.theme-system": () => store.dispatch(actions.themeChosen("system")),
    "view.theme-light": () => store.dispatch(actions.themeChosen("light")),
    "view.theme-dark": () => store.dispatch(actions.themeChosen("dark")),
    "help.palette": showPalette,
    "help.shortcuts": showShortcuts,
    "layer.split": () => {
      store.dispatch(actions.taskShown("split"));
      showSplit();
    },
    "split.start": () => void split(store, ipc, outside),
    "split.again": () => void splitAgain(store, ipc, outside),
    "split.keep": () => keepSplit(store),
    "split.discard": () => discardSplit(store),
    "job.cancel": () => void cancelJob(store, ipc),
  };
}

/**
 * Runs commands by name. A key may reach the page and the native menu both; the second of two
 * equal commands from different places within a moment is the same press.
 * @param {Record<string, () => void>} commands
 * @param {() => number} now milliseconds
 * @param {object} [around]
 * @param {(name: string) => boolean} [around.mayRun] says why not, where it may not
 * @param {(name: string) => void} [around.onRun]
 * @returns {(name: string, from: "menu" | "page") => void}
 */
export function createRunner(commands, now, { mayRun = () => true, onRun = () => {} } = {}) {
  const moment = 150;
  let last = { name: "", from: "", time: -Infinity };
  return (name, from) => {
    const command = commands[name];
    if (!command) return;
    const time = now();
    const echo = last.name === name && last.from !== from && time - last.time < moment;
    last = { name, from, time };
    if (echo || !mayRun(name)) return;
    onRun(name);
    command();
  };
}
