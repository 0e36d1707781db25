// @ts-check

/**
 * Work that was not saved when the editor ended.
 * @typedef {{ slot: string, title: string, secondsAgo: number }} Recovered
 */

/**
 * @param {Recovered[]} list
 * @param {import("./actions.js").Action} action
 * @returns {Recovered[]}
 */
export function reduceRecovery(list, action) {
  switch (action.type) {
    case "recovery/found":
      return action.list;
    case "recovery/settled":
      return list.filter(({ slot }) => slot !== action.slot);
    default:
      return list;
  }
}
