// @ts-check

/**
 * Work that was not saved when the editor ended.
 * @typedef {{ slot: string, title: string, secondsAgo: number }} Recovered
 */

/**
 * What is in the safety copy of each tab, by its key.
 * @typedef {Record<number, import("./document.js").Picture>} Copies
 */

/** @param {Copies} copies @param {import("./actions.js").Action} action @returns {Copies} */
export function reduceCopies(copies, action) {
  switch (action.type) {
    case "recovery/copyWritten":
      return { ...copies, [action.key]: action.picture };
    case "recovery/copyForgotten": {
      const { [action.key]: _gone, ...others } = copies;
      return others;
    }
    default:
      return copies;
  }
}

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
