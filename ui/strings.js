// @ts-check
import { de } from "./strings/de.js";
import { en } from "./strings/en.js";

/**
 * Every word that users read, in one place: a file for each language. English comes first, and
 * what another language lacks is English there.
 * @typedef {typeof en} Strings
 */

/** @type {Record<string, Strings>} */
const LANGUAGES = { en, de: over(en, de) };

/** What languages call themselves. */
export const LANGUAGE_NAMES = { en: "English", de: "Deutsch" };

/** The words of the language in use. */
export let strings = en;

/**
 * To be called before anything is shown.
 * @param {string} language
 */
export function useLanguage(language) {
  strings = LANGUAGES[language] ?? en;
}

/**
 * The first language in a list of wishes that is there.
 * @param {readonly string[]} wishes such as "de-AT"
 */
export function bestLanguage(wishes) {
  const known = wishes.map((wish) => wish.toLowerCase().split(/[-_]/)[0]).find((wish) => wish in LANGUAGES);
  return known ?? "en";
}

/** @param {number | null} seconds "" when it is not known */
export const timeLeft = (seconds) => strings.formats.timeLeft(seconds);
/** @param {number} seconds */
export const duration = (seconds) => strings.formats.duration(seconds);
/** @param {number} width @param {number} height */
export const size = (width, height) => strings.formats.size(width, height);
/** @param {number} zoom */
export const percent = (zoom) => strings.formats.percent(zoom);
/** @param {number} bytes */
export const memory = (bytes) => strings.formats.memory(bytes);

function over(base, other) {
  if (other === undefined) return base;
  if (base === null || typeof base !== "object" || Array.isArray(base)) return other;
  const keys = Object.keys(base).map((key) => [key, over(base[key], other[key])]);
  return Object.fromEntries(keys);
}
