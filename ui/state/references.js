// @ts-check

/**
 * A picture that the next one is made from.
 * @typedef {{ id: number, imageId: import("./document.js").ImageId, name: string, width: number, height: number, enabled: boolean,
 *   influence: number }} Reference `influence` 1 is as the model was trained, 0 as if it were not there
 * @typedef {{ list: Reference[], nextId: number }} References in the order in which the model sees them
 */

export const INFLUENCE = { min: 0, max: 2, step: 0.05, neutral: 1, snap: 0.04 };

/** @type {References} */
export const noReferences = { list: [], nextId: 1 };

/**
 * @param {References} references
 * @param {import("./actions.js").Action} action
 * @returns {References}
 */
export function reduceReferences(references, action) {
  const { list } = references;
  switch (action.type) {
    case "references/added": {
      const { id: imageId, name, width, height } = action.image;
      const reference = { id: references.nextId, imageId, name, width, height, enabled: true, influence: INFLUENCE.neutral };
      return { list: [...list, reference], nextId: references.nextId + 1 };
    }
    case "references/removed":
      return { ...references, list: list.filter((reference) => reference.id !== action.id) };
    case "references/enabled":
      return { ...references, list: changed(list, action.id, { enabled: action.enabled }) };
    case "references/influenced":
      return { ...references, list: changed(list, action.id, { influence: toInfluence(action.influence) }) };
    case "references/moved":
      return { ...references, list: placed(list, action.id, list.findIndex(({ id }) => id === action.id) + action.by) };
    case "references/placed":
      return { ...references, list: placed(list, action.id, action.index) };
    case "references/restored": {
      const restored = action.images.map(({ id, name, width, height, influence = INFLUENCE.neutral }, index) =>
        ({ id: references.nextId + index, imageId: id, name, width, height, enabled: true, influence: toInfluence(influence) }));
      return { list: restored, nextId: references.nextId + restored.length };
    }
    default:
      return references;
  }
}

/**
 * Near the middle it is the middle.
 * @param {number} value
 */
export function toInfluence(value) {
  if (!Number.isFinite(value)) return INFLUENCE.neutral;
  if (Math.abs(value - INFLUENCE.neutral) < INFLUENCE.snap) return INFLUENCE.neutral;
  return Math.min(INFLUENCE.max, Math.max(INFLUENCE.min, Math.round(value * 100) / 100));
}

const changed = (list, id, part) =>
  list.map((reference) => (reference.id === id ? { ...reference, ...part } : reference));

function placed(list, id, index) {
  const from = list.findIndex((reference) => reference.id === id);
  const to = Math.min(list.length - 1, Math.max(0, index));
  if (from === -1 || from === to) return list;
  const next = list.filter((reference) => reference.id !== id);
  next.splice(to, 0, list[from]);
  return next;
}
