// @ts-check
import { invoke } from "./client.js";

/**
 * Commands on pixels: images, masks and selections by id. Raw bytes go as the body, what they are as a header.
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {import("../state/document.js").Selection} Selection
 * @typedef {{ id: number, width: number, height: number, bytes: number }} Made
 */

const raw = (name, about, bytes) => invoke(name, bytes, { headers: { "x-about": JSON.stringify(about) } });
const bytesOf = (body) => (body instanceof Uint8Array ? body : new Uint8Array(body));

/** @param {number} id @param {number} level @param {[number, number][]} list @returns {Promise<Uint8Array>} the tiles, one after the other */
export const loadTiles = async (id, level, list) => bytesOf(await invoke("load_tiles", { id, level, tiles: list }));
/** @param {Rect & { id: number }} patch @param {Uint8Array} pixels @returns {Promise<Made>} */
export const patchImage = (patch, pixels) => raw("patch_image", patch, pixels);
/** @param {{ width: number, height: number, colour: number[] | null }} image @returns {Promise<Made>} */
export const createImage = (image) => invoke("create_image", image);
/** @param {Rect & { id: number }} bounds @returns {Promise<Made>} */
export const growImage = (bounds) => invoke("grow_image", bounds);
/** @param {Rect & { id: number | null, fill: number }} patch @param {Uint8Array} pixels @returns {Promise<Selection & { bytes: number }>} */
export const patchMask = (patch, pixels) => raw("patch_mask", patch, pixels);
/** @param {object} transform @returns {Promise<Rect & { imageId: number, mask: object | null, bytes: number }>} */
export const transformLayer = (transform) => invoke("transform_layer", { transform });
/** @param {object} request @returns {Promise<Selection | null>} */
export const select = (request) => invoke("select", { request });
/** @param {object} request @returns {Promise<Selection | null>} */
export const modifySelection = (request) => invoke("modify_selection", { request });
/** @param {{ selection: Selection }} request @returns {Promise<Selection & { bytes: number }>} */
export const maskOf = (request) => invoke("mask_of", { request });
/** @param {number} id @returns {Promise<{ lines: number[][] }>} */
export const selectionOutline = (id) => invoke("selection_outline", { id });
/** @param {object} request @returns {Promise<Made>} */
export const clearSelected = (request) => invoke("clear_selected", { request });
/** @param {object} request @returns {Promise<Made>} */
export const fillSelected = (request) => invoke("fill_selected", { request });
/** @param {object} document @returns {Promise<Rect & { imageId: number, bytes: number }>} */
export const flattenLayers = (document) => invoke("flatten_layers", { document });
/** @param {object} document @param {number} x @param {number} y @returns {Promise<[number, number, number, number]>} */
export const samplePixel = (document, x, y) => invoke("sample_pixel", { document, x, y });
/** @param {{ image: number, x: number, y: number, selection: Selection }} request @returns {Promise<Rect & { imageId: number, bytes: number }>} */
export const copySelected = (request) => invoke("copy_selected", { request });
/** @param {{ image: number, x: number, y: number, mask: object }} request @returns {Promise<Made>} */
export const applyMask = (request) => invoke("apply_mask", { request });
/** @param {{ original: number, x: number, y: number, made: number, madeX: number, madeY: number, selection: Selection, band: number }} request @returns {Promise<Made>} */
export const lockPixels = (request) => invoke("lock_pixels", { request });
/** @param {number} id @returns {Promise<Rect & { imageId: number, bytes: number }>} */
export const trimImage = (id) => invoke("trim_image", { id });
/** @param {object} document @param {number} level @param {[number, number][]} list @returns {Promise<Uint8Array>} the tiles of the composite, one after the other */
export const renderTiles = async (document, level, list) => bytesOf(await invoke("render_tiles", { document, level, tiles: list }));
