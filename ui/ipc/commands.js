// @ts-check
import { createChannel, invoke, toIpcError } from "./client.js";

/**
 * The commands of the engine, one function each.
 * @typedef {import("../state/actions.js").NamedImage} NamedImage
 * @typedef {import("../state/document.js").ImageId} ImageId
 * @typedef {import("../state/wire.js").DocumentWire} DocumentWire
 * @typedef {import("../state/actions.js").Opened} Opened
 * @typedef {{ path: string, notes: string[] }} Saved
 */

export * from "./pixels.js";

/** @returns {Promise<import("../state/models.js").Engine>} */
export const engineStatus = () => invoke("engine_status");

/** @returns {Promise<any>} what `library/listed` takes */
export const listLibrary = () => invoke("list_library");

/**
 * Gets a model; resolves when that ends, however it does, which the last event has told.
 * @param {string} id
 * @param {string[]} accepted licences that the user has just agreed to
 * @param {(event: { event: string, data: any }) => void} onEvent
 */
export const getModel = (id, accepted, onEvent) => invoke("get_model", { id, accepted, onEvent: createChannel(onEvent) });

/** What has come is kept. @param {string} id */
export const pauseDownload = (id) => invoke("pause_download", { id });

/** Removes what has come. @param {string} id @returns {Promise<any>} what `library/listed` takes */
export const discardDownload = (id) => invoke("discard_download", { id });

/** Asks for a folder. @returns {Promise<any>} what `library/listed` takes; null when nothing was chosen */
export const linkModelsFolder = () => invoke("link_models_folder");

/** @param {string} folder @returns {Promise<any>} what `library/listed` takes */
export const unlinkModelsFolder = (folder) => invoke("unlink_models_folder", { folder });

/** Keeps it in the system's keychain. @param {string} token */
export const keepAccessToken = (token) => invoke("keep_access_token", { token });

/** @returns {Promise<import("../state/models.js").Model[]>} */
export const listModels = () => invoke("list_models");

/**
 * Resolves as soon as the job is queued; what happens to it is told by events.
 * @param {object} request
 * @param {(event: { event: string, data: any }) => void} onEvent
 * @returns {Promise<{ jobId: number }>}
 */
export const generate = (request, onEvent) => invoke("generate", { request, onEvent: createChannel(onEvent) });

/**
 * Separates a picture into layers; as `generate`.
 * @param {object} request
 * @param {(event: { event: string, data: any }) => void} onEvent
 * @returns {Promise<{ jobId: number }>}
 */
export const decompose = (request, onEvent) => invoke("decompose", { request, onEvent: createChannel(onEvent) });

/** @param {number} jobId */
export const cancel = (jobId) => invoke("cancel", { jobId });

/**
 * @param {ImageId} id
 * @returns {Promise<{ width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer> }>} RGBA8, straight alpha
 */
export async function loadImage(id) {
  return parseImage(await invoke("load_image", { id }));
}

/**
 * @param {Uint8Array} bytes an encoded PNG, JPEG or WebP
 * @param {string} name
 * @returns {Promise<NamedImage>}
 */
export const importImage = (bytes, name) =>
  invoke("import_image", bytes, { headers: { "x-image-name": encodeURIComponent(name) } });

/** @returns {Promise<NamedImage | null>} */
export const openImageDialog = () => invoke("open_image_dialog");

/** @param {string} path @returns {Promise<NamedImage>} */
export const openImagePath = (path) => invoke("open_image_path", { path });

/** @returns {Promise<Opened | null>} */
export const openDocumentDialog = () => invoke("open_document_dialog");

/** @param {string} path @returns {Promise<Opened>} */
export const openDocumentPath = (path) => invoke("open_document_path", { path });

/**
 * @param {DocumentWire} document
 * @param {string | null} path null asks for one
 * @param {string} name that is suggested then
 * @returns {Promise<Saved | null>}
 */
export const saveDocument = (document, path, name) => invoke("save_document", { document, path, name });

/**
 * @param {DocumentWire} document
 * @param {"psd" | "psb" | "ora" | "png" | "webp" | "jpeg" | "zip"} format
 * @param {string} name that is suggested
 * @returns {Promise<Saved | null>}
 */
export const exportDocument = (document, format, name) => invoke("export_document", { document, format, name });

/**
 * The document as one picture, made by the compositor that also writes the files.
 * @param {DocumentWire} document
 * @param {number | null} maxSide
 */
export async function renderDocument(document, maxSide) {
  return parseImage(await invoke("render_document", { document, maxSide }));
}

/** @returns {Promise<import("../state/recent.js").RecentFile[]>} */
export const listRecent = () => invoke("list_recent");

/** @param {string} path of the list @returns {Promise<Opened>} */
export const openRecent = (path) => invoke("open_recent", { path });

export const clearRecent = () => invoke("clear_recent");

/** @returns {Promise<Opened>} */
export const openExample = () => invoke("open_example");

/** For the menu and the next start. @param {string} language */
export const chooseLanguage = (language) => invoke("choose_language", { language });

/** @returns {Promise<string>} where it is */
export const showModelsFolder = () => invoke("show_models_folder");

/** The question whether the window may close has arrived. */
export const closeHeard = () => invoke("close_heard");

/** Nothing is lost by closing. */
export const closeWindow = () => invoke("close_window");

/** Writes a copy for the case that the editor ends before it is saved. @param {DocumentWire} document @param {string} slot @param {string} title */
export const autosave = (document, slot, title) => invoke("autosave", { document, slot, title });

/** @returns {Promise<import("../state/recovery.js").Recovered[]>} */
export const listRecovered = () => invoke("list_recovered");

/** @param {string} slot @returns {Promise<Opened>} */
export const openRecovered = (slot) => invoke("open_recovered", { slot });

/** @param {string} slot */
export const forgetRecovered = (slot) => invoke("forget_recovered", { slot });

/** @param {DocumentWire} document */
export const copyImage = (document) => invoke("copy_image", { document });

/** @returns {Promise<NamedImage | null>} */
export const pasteImage = () => invoke("paste_image");

/** @param {ImageId[]} ids @param {string[]} keeps tokens of what only Rust knows of layers and documents */
export const retainImages = (ids, keeps) => invoke("retain_images", { ids, keeps });

export const uiReady = () => invoke("ui_ready");

/**
 * Reads the raw body of `load_image`: width and height as little-endian u32, then the pixels.
 * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} body
 */
export function parseImage(body) {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(body);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = bytes.byteLength >= 8 ? header.getUint32(0, true) : 0;
  const height = bytes.byteLength >= 8 ? header.getUint32(4, true) : 0;
  if (width === 0 || height === 0 || bytes.byteLength !== 8 + width * height * 4) throw toIpcError(null);
  return { width, height, pixels: new Uint8ClampedArray(bytes.buffer, bytes.byteOffset + 8, width * height * 4) };
}

/** @param {object} request as for `generate` @returns {Promise<import("../state/forecast.js").Forecast>} */
export const forecast = (request) => invoke("forecast", { request });

/** @param {object} request as for `decompose` @returns {Promise<import("../state/forecast.js").Forecast>} */
export const forecastLayers = (request) => invoke("forecast_layers", { request });

/** @returns {Promise<import("../state/preferences.js").Preferences & { problem: string | null }>} */
export const loadPreferences = () => invoke("load_preferences");

/** @param {object} preferences all of them @returns {Promise<import("../state/preferences.js").Preferences & { problem: string | null }>} */
export const savePreferences = (preferences) => invoke("save_preferences", { preferences });

/** The window goes, the program stays. */
export const hideWindow = () => invoke("hide_window");

/** Something is to be asked. */
export const showWindow = () => invoke("show_window");

// What the machine does is told from the first to the second of these.
/** @param {number} looksASecond up to 10 */
export const startTelemetry = (looksASecond) => invoke("start_telemetry", { looksASecond });
export const stopTelemetry = () => invoke("stop_telemetry");

// What the shell remembers from one start to the next.
/** @param {"form" | "prompts" | "runs"} name @returns {Promise<any>} null where nothing was kept */
export const loadKept = (name) => invoke("load_kept", { name });

/** @param {"form" | "prompts" | "runs"} name @param {unknown} value @param {string[] | null} [pictures] those that stay */
export const saveKept = (name, value, pictures = null) => invoke("save_kept", { name, value, pictures });

/** @param {ImageId} id @param {number | null} maxSide @returns {Promise<string>} the file's name */
export const keepPicture = (id, maxSide) => invoke("keep_picture", { id, maxSide });

/** @param {string} file @param {string} name @returns {Promise<NamedImage | null>} */
export const openKeptPicture = (file, name) => invoke("open_kept_picture", { file, name });

/**
 * An image in another size; where `fill` is set, without transparency.
 * @param {{ image: ImageId, width: number, height: number, fill: boolean }} fit
 * @returns {Promise<NamedImage>}
 */
export const fitImage = (fit) => invoke("fit_image", fit);
