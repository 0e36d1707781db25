// @ts-check
import * as actions from "../state/actions.js";

/**
 * Moving among the documents that are open, by name.
 * @param {{ store: import("./jobs.js").Store, showHistory?: () => void }} parts
 * @returns {Record<string, () => void>}
 */
export function createTabCommands({ store, showHistory = () => {} }) {
  const step = (by) => {
    const { list, active } = store.getState().tabs;
    const index = list.findIndex(({ key }) => key === active);
    store.dispatch(actions.tabShown(list[(index + by + list.length) % list.length].key));
  };
  return {
    "view.next-tab": () => step(1),
    "view.previous-tab": () => step(-1),
    "view.history": showHistory,
  };
}
