// @ts-check
import * as actions from "../state/actions.js";

/**
 * What the window remembers of what was asked for, from one start to the next, a crash included: the
 * shell writes it whole or not at all.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/** Typing rests this long before it is written. */
const REST_MS = 400;

/**
 * Brings back the form and the prompts, and keeps them from then on.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {{ after: (work: () => void, ms: number) => () => void }} outside `after` gives what calls it off
 */
export async function keepForm(store, ipc, { after }) {
  const atStart = store.getState().form;
  const [form, prompts] = await Promise.all([load(ipc, "form"), load(ipc, "prompts")]);
  if (Array.isArray(prompts)) store.dispatch(actions.promptsLoaded(prompts));
  // Who has begun to write goes on with that.
  if (form !== null && typeof form === "object" && store.getState().form.prompt === atStart.prompt) {
    store.dispatch(actions.formRestored(usable(form, store.getState().models)));
  }
  keep(store, ipc, "form", (state) => state.form, after);
  keep(store, ipc, "prompts", (state) => state.prompts, after);
}

// Without its model the numbers that were chosen for it mean nothing.
function usable(form, { status, list }) {
  if (status !== "loaded" || list.some(({ id, ready }) => id === form.model && ready)) return form;
  const { model, width, height, steps, guidance, ...rest } = form;
  return rest;
}

function keep(store, ipc, name, select, after) {
  let callOff = () => {};
  let kept = select(store.getState());
  store.observe(select, (value) => {
    if (value === kept) return;
    callOff();
    callOff = after(() => {
      kept = value;
      // It is written again with the next change.
      ipc.saveKept(name, value).catch(() => (kept = null));
    }, REST_MS);
  });
}

async function load(ipc, name) {
  try {
    return await ipc.loadKept(name);
  } catch {
    // Without it the window still works; it only forgets.
    return null;
  }
}

