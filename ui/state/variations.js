// @ts-check

/**
 * Pictures of one run beside each other, of which some are kept.
 * @typedef {import("./run.js").Run} Run
 * @typedef {import("./run.js").Placed} Placed
 * @typedef {{ run: Run, results: Placed[], shown: number, picked: number[] }} VariationSet `picked` are indexes in order
 */

/**
 * @param {VariationSet[]} sets oldest first
 * @param {import("./actions.js").Action} action
 * @param {number} tab the one in view
 * @returns {VariationSet[]}
 */
export function reduceVariations(sets, action, tab) {
  const change = (part) => {
    const current = variationsIn(sets, tab);
    return current ? sets.map((set) => (set === current ? { ...set, ...part(set) } : set)) : sets;
  };
  switch (action.type) {
    case "variations/arrived": {
      const { run, result } = action;
      const there = sets.some((set) => set.run.id === run.id);
      if (!there) return [...sets, { run, results: [result], shown: 0, picked: [] }];
      return sets.map((set) => (set.run.id === run.id ? { ...set, results: [...set.results, result] } : set));
    }
    case "variations/shown":
      return change(({ results, shown }) => ({ shown: results[action.index] ? action.index : shown }));
    case "variations/picked":
      return change(({ picked }) => ({ picked: toggled(picked, action.index) }));
    case "variations/ended":
      return sets.filter((set) => set.run.id !== action.run);
    case "tabs/closed":
      return sets.filter((set) => set.run.tab !== action.key);
    default:
      return sets;
  }
}

/** What waits to be decided about in a document, the oldest set. @param {VariationSet[]} sets @param {number} tab @returns {VariationSet | null} */
export const variationsIn = (sets, tab) => sets.find((set) => set.run.tab === tab) ?? null;

/** What is kept: what was picked, or what is shown. @param {VariationSet} set @returns {Placed[]} */
export const keptOf = ({ results, shown, picked }) =>
  (picked.length > 0 ? picked : [shown]).map((index) => results[index]);

/** @param {VariationSet[]} sets */
export const imagesOfVariations = (sets) =>
  sets.flatMap(({ run, results }) => [run.target?.original, run.target?.selection?.id, ...results.flatMap(({ imageId, made }) => [imageId, made])])
    .filter((id) => typeof id === "number" && id !== 0);

function toggled(list, index) {
  return list.includes(index) ? list.filter((other) => other !== index) : [...list, index].sort((a, b) => a - b);
}
