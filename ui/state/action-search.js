// @ts-check

/**
 * Finds actions by words. Every word that is typed must begin a word of the action's name, its menu or
 * its synonyms, or lie within its name; what begins the name counts most.
 * @typedef {{ name: string, label: string, words: string, menu: string }} Entry
 */

/**
 * @template {Entry} T
 * @param {T[]} entries in their usual order
 * @param {string} query
 * @param {string[]} [recent] names, the one used last first
 * @returns {T[]} the best first; with nothing typed the recent ones, then all
 */
export function findActions(entries, query, recent = []) {
  const asked = wordsOf(query);
  const found = entries
    .map((entry, index) => ({ entry, index, score: scoreOf(entry, asked), used: recent.indexOf(entry.name) }))
    .filter(({ score }) => score > 0);
  const age = (used) => (used === -1 ? recent.length : used);
  found.sort((a, b) => b.score - a.score || age(a.used) - age(b.used) || a.index - b.index);
  return found.map(({ entry }) => entry);
}

const BEGINS_LABEL = 8;
const BEGINS_WORD = 4;
const SYNONYM = 2;
const INSIDE_LABEL = 1;

function scoreOf({ label, words, menu }, asked) {
  const name = plain(label);
  const parts = wordsOf(label);
  const others = [...wordsOf(words), ...wordsOf(menu)];
  let sum = 1;
  for (const [index, word] of asked.entries()) {
    const score = wordScore(word, index, name, parts, others);
    if (score === 0) return 0;
    sum += score;
  }
  return sum;
}

function wordScore(word, index, name, parts, others) {
  if (index === 0 && name.startsWith(word)) return BEGINS_LABEL;
  if (parts.some((part) => part.startsWith(word))) return BEGINS_WORD;
  if (others.some((other) => other.startsWith(word))) return SYNONYM;
  return name.includes(word) ? INSIDE_LABEL : 0;
}

function wordsOf(text) {
  return plain(text).split(/[^\p{Letter}\p{Number}]+/u).filter(Boolean);
}

// Without accents, so that "grosse" finds "Größe" as well.
function plain(text) {
  return text.normalize("NFD").replace(/\p{Mark}/gu, "").toLowerCase().replaceAll("ß", "ss");
}
