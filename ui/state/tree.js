// @ts-check

/**
 * Questions to a tree of layers and changes of it. Lists are bottom first; a change that changes
 * nothing gives back the same list.
 * @typedef {import("./document.js").Layer} Layer
 * @typedef {{ layer: Layer, level: number, position: number, count: number }} Row `position` and `count` among siblings, from the top and from 1
 */

/**
 * Every layer, depth first from the bottom, a group before its children.
 * @param {Layer[]} layers
 * @returns {Generator<Layer>}
 */
export function* walk(layers) {
  for (const layer of layers) {
    yield layer;
    if (layer.kind === "group") yield* walk(layer.children);
  }
}

/**
 * @param {Layer[]} layers
 * @param {number | null} id
 * @returns {Layer | null}
 */
export function findLayer(layers, id) {
  for (const layer of walk(layers)) if (layer.id === id) return layer;
  return null;
}

/**
 * The groups around a layer, the outermost first; null when the layer is not there.
 * @param {Layer[]} layers
 * @param {number} id
 * @returns {import("./document.js").Group[] | null}
 */
export function groupsAround(layers, id) {
  for (const layer of layers) {
    if (layer.id === id) return [];
    const inner = layer.kind === "group" ? groupsAround(layer.children, id) : null;
    if (layer.kind === "group" && inner) return [layer, ...inner];
  }
  return null;
}

/**
 * What a list shows: the top layer first, nothing of what is in closed groups.
 * @param {Layer[]} layers
 * @param {number} [level]
 * @returns {Row[]}
 */
export function rowsOf(layers, level = 1) {
  return [...layers].reverse().flatMap((layer, index) => {
    const row = { layer, level, position: index + 1, count: layers.length };
    const inner = layer.kind === "group" && layer.expanded ? rowsOf(layer.children, level + 1) : [];
    return [row, ...inner];
  });
}

/**
 * Puts other layers in the place of one.
 * @param {Layer[]} layers
 * @param {number} id
 * @param {(layer: any) => Layer[]} replace
 * @returns {Layer[]}
 */
export function replaceLayer(layers, id, replace) {
  let changed = false;
  const next = layers.flatMap((layer) => {
    if (layer.id === id) {
      const others = replace(layer);
      changed ||= others.length !== 1 || others[0] !== layer;
      return others;
    }
    if (layer.kind !== "group") return [layer];
    const children = replaceLayer(layer.children, id, replace);
    if (children === layer.children) return [layer];
    changed = true;
    return [{ ...layer, children }];
  });
  return changed ? next : layers;
}

/**
 * @param {Layer[]} layers
 * @param {number} id
 * @param {Record<string, any>} change
 * @returns {Layer[]}
 */
export function changeLayer(layers, id, change) {
  return replaceLayer(layers, id, (layer) =>
    [Object.keys(change).every((key) => same(layer[key], change[key])) ? layer : { ...layer, ...change }]);
}

/**
 * Moves a layer by one place: past its neighbour, into an open group, or out of its own.
 * @param {Layer[]} layers
 * @param {number} id
 * @param {1 | -1} by up is 1
 * @returns {Layer[]}
 */
export function moveLayer(layers, id, by) {
  const layer = findLayer(layers, id);
  const groups = groupsAround(layers, id);
  if (!layer || !groups) return layers;
  const group = groups[groups.length - 1];
  const siblings = group ? group.children : layers;
  const from = siblings.indexOf(layer);
  const neighbour = siblings[from + by];
  if (neighbour === undefined && group === undefined) return layers;

  const without = replaceLayer(layers, id, () => []);
  if (neighbour === undefined) {
    return replaceLayer(without, group.id, (parent) => (by === 1 ? [parent, layer] : [layer, parent]));
  }
  return replaceLayer(without, neighbour.id, (other) => {
    if (other.kind !== "group" || !other.expanded) return by === 1 ? [other, layer] : [layer, other];
    const children = by === 1 ? [layer, ...other.children] : [...other.children, layer];
    return [{ ...other, children }];
  });
}

/**
 * The layers with these ids, without those that are inside another one of them.
 * @param {Layer[]} layers
 * @param {Iterable<number>} ids
 * @returns {Layer[]} bottom first
 */
export function rootsOf(layers, ids) {
  const wanted = ids instanceof Set ? ids : new Set(ids);
  return layers.flatMap((layer) => {
    if (wanted.has(layer.id)) return [layer];
    return layer.kind === "group" ? rootsOf(layer.children, wanted) : [];
  });
}

/**
 * Changes layers wherever they are; a group is changed before its children.
 * @param {Layer[]} layers
 * @param {(layer: any) => Layer} change gives back the same layer where nothing changes
 * @returns {Layer[]}
 */
export function mapLayers(layers, change) {
  let changed = false;
  const next = layers.map((layer) => {
    let other = change(layer);
    if (other.kind === "group") {
      const children = mapLayers(other.children, change);
      if (children !== other.children) other = { ...other, children };
    }
    changed ||= other !== layer;
    return other;
  });
  return changed ? next : layers;
}

/**
 * @param {Layer[]} layers
 * @param {Iterable<number>} ids
 * @returns {Layer[]}
 */
export function removeLayers(layers, ids) {
  const gone = ids instanceof Set ? ids : new Set(ids);
  let changed = false;
  const next = layers.flatMap((layer) => {
    if (gone.has(layer.id)) {
      changed = true;
      return [];
    }
    if (layer.kind !== "group") return [layer];
    const children = removeLayers(layer.children, gone);
    if (children === layer.children) return [layer];
    changed = true;
    return [{ ...layer, children }];
  });
  return changed ? next : layers;
}

/**
 * @param {Layer[]} layers
 * @param {number | null} parentId the group, null for the picture itself
 * @param {number} index from the bottom
 * @param {Layer[]} added bottom first
 * @returns {Layer[]}
 */
export function insertLayers(layers, parentId, index, added) {
  if (parentId !== null) {
    return replaceLayer(layers, parentId, (group) =>
      [{ ...group, children: insertLayers(group.children, null, index, added) }]);
  }
  const at = Math.min(layers.length, Math.max(0, Math.round(index)));
  return [...layers.slice(0, at), ...added, ...layers.slice(at)];
}

/**
 * Where a layer is.
 * @param {Layer[]} layers
 * @param {number} id
 * @returns {{ parentId: number | null, siblings: Layer[], index: number } | null}
 */
export function placeOf(layers, id) {
  const groups = groupsAround(layers, id);
  if (groups === null) return null;
  const group = groups[groups.length - 1];
  const siblings = group ? group.children : layers;
  return { parentId: group ? group.id : null, siblings, index: siblings.findIndex((layer) => layer.id === id) };
}

/** How many groups are within each other, 0 for a layer of pixels. @param {Layer} layer @returns {number} */
export function depthOf(layer) {
  if (layer.kind !== "group") return 0;
  return 1 + layer.children.reduce((deepest, child) => Math.max(deepest, depthOf(child)), 0);
}

/**
 * What is locked of a layer, by itself or by a group around it.
 * @param {Layer[]} layers
 * @param {number} id
 * @returns {import("./layer.js").Lock}
 */
export function lockOf(layers, id) {
  const layer = findLayer(layers, id);
  const around = [...groupsAround(layers, id) ?? [], ...(layer ? [layer] : [])];
  const any = (part) => around.some(({ lock }) => lock[part]);
  return { transparency: any("transparency"), pixels: any("pixels"), position: any("position") };
}

function same(a, b) {
  if (a === b) return true;
  if (!a || !b || typeof a !== "object" || typeof b !== "object") return false;
  return Object.keys(b).every((key) => a[key] === b[key]);
}
