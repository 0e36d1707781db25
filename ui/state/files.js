// @ts-check

/**
 * Where each document is kept, by the document's number. It is no part of undo: what was saved
 * stays saved.
 * @typedef {object} SavedFile
 * @property {string | null} path null when it is in no file yet
 * @property {string} name
 * @property {import("./document.js").Picture | null} saved what is in the file, null when it must be saved first
 *
 * @typedef {Record<number, SavedFile>} Files
 */

/** @type {Files} */
export const noFiles = {};

const IN_PLACE = /\.(psd|psb|ora)$/i;

/**
 * @param {Files} files
 * @param {import("./actions.js").Action} action
 * @param {import("./document.js").Picture} before
 * @param {import("./document.js").Picture} after
 * @returns {Files}
 */
export function reduceFiles(files, action, before, after) {
  switch (action.type) {
    case "document/opened": {
      const { path, name, recovered = false } = action.opened;
      return { ...files, [after.documentId]: { path: recovered ? null : path, name, saved: recovered ? null : after } };
    }
    case "document/cleared": {
      const { [after.documentId]: _gone, ...others } = files;
      return before === after ? files : others;
    }
    case "document/saved": {
      const { path, name, picture } = action;
      return { ...files, [picture.documentId]: { path, name, saved: picture } };
    }
    case "document/created":
      return { ...files, [after.documentId]: { path: null, name: action.created.name, saved: after } };
    default:
      return files;
  }
}

/**
 * Where Save writes without asking: only into formats that hold layers.
 * @param {SavedFile | undefined} file
 * @returns {string | null}
 */
export function pathToSave(file) {
  return file?.path && IN_PLACE.test(file.path) ? file.path : null;
}

/** @param {string} path */
export function nameOfPath(path) {
  return path.split(/[\\/]/).pop() ?? path;
}
