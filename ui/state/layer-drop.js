// @ts-check

/**
 * Where layers that are dragged over the list would land.
 * @typedef {import("./tree.js").Row} Row
 * @typedef {import("./document.js").Layer} Layer
 * @typedef {{ parentId: number | null, index: number, into: boolean, level: number }} Drop `index` counts all that is
 *   there from the bottom; `level` is how far in the line is drawn
 */

/**
 * @param {Layer[]} layers
 * @param {Row[]} rows what the list shows
 * @param {number} at which row the pointer is over
 * @param {number} share how far down in the row, 0 to 1
 * @param {number} level at which the pointer is, by its distance from the edge: farther out means out of groups
 * @returns {Drop | null}
 */
export function dropAt(layers, rows, at, share, level) {
  const row = rows[at];
  if (!row) return null;
  const { layer } = row;
  const isGroup = layer.kind === "group";
  if (isGroup && share >= 0.3 && (share <= 0.7 || (layer.expanded && layer.children.length > 0))) {
    return { parentId: layer.id, index: layer.children.length, into: true, level: row.level + 1 };
  }
  const chain = chainTo(layers, layer.id);
  const own = chain[chain.length - 1];
  if (share < 0.5) return { parentId: own.parentId, index: own.index + 1, into: false, level: row.level };
  // Below the lowest layer of a group, a pointer farther out means below the group.
  let depth = chain.length;
  while (depth > 1 && depth > level && chain[depth - 1].index === 0) depth -= 1;
  const place = chain[depth - 1];
  return { parentId: place.parentId, index: place.index, into: false, level: depth };
}

/**
 * The place as `layersMovedTo` takes it: without those that move.
 * @param {Layer[]} siblings of the place
 * @param {number} index
 * @param {Iterable<number>} moved
 */
export function indexWithout(siblings, index, moved) {
  const gone = new Set(moved);
  return siblings.slice(0, index).filter(({ id }) => !gone.has(id)).length;
}

// The place of a layer and of every group around it, the outermost first.
function chainTo(layers, id, parentId = null) {
  for (const [index, layer] of layers.entries()) {
    if (layer.id === id) return [{ parentId, index }];
    const inner = layer.kind === "group" ? chainTo(layer.children, id, layer.id) : [];
    if (inner.length > 0) return [{ parentId, index }, ...inner];
  }
  return [];
}
