// Random actions of an editor, and what must be true after each of them.
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { DEEPEST } = await ui("state/layer-changes.js");
const { HISTORY_BYTES, stepsOf } = await ui("state/history.js");
const { depthOf, walk } = await ui("state/tree.js");

/** Numbers that are the same for the same seed. */
export function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (end) => Math.floor(next() * end);
  return {
    next,
    below,
    between: (from, to) => from + below(to - from + 1),
    pick: (list) => list[below(list.length)],
    chance: (share) => next() < share,
  };
}

const BLENDS = ["normal", "multiply", "screen", "overlay", "difference", "pass-through"];
const MOST_LAYERS = 60;

/** Actions by how often they come. `ids` are of the layers that are there. */
const KINDS = {
  layerAdded: [6, ({ image }) => actions.layerAdded(image())],
  layerInserted: [6, ({ placed, any, mask, chance }) => actions.layerInserted({ ...placed(), name: "inserted", above: any(), mask: chance(0.3) ? mask() : null, opacity: 0.5 })],
  layersDuplicated: [3, ({ some }) => actions.layersDuplicated(some(), " copy")],
  layersRemoved: [5, ({ some }) => actions.layersRemoved(some())],
  layerRemoved: [2, ({ one }) => actions.layerRemoved(one())],
  layerRenamed: [2, ({ one, below }) => actions.layerRenamed(one(), `name ${below(99)}`)],
  layerShown: [3, ({ one, chance }) => actions.layerShown(one(), chance(0.5))],
  layersShownOnly: [3, ({ some }) => actions.layersShownOnly(some())],
  layerFaded: [3, ({ one, next }) => actions.layerFaded(one(), next())],
  layerBlended: [2, ({ one, pick }) => actions.layerBlended(one(), pick(BLENDS))],
  layerLocked: [1, ({ one, chance }) => actions.layerLocked(one(), chance(0.3))],
  layerMoved: [5, ({ one, chance }) => actions.layerMoved(one(), chance(0.5) ? 1 : -1)],
  layersMovedTo: [8, ({ some, any, below }) => actions.layersMovedTo(some(), any(), below(8))],
  layersGrouped: [4, ({ some }) => actions.layersGrouped(some(), "group")],
  groupDissolved: [3, ({ one }) => actions.groupDissolved(one())],
  groupExpanded: [3, ({ one, chance }) => actions.groupExpanded(one(), chance(0.5))],
  layersChanged: [8, ({ some, pick, next, chance }) => actions.layersChanged(some(), pick([
    { opacity: next() }, { fill: next() }, { blend: pick(BLENDS) }, { clipping: chance(0.5) }, { visible: chance(0.5) },
    { lock: { [pick(["transparency", "pixels", "position"])]: chance(0.4) } },
  ]), "changed")],
  layersOffset: [6, ({ some, between, chance }) => actions.layersOffset(some(), between(-50, 50), between(-50, 50), chance(0.5) ? "drag" : undefined)],
  layerPixelsReplaced: [8, ({ one, placed, bytes }) => actions.layerPixelsReplaced(one(), placed(), "painted", bytes())],
  layerMaskReplaced: [5, ({ one, mask, bytes, chance }) => actions.layerMaskReplaced(one(), chance(0.7) ? mask() : null, "masked", bytes())],
  layersReplaced: [4, ({ some, placed, mask, bytes, chance }) =>
    actions.layersReplaced(some().map((id) => ({ id, ...placed(), mask: chance(0.3) ? mask() : null })), "transformed", bytes())],
  layersMerged: [3, ({ some, placed, bytes }) => actions.layersMerged(some(), { ...placed(), name: "merged" }, bytes())],
  canvasResized: [2, ({ between }) => actions.canvasResized({ x: between(-99, 99), y: between(-99, 99), width: between(1, 999), height: between(1, 999) })],
  selectionChanged: [6, ({ selection, chance }) => actions.selectionChanged(chance(0.7) ? selection() : null)],
  guidesChanged: [2, ({ below }) => actions.guidesChanged({ vertical: [below(99)], horizontal: [] })],
  splitKept: [1, ({ split }) => actions.splitKept(split())],
  layerSelected: [4, ({ one }) => actions.layerSelected(one())],
  layersSelected: [4, ({ some, any }) => actions.layersSelected(some(), any())],
  undone: [7, () => actions.undone()],
  redone: [7, () => actions.redone()],
  historyJumped: [1, ({ state, between }) => actions.historyJumped(state.document.past.length + between(-6, 6))],
  mergeEnded: [2, () => actions.mergeEnded()],
  clipChanged: [1, ({ picture, pick }) => actions.clipChanged(picture.layers.length > 0 ? { layers: [pick(picture.layers)], documentId: picture.documentId, isPart: false } : null)],
  layersInserted: [2, ({ state, any }) => actions.layersInserted(state.clipboard?.layers ?? [], any())],
  tabOpened: [1, ({ state }) => (state.tabs.list.length < 4 ? actions.tabOpened() : actions.mergeEnded())],
  documentCreated: [1, ({ state, fresh }) => (state.tabs.list.length < 4
    ? actions.documentCreated({ name: "new", width: 64, height: 48, background: null, imageId: fresh() }) : actions.mergeEnded())],
  tabShown: [3, ({ state, pick }) => actions.tabShown(pick(state.tabs.list).key)],
  tabMoved: [1, ({ state, pick, below }) => actions.tabMoved(pick(state.tabs.list).key, below(4))],
  tabClosed: [1, ({ state, pick }) => {
    const { key } = pick(state.tabs.list);
    return key === 1 ? actions.mergeEnded() : actions.tabClosed(key);
  }],
  inTab: [2, ({ state, pick, image }) => actions.inTab(pick(state.tabs.list).key, actions.layerAdded(image()))],
  viewportPanned: [1, ({ between }) => actions.viewportPanned(between(-9, 9), 3)],
};
export const KIND_NAMES = Object.keys(KINDS);
const WEIGHTED = Object.entries(KINDS).flatMap(([name, [weight]]) => Array(weight).fill(name));

/** @param {number} seed @param {{ largest?: number }} [limits] bytes that a step says it needs */
export function createEdits(seed, { largest = 8192 } = {}) {
  const roll = dice(seed);
  let image = 0;
  let mask = 2 ** 40;

  /** The next action for a state, with its name. */
  return function next(state) {
    const picture = state.document.present;
    const ids = [...walk(picture.layers)].map(({ id }) => id);
    // Now and then one that is not there.
    const one = () => (ids.length === 0 || roll.chance(0.03) ? 9999 : roll.pick(ids));
    const place = () => ({ x: roll.between(-30, 30), y: roll.between(-30, 30), width: roll.between(1, 64), height: roll.between(1, 64) });
    const made = {
      ...roll, state, picture, one,
      any: () => (roll.chance(0.4) ? null : one()),
      some: () => Array.from({ length: roll.between(1, 4) }, one),
      fresh: () => (image += 1),
      image: () => ({ id: (image += 1), width: roll.between(1, 64), height: roll.between(1, 64), name: "added" }),
      placed: () => ({ imageId: (image += 1), ...place() }),
      mask: () => ({ id: (mask += 1), ...place(), outside: 0, enabled: true, linked: roll.chance(0.5) }),
      selection: () => ({ id: (mask += 1), ...place() }),
      bytes: () => roll.below(largest),
      split: () => splitOf([...walk(picture.layers)].find(({ kind }) => kind === "pixels"), () => (image += 1)),
    };
    const name = ids.length > MOST_LAYERS ? roll.pick(["layersRemoved", "layersMerged", "undone"]) : roll.pick(WEIGHTED);
    return { name, action: KINDS[name][1](made) };
  };
}

function splitOf(layer, fresh) {
  return {
    layerId: layer?.id ?? 0, imageId: layer?.imageId ?? 0, seed: "1", prompt: "", negative: "", model: "m", steps: 1, guidance: 1,
    report: { passes: true, sentences: [] },
    layers: [0, 1].map(() => ({ id: fresh(), x: 0, y: 0, width: 8, height: 8, name: "part" })),
  };
}

/** What is wrong with a state, in words; nothing when all is well. */
export function faultsOf(state) {
  const faults = [];
  const { active, list } = state.tabs;
  if (list.filter(({ parked }) => parked === null).length !== 1 || list.find(({ key }) => key === active)?.parked !== null) faults.push("tabs");
  const { present } = state.document;
  const layers = [...walk(present.layers)];
  const ids = new Set(layers.map(({ id }) => id));
  if (ids.size !== layers.length) faults.push("ids that are there twice");
  if (layers.some(({ id }) => !Number.isInteger(id) || id < 1 || id >= present.nextLayerId)) faults.push("ids out of range");
  for (const layer of layers) {
    const fine = layer.opacity >= 0 && layer.opacity <= 1 && layer.fill >= 0 && layer.fill <= 1
      && (layer.kind === "group" ? Array.isArray(layer.children) : Number.isInteger(layer.x) && layer.width >= 0 && layer.blend !== "pass-through");
    if (!fine) faults.push(`layer ${layer.id}`);
  }
  for (const siblings of [present.layers, ...layers.flatMap((layer) => (layer.kind === "group" ? [layer.children] : []))]) {
    if (siblings[0]?.clipping) faults.push(`layer ${siblings[0].id} is clipped to nothing`);
  }
  if (present.layers.some((layer) => depthOf(layer) > DEEPEST)) faults.push("too deep");
  const { selectedLayer, selectedLayers } = state;
  if (selectedLayers.some((id) => !ids.has(id)) || new Set(selectedLayers).size !== selectedLayers.length) faults.push("a selected layer that is not there");
  if (selectedLayer === null ? selectedLayers.length > 0 : !selectedLayers.includes(selectedLayer)) faults.push("the primary layer");
  if (selectedLayer === null && layers.length > 0) faults.push("nothing is selected");
  if (state.document.total > HISTORY_BYTES) faults.push(`${state.document.total} bytes`);
  return faults;
}
