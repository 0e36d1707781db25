// @ts-check

const LIMIT = 200;

/**
 * @template D
 * @typedef {object} History
 * @property {D[]} past oldest first
 * @property {D} present
 * @property {D[]} future next to be redone first
 * @property {string | null} mergeKey changes with this key join the newest step
 */

/**
 * @template D
 * @param {D} present
 * @returns {History<D>}
 */
export function createHistory(present) {
  return { past: [], present, future: [], mergeKey: null };
}

/**
 * Adds undo and redo to a reducer. An action says `undo: "record"` for a step of its own, or
 * `undo: "merge"` with a `mergeKey` to join the step before; without `undo` it is no step.
 * @template D
 * @param {(present: D, action: import("./actions.js").Action) => D} reduce
 * @returns {(history: History<D>, action: import("./actions.js").Action) => History<D>}
 */
export function withHistory(reduce) {
  return (history, action) => {
    switch (action.type) {
      case "history/undone":
        return undo(history);
      case "history/redone":
        return redo(history);
      case "history/mergeEnded":
        return history.mergeKey === null ? history : { ...history, mergeKey: null };
    }
    const present = reduce(history.present, action);
    if (present === history.present) return history;
    if (action.undo === undefined) return { ...history, present };

    const mergeKey = action.undo === "merge" ? action.mergeKey ?? action.type : null;
    if (mergeKey !== null && mergeKey === history.mergeKey) return { ...history, present, future: [] };
    const past = [...history.past, history.present].slice(-LIMIT);
    return { past, present, future: [], mergeKey };
  };
}

function undo(history) {
  if (history.past.length === 0) return history;
  return {
    past: history.past.slice(0, -1),
    present: history.past[history.past.length - 1],
    future: [history.present, ...history.future],
    mergeKey: null,
  };
}

function redo(history) {
  if (history.future.length === 0) return history;
  const [present, ...future] = history.future;
  return { past: [...history.past, history.present], present, future, mergeKey: null };
}
