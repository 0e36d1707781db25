// @ts-check

/** What a new document may be like; the words for the groups and names are in the strings. */
export const SIDE = { min: 1, max: 30_000 };
export const USUAL = "square-1024";

/** @type {{ id: string, sizes: { id: string, width: number, height: number }[] }[]} */
export const NEW_SIZES = [
  { id: "game", sizes: [
    { id: "tile-32", width: 32, height: 32 },
    { id: "tile-64", width: 64, height: 64 },
    { id: "icon-128", width: 128, height: 128 },
    { id: "icon-256", width: 256, height: 256 },
    { id: "icon-512", width: 512, height: 512 },
    { id: "sheet-1024", width: 1024, height: 1024 },
    { id: "sheet-2048", width: 2048, height: 2048 },
  ] },
  { id: "interface", sizes: [
    { id: "screen-1280", width: 1280, height: 720 },
    { id: "screen-1920", width: 1920, height: 1080 },
    { id: "screen-3840", width: 3840, height: 2160 },
    { id: "phone", width: 1080, height: 2400 },
  ] },
  { id: "art", sizes: [
    { id: "square-1024", width: 1024, height: 1024 },
    { id: "square-2048", width: 2048, height: 2048 },
    { id: "portrait", width: 1536, height: 2048 },
    { id: "landscape", width: 2048, height: 1536 },
    { id: "wide", width: 2560, height: 1080 },
  ] },
];

const ALL = NEW_SIZES.flatMap(({ sizes }) => sizes);

/** @param {string} id */
export const newSize = (id) => ALL.find((size) => size.id === id) ?? null;

/**
 * The preset that has these sides, the one that was chosen before among equals.
 * @param {number} width
 * @param {number} height
 * @param {string} [before]
 * @returns {string} "" when there is none
 */
export function presetOf(width, height, before = "") {
  const equal = ALL.filter((size) => size.width === width && size.height === height);
  return (equal.find(({ id }) => id === before) ?? equal[0])?.id ?? "";
}

/** @param {string} text @returns {number | null} a side in pixels */
export function sideOf(text) {
  const side = Number(text);
  return text.trim() !== "" && Number.isInteger(side) && side >= SIDE.min && side <= SIDE.max ? side : null;
}

/** @param {string} hex such as "#ff8000" @returns {[number, number, number]} */
export const colourOf = (hex) => /** @type {[number, number, number]} */ ([1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
