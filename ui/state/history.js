// @ts-check

/** What all steps of undo may hold together, in bytes. */
export const HISTORY_BYTES = 2 ** 30;
/** What a step needs beside pixels: names, places, numbers. */
export const STEP_BYTES = 16 * 1024;

/**
 * @template D
 * @typedef {{ picture: D, label: string, bytes: number }} Step a state, what led to it, and what its pixels need
 */

/**
 * @template D
 * @typedef {object} History
 * @property {Step<D>[]} past oldest first
 * @property {D} present
 * @property {string} label what led to the present
 * @property {number} bytes of the present
 * @property {number} total of all steps
 * @property {Step<D>[]} future next to be redone first
 * @property {string | null} mergeKey changes with this key join the newest step
 */

/**
 * @template D
 * @param {D} present
 * @param {string} [label]
 * @returns {History<D>}
 */
export function createHistory(present, label = "start") {
  return { past: [], present, label, bytes: 0, total: 0, future: [], mergeKey: null };
}

/**
 * Adds undo and redo to a reducer. An action says `undo: "record"` for a step of its own, or
 * `undo: "merge"` with a `mergeKey` to join the step before; without `undo` it is no step. Its
 * `label` says what the step is, its `bytes` what new pixels it needs.
 * @template D
 * @param {(present: D, action: import("./actions.js").Action, ...more: any[]) => D} reduce
 * @returns {(history: History<D>, action: import("./actions.js").Action, limit?: number, ...more: any[]) => History<D>}
 */
export function withHistory(reduce) {
  return (history, action, limit = HISTORY_BYTES, ...more) => {
    switch (action.type) {
      case "history/undone":
        return jump(history, history.past.length - 1);
      case "history/redone":
        return jump(history, history.past.length + 1);
      case "history/jumped":
        return jump(history, action.index);
      case "history/mergeEnded":
        return history.mergeKey === null ? history : { ...history, mergeKey: null };
    }
    const present = reduce(history.present, action, ...more);
    if (present === history.present) return history;
    if (action.undo === undefined) return { ...history, present };

    const mergeKey = action.undo === "merge" ? action.mergeKey ?? action.type : null;
    const label = action.label ?? action.type;
    const bytes = Math.max(0, action.bytes ?? 0);
    if (mergeKey !== null && mergeKey === history.mergeKey) {
      return bounded({ ...history, present, bytes: history.bytes + bytes, total: left(history) + bytes, future: [] }, limit);
    }
    const past = [...history.past, presentStep(history)];
    const total = left(history) + bytes + STEP_BYTES;
    return bounded({ past, present, label, bytes: bytes + STEP_BYTES, total, future: [], mergeKey }, limit);
  };
}

/** Every step from the oldest to the one that is redone last. @template D @param {History<D>} history @returns {Step<D>[]} */
export function stepsOf(history) {
  return [...history.past, presentStep(history), ...history.future];
}

/** What all steps hold, in bytes. @param {History<any>} history */
export const historyBytes = ({ total }) => total;

// A change forgets what was undone.
function left({ total, future }) {
  return future.reduce((rest, step) => rest - step.bytes, total);
}

function presentStep({ present, label, bytes }) {
  return { picture: present, label, bytes };
}

function jump(history, index) {
  const steps = stepsOf(history);
  const to = steps[index];
  if (!to || index === history.past.length) return history;
  return {
    past: steps.slice(0, index),
    present: to.picture,
    label: to.label,
    bytes: to.bytes,
    total: history.total,
    future: steps.slice(index + 1),
    mergeKey: null,
  };
}

// The oldest steps go first. The step that is then the oldest holds only what the later ones hold too.
function bounded(history, limit) {
  let { total } = history;
  let gone = 0;
  while (total > limit && gone < history.past.length) {
    total -= history.past[gone].bytes;
    gone += 1;
  }
  return gone === 0 ? history : { ...history, total, past: history.past.slice(gone) };
}
