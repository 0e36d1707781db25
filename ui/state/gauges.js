// @ts-check

/**
 * What the machine did lately, as the shell tells it ten times a second. It is not part of the window's state:
 * nothing is decided by it, and every observer of the state would be asked ten times a second.
 *
 * @typedef {{ stage: string, done: number, total: number }} Phase
 * @typedef {object} Card
 * @property {string} name
 * @property {number | null} load from 0 to 1
 * @property {{ ours: number | null, used: number, total: number } | null} memory bytes
 * @property {number | null} temperature degrees Celsius
 * @property {number | null} watts
 * @property {number | null} wattsLimit
 * @property {number | null} clock MHz
 * @property {number | null} memoryClock MHz
 * @typedef {object} Look
 * @property {number} at milliseconds, only ever rising
 * @property {number | null} cpu share of all processors, from 0 to 1
 * @property {{ used: number, total: number } | null} memory bytes
 * @property {{ cpu: number | null, anonymous: number, mapped: number, diskRead: number | null } | null} ours
 * @property {Card[]} cards
 * @property {Phase | null} phase of the running job
 *
 * @typedef {"cpu" | "memory" | "card" | "card-memory" | "disk"} Kind
 * @typedef {{ id: string, kind: Kind, card: number }} Gauge one thing that is measured; `card` counts from 0
 * @typedef {{ value: number, ours: number | null, most: number | null, files?: number }} Reading `most` is as far as it can go, null
 *   where nothing says so; `files` are bytes of our files that the system takes back where it needs them
 * @typedef {Reading & { at: number }} Point
 */

/** How far back the looks go. */
export const SPAN_MS = 120_000;

/**
 * @param {Look[]} looks oldest first
 * @param {Look} look
 * @returns {Look[]} without those that are too old
 */
export function withLook(looks, look) {
  const last = looks[looks.length - 1];
  // A clock that went back is another one.
  if (last && look.at < last.at) return [look];
  const first = looks.findIndex(({ at }) => at >= look.at - SPAN_MS);
  return first === -1 ? [look] : [...looks.slice(first), look];
}

/**
 * What can be measured on this machine.
 * @param {Look | undefined} look
 * @returns {Gauge[]}
 */
export function gaugesOf(look) {
  if (!look) return [];
  /** @type {Gauge[]} */
  const all = [{ id: "cpu", kind: "cpu", card: -1 }, { id: "memory", kind: "memory", card: -1 }];
  look.cards.forEach((_, card) => all.push({ id: `card-${card}`, kind: "card", card }, { id: `card-memory-${card}`, kind: "card-memory", card }));
  all.push({ id: "disk", kind: "disk", card: -1 });
  return all.filter((gauge) => readingOf(look, gauge) !== null);
}

/**
 * @param {Look} look
 * @param {Gauge} gauge
 * @returns {Reading | null}
 */
export function readingOf({ cpu, memory, ours, cards }, { kind, card }) {
  switch (kind) {
    case "cpu":
      return cpu === null ? null : { value: cpu, ours: ours?.cpu ?? null, most: 1 };
    case "memory":
      return memory && { value: memory.used, ours: ours && Math.min(memory.used, ours.anonymous), most: memory.total, files: ours?.mapped };
    case "card":
      return isNumber(cards[card]?.load) ? { value: cards[card].load, ours: null, most: 1 } : null;
    case "card-memory": {
      const held = cards[card]?.memory;
      return held ? { value: held.used, ours: held.ours, most: held.total } : null;
    }
    case "disk":
      return isNumber(ours?.diskRead) ? { value: ours.diskRead, ours: null, most: null } : null;
  }
}

/** @param {Look[]} looks @param {Gauge} gauge @returns {Point[]} */
export function seriesOf(looks, gauge) {
  return looks.flatMap((look) => {
    const reading = readingOf(look, gauge);
    return reading ? [{ at: look.at, ...reading }] : [];
  });
}

/**
 * A chart in three numbers, for those who cannot see it.
 * @param {Point[]} series
 */
export function summaryOf(series) {
  if (series.length === 0) return null;
  const values = series.map(({ value }) => value);
  const sum = values.reduce((a, b) => a + b, 0);
  return { now: values[values.length - 1], mean: sum / values.length, highest: Math.max(...values) };
}

/**
 * The phases of jobs, one after the other; `to` is when the next look saw another one.
 * @param {Look[]} looks
 * @returns {{ stage: string, from: number, to: number }[]}
 */
export function phasesOf(looks) {
  const phases = [];
  let open = null;
  for (const { at, phase } of looks) {
    if (open) open.to = at;
    if (phase?.stage === open?.stage) continue;
    open = phase ? { stage: phase.stage, from: at, to: at } : null;
    if (open) phases.push(open);
  }
  return phases;
}

/**
 * How long each phase of the job took that was seen last, in order; a phase that came twice is one.
 * @param {Look[]} looks
 * @returns {{ stage: string, ms: number }[]}
 */
export function lastRunOf(looks) {
  const phases = phasesOf(looks);
  let first = phases.length - 1;
  // Before a pause was another job.
  while (first > 0 && phases[first - 1].to === phases[first].from) first -= 1;
  const sums = new Map();
  for (const { stage, from, to } of phases.slice(Math.max(0, first))) sums.set(stage, (sums.get(stage) ?? 0) + to - from);
  return [...sums].map(([stage, ms]) => ({ stage, ms }));
}

/** @param {unknown} value @returns {value is number} */
const isNumber = (value) => typeof value === "number";
