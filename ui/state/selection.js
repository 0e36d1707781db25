// @ts-check
import { findLayer, groupsAround, rootsOf, walk } from "./tree.js";

/**
 * Which layers are selected. `primary` is the one whose details are shown; it is among `ids`.
 * @typedef {{ primary: number | null, ids: number[] }} SelectedLayers
 * @typedef {import("./document.js").Picture} Picture
 */

/** @type {SelectedLayers} */
export const noneSelected = { primary: null, ids: [] };

/**
 * What is selected after an action.
 * @param {SelectedLayers} selected before
 * @param {Picture} before
 * @param {Picture} after
 * @param {import("./actions.js").Action} action
 * @returns {SelectedLayers} the same value when nothing changes
 */
export function selectLayers(selected, before, after, action) {
  const made = before === after ? [] : madeBy(action, before, after);
  if (made.length > 0) return several(selected, after, made, null);
  switch (action.type) {
    case "layers/selected":
      return findLayer(after.layers, action.id) ? only(selected, action.id) : selected;
    case "layers/selectedSeveral":
      return action.ids.length === 0 || action.ids.some((id) => findLayer(after.layers, id))
        ? several(selected, after, action.ids, action.primary ?? null) : selected;
    case "document/layerAdded":
    case "document/opened":
    case "document/created":
      return only(selected, topOf(after));
    case "document/splitKept":
      return before === after ? selected : only(selected, keptLayer(after, action.result.layerId));
    case "document/groupExpanded":
      // What is selected must be in sight.
      return action.expanded ? selected : closed(selected, after, action.id);
  }
  if (before.layers === after.layers) return selected;
  const there = new Set([...walk(after.layers)].map(({ id }) => id));
  const left = selected.ids.filter((id) => there.has(id));
  if (left.length > 0) return several(selected, after, left, selected.primary);
  const next = neighbours(before.layers, selected.primary).find((id) => there.has(id)) ?? topOf(after);
  return only(selected, next);
}

// The layers that an action is about, when it made them.
function madeBy(action, before, after) {
  switch (action.type) {
    case "document/layersDuplicated":
    case "document/layersGrouped":
    case "document/layersMerged":
    case "document/layerInserted":
    case "document/extended":
    case "document/layersInserted":
      return newLayers(before, after);
    case "document/groupDissolved":
      return childrenOf(before, action.id);
    default:
      return [];
  }
}

function only(before, id) {
  if (before.primary === id && before.ids.length === (id === null ? 0 : 1)) return before;
  return { primary: id, ids: id === null ? [] : [id] };
}

function several(before, { layers }, ids, primary) {
  const wanted = new Set(ids);
  const list = [...walk(layers)].map(({ id }) => id).filter((id) => wanted.has(id));
  if (list.length === 0) return only(before, null);
  const first = primary !== null && wanted.has(primary) && list.includes(primary) ? primary : list[list.length - 1];
  const same = before.primary === first && before.ids.length === list.length && list.every((id, index) => before.ids[index] === id);
  return same ? before : { primary: first, ids: list };
}

const topOf = ({ layers }) => layers[layers.length - 1]?.id ?? null;

const newLayers = (before, { layers }) =>
  rootsOf(layers, [...walk(layers)].map(({ id }) => id).filter((id) => id >= before.nextLayerId)).map(({ id }) => id);

function childrenOf({ layers }, id) {
  const group = findLayer(layers, id);
  return group?.kind === "group" ? group.children.map((child) => child.id) : [];
}

// The group takes over from what is inside of it.
function closed(selected, picture, groupId) {
  const hidden = selected.ids.filter((id) => isInside(picture, id, groupId));
  if (hidden.length === 0) return selected;
  const ids = [...selected.ids.filter((id) => !hidden.includes(id)), groupId];
  return several(selected, picture, ids, selected.primary !== null && hidden.includes(selected.primary) ? groupId : selected.primary);
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
  return (groupsAround(layers, id) ?? []).some((group) => group.id === groupId);
}
