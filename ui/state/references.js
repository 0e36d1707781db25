// @ts-check

/**
 * A picture that the next one is made from.
 * @typedef {{ id: number, imageId: import("./document.js").ImageId, name: string, width: number, height: number, enabled: boolean }} Reference
 * @typedef {{ list: Reference[], nextId: number }} References in the order in which the model sees them
 */

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
      const reference = { id: references.nextId, imageId, name, width, height, enabled: true };
      return { list: [...list, reference], nextId: references.nextId + 1 };
    }
    case "references/removed":
      return { ...references, list: list.filter((reference) => reference.id !== action.id) };
    case "references/enabled":
      return {
        ...references,
        list: list.map((reference) =>
          reference.id === action.id ? { ...reference, enabled: action.enabled } : reference),
      };
    case "references/moved":
      return { ...references, list: moved(list, action.id, action.by) };
    default:
      return references;
  }
}

function moved(list, id, by) {
  const from = list.findIndex((reference) => reference.id === id);
  const to = Math.min(list.length - 1, Math.max(0, from + by));
  if (from === -1 || from === to) return list;
  const next = list.filter((reference) => reference.id !== id);
  next.splice(to, 0, list[from]);
  return next;
}
