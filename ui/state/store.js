// @ts-check

/**
 * @template S
 * @typedef {object} Store
 * @property {() => S} getState
 * @property {(action: import("./actions.js").Action) => void} dispatch
 * @property {<P>(select: (state: S) => P, observer: (part: P, state: S) => void, signal?: AbortSignal) => void} observe
 */

/**
 * Holds one state value; the reducer makes the next one from an action.
 * @template S
 * @param {(state: S, action: import("./actions.js").Action) => S} reduce
 * @param {S} initialState
 * @returns {Store<S>}
 */
export function createStore(reduce, initialState) {
  let state = initialState;
  let reducing = false;
  /** @type {Set<() => void>} */
  const observers = new Set();

  function dispatch(action) {
    if (reducing) throw new Error(`a reducer dispatched ${action.type}`);
    reducing = true;
    try {
      state = reduce(state, action);
    } finally {
      reducing = false;
    }
    // A snapshot, so that an observer may start or stop others.
    for (const notify of [...observers]) {
      if (observers.has(notify)) notify();
    }
  }

  /** Calls the observer now, and again whenever the selected part is another value. */
  function observe(select, observer, signal) {
    if (signal?.aborted) return;
    let part = select(state);
    const notify = () => {
      const next = select(state);
      if (Object.is(next, part)) return;
      part = next;
      observer(part, state);
    };
    observers.add(notify);
    signal?.addEventListener("abort", () => observers.delete(notify), { once: true });
    observer(part, state);
  }

  return { getState: () => state, dispatch, observe };
}
