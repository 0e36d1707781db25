// @ts-check
import { findLayer, groupsAround } from "./tree.js";

/**
 * Which layer is selected after an action.
 * @param {number | null} selected before
 * @param {import("./document.js").Picture} before
 * @param {import("./document.js").Picture} after
 * @param {import("./actions.js").Action} action
 * @returns {number | null}
 */
export function selectLayer(selected, before, after, action) {
  const exists = (id) => findLayer(after.layers, id) !== null;
  switch (action.type) {
    case "layers/selected":
      return exists(action.id) ? action.id : selected;
    case "document/layerAdded":
    case "document/opened":
      return after.layers[after.layers.length - 1]?.id ?? null;
    case "document/splitKept":
      return before === after ? selected : keptLayer(after, action.result.layerId);
    case "document/groupExpanded":
      // What is selected must be in sight.
      return !action.expanded && isInside(after, selected, action.id) ? action.id : selected;
  }
  if (selected !== null && exists(selected)) return selected;
  return neighbours(before.layers, selected).find(exists) ?? after.layers[after.layers.length - 1]?.id ?? null;
}

// Who takes over from a layer that is gone: those above it, those below it, the group around it.
function neighbours(layers, id) {
  const groups = (id === null ? null : groupsAround(layers, id)) ?? [];
  const siblings = (groups[groups.length - 1]?.children ?? layers).map((layer) => layer.id);
  const index = siblings.indexOf(id);
  if (index === -1) return [];
  return [...siblings.slice(index + 1), ...siblings.slice(0, index).reverse(), ...groups.map((group) => group.id).reverse()];
}

// The group that took the layer's place, or the top one of the new layers.
function keptLayer({ layers }, id) {
  const group = groupsAround(layers, id)?.pop();
  return group ? group.id : layers[layers.length - 1].id;
}

function isInside({ layers }, id, groupId) {
  return id !== null && (groupsAround(layers, id) ?? []).some((group) => group.id === groupId);
}
