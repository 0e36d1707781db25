// @ts-check
import { createChannel, invoke, toIpcError } from "./client.js";

/**
 * The commands of the engine, one function each.
 * @typedef {import("../state/actions.js").NamedImage} NamedImage
 * @typedef {import("../state/document.js").ImageId} ImageId
 * @typedef {{ width: number, height: number, layers: { image: ImageId, x: number, y: number, opacity: number, visible: boolean }[] }} Composition
 */

/** @returns {Promise<import("../state/models.js").Engine>} */
export const engineStatus = () => invoke("engine_status");

/** @returns {Promise<import("../state/models.js").Model[]>} */
export const listModels = () => invoke("list_models");

/**
 * Resolves as soon as the job is queued; what happens to it is told by events.
 * @param {object} request
 * @param {(event: { event: string, data: any }) => void} onEvent
 * @returns {Promise<{ jobId: number }>}
 */
export const generate = (request, onEvent) => invoke("generate", { request, onEvent: createChannel(onEvent) });

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

/** @param {Composition} document @returns {Promise<{ path: string } | null>} */
export const savePngDialog = (document) => invoke("save_png_dialog", { document });

/** @param {Composition} document @param {"png"} format @returns {Promise<{ path: string } | null>} */
export const exportDialog = (document, format) => invoke("export_dialog", { document, format });

/** @param {Composition} document */
export const copyImage = (document) => invoke("copy_image", { document });

/** @returns {Promise<NamedImage | null>} */
export const pasteImage = () => invoke("paste_image");

/** @param {ImageId[]} ids */
export const retainImages = (ids) => invoke("retain_images", { ids });

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
