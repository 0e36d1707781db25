// @ts-check
import { noticeShown } from "../state/actions.js";
import { preferencesLoaded, toKept } from "../state/preferences.js";
import { strings } from "../strings.js";

/**
 * Brings the settings in, and keeps what is changed from then on.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/** A slider rests this long before it is kept. */
const REST_MS = 150;

/**
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {{ after: (work: () => void, ms: number) => () => void }} outside `after` gives what calls it off
 */
export async function keepPreferences(store, ipc, { after }) {
  let kept = store.getState().preferences;
  let callOff = () => {};
  await load();
  store.observe((state) => state.preferences, (preferences) => {
    callOff();
    if (preferences !== kept) callOff = after(() => void save(preferences), REST_MS);
  });

  async function load() {
    try {
      const { problem, ...preferences } = await ipc.loadPreferences();
      take(preferences);
      if (problem) store.dispatch(noticeShown("error", strings.preferences.unreadable, [problem]));
    } catch (error) {
      store.dispatch(noticeShown("error", strings.errorText(error)));
    }
  }

  async function save(preferences) {
    try {
      const { problem, ...now } = await ipc.savePreferences(toKept(preferences));
      // What was changed meanwhile is kept next.
      if (store.getState().preferences === preferences) take(now);
    } catch (error) {
      store.dispatch(noticeShown("error", strings.errorText(error)));
      if (store.getState().preferences === preferences) store.dispatch(preferencesLoaded(kept));
    }
  }

  function take(preferences) {
    const before = store.getState().preferences;
    kept = preferences;
    store.dispatch(preferencesLoaded(preferences));
    // Where nothing differs, the state keeps its own object.
    if (store.getState().preferences === before) kept = before;
  }
}
