// @ts-check
import {
  BACKGROUNDS, COLOURS, FILLERS, KIND_OF_LOOK, KINDS, MATERIALS, PICTURES, SYNONYMS,
} from "./vocabulary.js";

/**
 * An offer to go on with a prompt: `text` follows `base`, which ends with a space.
 * @typedef {{ base: string, text: string }} Offer
 */

const ARTICLES = ["a", "an", "the"];
const LOOKS = [...COLOURS, ...MATERIALS];
const DARK_COLOURS = ["black", "brown", "gray", "purple"];

/**
 * What is offered for a prompt whose caret stands at its end, or null.
 * A space asks for a new offer; letters that agree with the offer keep what is left of it.
 * @param {string} prompt
 * @param {Offer | null} before
 * @returns {Offer | null}
 */
export function offerFor(prompt, before) {
  const fresh = complete(prompt);
  if (fresh !== "") return { base: prompt, text: fresh };
  if (!before || prompt.length <= before.base.length || !prompt.startsWith(before.base)) return null;
  const typed = prompt.slice(before.base.length);
  const agrees = before.text.toLowerCase().startsWith(typed.toLowerCase());
  return agrees && typed.length < before.text.length ? before : null;
}

/**
 * The part of an offer that is not typed yet.
 * @param {Offer} offer
 * @param {string} prompt
 */
export function restOfOffer(offer, prompt) {
  return offer.text.slice(prompt.length - offer.base.length);
}

/**
 * The words that go on after a prompt that ends with one space; "" when there is nothing to offer.
 * @param {string} prompt
 * @returns {string}
 */
export function complete(prompt) {
  if (!/[^\s] $/.test(prompt)) return "";
  const written = prompt.toLowerCase().match(/[a-z]+/g) ?? [];
  const words = written.map((word) => SYNONYMS[word] ?? word);
  const [before, last] = [undefined, ...words].slice(-2);
  const endsWithComma = /, $/.test(prompt);
  if (last === undefined) return "";

  const background = backgroundTail(words);
  if (background !== null) return background;
  if (KINDS.includes(last) || (endsWithComma && mentions(words, KINDS))) return backgroundPhrase(words);
  if (ARTICLES.includes(last)) return thing(words, last);
  if (LOOKS.includes(last)) return kindFor(words, last);
  if (FILLERS.includes(last)) return filled(words);
  return last === "of" && PICTURES.includes(before) ? "a red potion" : "";
}

// After "on", "on a" and "on a dark" only a background makes sense.
function backgroundTail(words) {
  const [third, second, last] = [undefined, undefined, ...words].slice(-3);
  if (last === "on") return `a ${tone(words)} background`;
  if (second === "on" && ARTICLES.includes(last)) return `${tone(words)} background`;
  const tones = [...BACKGROUNDS, ...COLOURS];
  if (tones.includes(last) && (second === "on" || third === "on")) return "background";
  return last === "background" ? "" : null;
}

function backgroundPhrase(words) {
  return words.includes("background") ? "" : `on a ${tone(words)} background`;
}

function tone(words) {
  return words.some((word) => DARK_COLOURS.includes(word)) ? "light" : "dark";
}

function thing(words, article) {
  if (article === "an") return "orange flame";
  const kind = unused(words, ["potion", ...KINDS]);
  return kind === "potion" ? "red potion" : kind;
}

// "a shiny" wants a thing, "a red shiny" a thing that is red.
function filled(words) {
  if (mentions(words, KINDS)) return "";
  const look = words.find((word) => LOOKS.includes(word));
  return look ? kindFor(words, look) : thing(words, "a");
}

function kindFor(words, look) {
  const usual = KIND_OF_LOOK[look];
  return words.includes(usual) ? unused(words, KINDS) : usual;
}

function unused(words, kinds) {
  return kinds.find((kind) => !words.includes(kind)) ?? "";
}

function mentions(words, vocabulary) {
  return words.some((word) => vocabulary.includes(word));
}
