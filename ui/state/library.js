// @ts-check

/**
 * The models of this computer, what can be got, and the downloads under way.
 *
 * @typedef {{ id: string, name: string, summary: string, url: string, commercial: boolean, accepted: boolean }} Licence
 * @typedef {{ size: number, atLeast: boolean, kept: number, gated: boolean, page: string }} Offer sizes in bytes
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} name
 * @property {string} note
 * @property {boolean} ready
 * @property {string[]} missing
 * @property {boolean} isStarter
 * @property {string[]} places where its weights lie
 * @property {number} size bytes of its weights
 * @property {number | null} memory GiB with which it works well
 * @property {Licence[]} licences
 * @property {Offer | null} offer
 *
 * @typedef {object} Linked a folder that is used where it is
 * @property {string} folder
 * @property {"gone" | "silent" | "refused" | null} problem
 * @property {number} models
 * @property {number} parts
 * @property {number} loras
 * @property {{ path: string, reason: string }[]} unusable
 * @property {boolean} cut whether there is more than was looked at
 *
 * @typedef {{ path: string, name: string, fits: string[] }} Lora
 *
 * @typedef {object} Download
 * @property {"preparing" | "running" | "waiting" | "paused" | "failed"} phase
 * @property {"starting" | "comparing" | "asking" | "checking"} what takes time before bytes come
 * @property {number} done bytes
 * @property {number | null} total bytes
 * @property {number} speed bytes a second
 * @property {number | null} secondsLeft
 * @property {{ code: string, message: string } | null} error
 *
 * @typedef {object} Library
 * @property {"unknown" | "listed" | "failed"} status
 * @property {Entry[]} models
 * @property {Linked[]} linked
 * @property {Lora[]} loras
 * @property {string[]} notices
 * @property {number | null} free bytes
 * @property {string} folder that downloads go into
 * @property {string | null} message what went wrong last
 * @property {Record<string, Download>} downloads by the model's id
 */

/** @type {Library} */
export const noLibrary = {
  status: "unknown", models: [], linked: [], loras: [], notices: [], free: null, folder: "", message: null, downloads: {},
};

/** @type {Download} */
const begun = { phase: "preparing", what: "starting", done: 0, total: null, speed: 0, secondsLeft: null, error: null };

/** @param {Pick<Library, "models" | "linked" | "loras" | "notices" | "free" | "folder">} reply */
export const libraryListed = (reply) => ({ type: "library/listed", reply });
/** @param {string | null} message */
export const libraryFailed = (message) => ({ type: "library/failed", message });
/** @param {string} id */
export const downloadBegan = (id) => ({ type: "library/downloadBegan", id });
/** @param {string} id @param {{ event: string, data: any }} told */
export const downloadTold = (id, told) => ({ type: "library/downloadTold", id, told });
/** @param {string} id */
export const downloadForgotten = (id) => ({ type: "library/downloadForgotten", id });

/**
 * @param {Library} library
 * @param {import("./actions.js").Action} action
 * @returns {Library}
 */
export function reduceLibrary(library, action) {
  switch (action.type) {
    case "library/listed": {
      const { models, linked, loras, notices, free, folder } = action.reply;
      return { ...library, status: "listed", message: null, models, linked, loras, notices, free, folder };
    }
    case "library/failed":
      return { ...library, status: library.status === "unknown" ? "failed" : library.status, message: action.message };
    case "library/downloadBegan":
      return withDownload(library, action.id, { ...begun, done: library.downloads[action.id]?.done ?? 0, total: library.downloads[action.id]?.total ?? null });
    case "library/downloadTold": {
      const download = library.downloads[action.id];
      return download ? withDownload(library, action.id, after(download, action.told)) : library;
    }
    case "library/downloadForgotten":
      return withDownload(library, action.id, null);
    default:
      return library;
  }
}

/**
 * A download after Rust has told something; null when it is no more.
 * @param {Download} download
 * @param {{ event: string, data: any }} told
 * @returns {Download | null}
 */
function after(download, { event, data }) {
  switch (event) {
    case "preparing":
      return { ...download, phase: "preparing", what: data.what };
    case "progress": {
      const { done, total, speed, secondsLeft } = data;
      return { ...download, phase: "running", done, total, speed, secondsLeft };
    }
    case "waiting":
      return { ...download, phase: "waiting", speed: 0, secondsLeft: null };
    case "paused":
      return { ...download, phase: "paused", speed: 0, secondsLeft: null };
    case "failed":
      return { ...download, phase: "failed", speed: 0, secondsLeft: null, error: data };
    case "finished":
      return null;
    default:
      return download;
  }
}

function withDownload(library, id, download) {
  const { [id]: _before, ...others } = library.downloads;
  return { ...library, downloads: download ? { ...others, [id]: download } : others };
}

/** @param {Library} library models that can be used */
export const readyModels = (library) => library.models.filter(({ ready }) => ready);

/** @param {Library} library models that can be got, those that are small first */
export const offeredModels = (library) => library.models
  .filter(({ ready, offer }) => !ready && offer !== null)
  .sort((a, b) => /** @type {Offer} */ (a.offer).size - /** @type {Offer} */ (b.offer).size);

/** @param {Library} library models that are there in part, and nothing here can complete */
export const incompleteModels = (library) => library.models.filter(({ ready, offer }) => !ready && offer === null);

/** The terms that are yet to be accepted. @param {Entry} entry */
export const openLicences = ({ licences }) => licences.filter(({ accepted }) => !accepted);

/** @param {Download} download from 0 to 1; null while that is not known */
export const shareOf = ({ done, total }) => (total ? Math.min(1, done / total) : null);

/** @param {Download | undefined} download */
export const isMoving = (download) => download !== undefined && ["preparing", "running", "waiting"].includes(download.phase);
