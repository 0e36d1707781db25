// @ts-check
import * as actions from "../state/actions.js";
import { copyPicture, exportPicture, savePng } from "./export.js";
import { cancelGenerate, generate } from "./generate.js";

/**
 * Everything that a menu, a key or a button can ask for, by name. The names of the native menu
 * are among them.
 * @param {object} parts
 * @param {import("./generate.js").Store} parts.store
 * @param {import("./generate.js").Ipc} parts.ipc
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @param {() => number} parts.random
 * @param {(id: import("../state/document.js").ImageId) => Promise<void>} parts.prepareImage
 * @param {() => void} parts.showShortcuts
 * @returns {Record<string, () => void>}
 */
export function createCommands({ store, ipc, images, random, prepareImage, showShortcuts }) {
  return {
    "file.new": () => store.dispatch(actions.documentCleared()),
    "file.open": () => void images.openDialog("document"),
    "file.save-png": () => void savePng(store, ipc),
    "file.export": () => void exportPicture(store, ipc),
    "edit.copy": () => void copyPicture(store, ipc),
    "edit.paste": () => void images.paste("layer"),
    "edit.undo": () => store.dispatch(actions.undone()),
    "edit.redo": () => store.dispatch(actions.redone()),
    "view.fit": () => store.dispatch(actions.viewportFitted()),
    "view.actual-size": () => store.dispatch(actions.viewportActualSizeShown()),
    "view.zoom-in": () => store.dispatch(actions.viewportZoomStepped(1)),
    "view.zoom-out": () => store.dispatch(actions.viewportZoomStepped(-1)),
    "help.shortcuts": showShortcuts,
    "generate.start": () => void generate(store, ipc, { random, prepareImage }),
    "generate.cancel": () => void cancelGenerate(store, ipc),
  };
}

/**
 * Runs commands by name. A key may reach the page and the native menu both; the second of two
 * equal commands from different places within a moment is the same press.
 * @param {Record<string, () => void>} commands
 * @param {() => number} now milliseconds
 * @returns {(name: string, from: "menu" | "page") => void}
 */
export function createRunner(commands, now) {
  const moment = 150;
  let last = { name: "", from: "", time: -Infinity };
  return (name, from) => {
    const command = commands[name];
    if (!command) return;
    const time = now();
    const echo = last.name === name && last.from !== from && time - last.time < moment;
    last = { name, from, time };
    if (!echo) command();
  };
}
