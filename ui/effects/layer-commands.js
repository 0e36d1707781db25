// @ts-check
import * as actions from "../state/actions.js";
import { isLocked } from "../state/layer.js";
import { mergeable } from "../state/layer-changes.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { findLayer, lockOf, placeOf, rootsOf, rowsOf } from "../state/tree.js";
import { strings } from "../strings.js";
import { newPixels, told } from "./layer-pixels.js";
import { createMaskCommands } from "./mask-commands.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 */

/**
 * What can be done with the selected layers, by name.
 * @param {object} parts
 * @param {Store} parts.store
 * @param {Ipc} parts.ipc
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @param {() => void} parts.renameLayer
 * @returns {Record<string, () => void>}
 */
export function createLayerCommands(parts) {
  const { store, renameLayer } = parts;
  const picture = () => selectPicture(store.getState());
  const ids = () => store.getState().selectedLayers;
  const primary = () => selectSelectedLayer(store.getState());
  const { dispatch } = store;
  const change = (part, label) => dispatch(actions.layersChanged(ids(), part, label));
  /** What all selected layers are after a toggle: as the primary one is not now. */
  const toggled = (is) => {
    const layer = primary();
    return layer ? !is(layer) : true;
  };

  return {
    ...createMaskCommands(parts),
    "layer.new": () => void newLayer(parts),
    "layer.duplicate": () => void duplicate(parts),
    "layer.group": () => dispatch(actions.layersGrouped(ids(), strings.layersPanel.groupName)),
    "layer.ungroup": () => {
      for (const layer of rootsOf(picture().layers, ids())) {
        if (layer.kind === "group" && !mayNot(store, layer, "all")) dispatch(actions.groupDissolved(layer.id));
      }
    },
    "layer.merge": () => void merge(parts),
    "layer.flatten": () => void flatten(parts),
    "layer.remove": () => {
      const locked = rootsOf(picture().layers, ids()).find((layer) => isLocked({ lock: lockOf(picture().layers, layer.id) }));
      if (locked) mayNot(store, locked, "all");
      dispatch(actions.layersRemoved(ids()));
    },
    "layer.rename": renameLayer,
    "layer.visibility": () => {
      const visible = toggled((layer) => layer.visible);
      change({ visible }, visible ? "shown" : "hidden");
    },
    "layer.solo": () => dispatch(actions.layersShownOnly(ids())),
    "layer.lock": () => {
      const lock = toggled(isLocked);
      change({ lock: { transparency: lock, pixels: lock, position: lock } }, lock ? "locked" : "unlocked");
    },
    ...Object.fromEntries(["transparency", "pixels", "position"].map((part) => [`layer.lock-${part}`, () => {
      const lock = toggled((layer) => layer.lock[part]);
      change({ lock: { [part]: lock } }, lock ? "locked" : "unlocked");
    }])),
    "layer.clipping": () => {
      const clipping = toggled((layer) => layer.clipping);
      const before = picture();
      change({ clipping }, clipping ? "clipped" : "unclipped");
      if (clipping && picture() === before && !mayNot(store, /** @type {any} */ (primary()), "all")) {
        dispatch(actions.noticeShown("error", strings.layersPanel.nothingToClipTo));
      }
    },
    "layer.raise": () => step(store, 1),
    "layer.lower": () => step(store, -1),
    "layer.above": () => selectNext(store, -1),
    "layer.below": () => selectNext(store, 1),
    "layer.select-all": () => dispatch(actions.layersSelected(picture().layers.map(({ id }) => id), store.getState().selectedLayer)),
    "layer.use-recipe": () => useRecipe(store),
  };
}

/**
 * One place up or down: past a neighbour, into an open group, out of its own. Several layers move
 * together beside the neighbour of the outermost one.
 * @param {Store} store
 * @param {1 | -1} by up is 1
 */
export function step(store, by) {
  const { selectedLayers: ids } = store.getState();
  const { layers } = selectPicture(store.getState());
  const roots = rootsOf(layers, ids);
  if (roots.length === 1) {
    store.dispatch(actions.layerMoved(roots[0].id, by));
    return;
  }
  const outermost = by === 1 ? roots[roots.length - 1] : roots[0];
  const place = outermost && placeOf(layers, outermost.id);
  if (!place) return;
  const gone = new Set(roots.map(({ id }) => id));
  const below = place.siblings.slice(0, place.index).filter(({ id }) => !gone.has(id)).length;
  store.dispatch(actions.layersMovedTo(ids, place.parentId, Math.max(0, below + by)));
}

function selectNext(store, by) {
  const { selectedLayer } = store.getState();
  const rows = rowsOf(selectPicture(store.getState()).layers);
  const index = rows.findIndex(({ layer }) => layer.id === selectedLayer);
  const next = rows[Math.min(rows.length - 1, Math.max(0, index + by))];
  if (next) store.dispatch(actions.layerSelected(next.layer.id));
}

async function newLayer({ store, ipc, images }) {
  const { x, y, width, height } = selectPicture(store.getState());
  const { selectedLayer } = store.getState();
  if (width === 0) return;
  const { active } = store.getState().tabs;
  await told(store, images, async () => {
    const { id, bytes } = await ipc.createImage({ width, height, colour: null });
    const layer = { imageId: id, x, y, width, height, name: strings.layersPanel.newName, above: selectedLayer };
    store.dispatch(actions.inTab(active, actions.layerInserted(layer, "newLayer", bytes)));
  });
}

// With a selection in the picture it is what is selected of the pixels that becomes a layer.
async function duplicate({ store, ipc, images }) {
  const { selection } = selectPicture(store.getState());
  const layer = selectSelectedLayer(store.getState());
  const { selectedLayers, tabs } = store.getState();
  if (!selection || layer?.kind !== "pixels" || selectedLayers.length > 1) {
    store.dispatch(actions.layersDuplicated(selectedLayers, strings.layersPanel.copySuffix));
    return;
  }
  await told(store, images, async () => {
    const { imageId, x, y, width, height, bytes } = await ipc.copySelected({ image: layer.imageId, x: layer.x, y: layer.y, selection });
    if (!imageId || width === 0) {
      store.dispatch(actions.noticeShown("error", strings.layersPanel.nothingSelectedHere(layer.name)));
      return;
    }
    const copy = { imageId, x, y, width, height, name: layer.name + strings.layersPanel.copySuffix, above: layer.id };
    store.dispatch(actions.inTab(tabs.active, actions.layerInserted(copy, "duplicated", bytes)));
  });
}

// One layer alone is merged with the one below it.
async function merge({ store, ipc, images }) {
  const picture = selectPicture(store.getState());
  let { selectedLayers: ids } = store.getState();
  const roots = rootsOf(picture.layers, ids);
  if (roots.length === 1 && roots[0].kind === "pixels") {
    const place = placeOf(picture.layers, roots[0].id);
    const below = place?.siblings[place.index - 1];
    if (!below) {
      store.dispatch(actions.noticeShown("error", strings.layersPanel.nothingBelow));
      return;
    }
    ids = [below.id, roots[0].id];
  }
  const name = rootsOf(picture.layers, ids)[0]?.name ?? "";
  await mergeInto({ store, ipc, images }, ids, name);
}

async function flatten({ store, ipc, images }) {
  const { layers } = selectPicture(store.getState());
  await mergeInto({ store, ipc, images }, layers.map(({ id }) => id), strings.layersPanel.flattenedName);
}

async function mergeInto({ store, ipc, images }, ids, name) {
  const picture = selectPicture(store.getState());
  const { active } = store.getState().tabs;
  const roots = mergeable(picture, ids);
  if (roots.length === 0) {
    const locked = rootsOf(picture.layers, ids).find(({ id }) => lockOf(picture.layers, id).pixels);
    if (locked) mayNot(store, locked, "pixels");
    return;
  }
  await told(store, images, async () => {
    // What the lowest one is clipped to is not among them; the merged layer is clipped to it.
    const alone = [{ ...roots[0], clipping: false }, ...roots.slice(1)];
    const made = await newPixels(ipc, picture, alone);
    store.dispatch(actions.inTab(active, actions.layersMerged(ids, { ...made, name }, made.bytes)));
  });
}

function useRecipe(store) {
  const { recipe } = selectSelectedLayer(store.getState()) ?? {};
  if (!recipe) return;
  const model = store.getState().models.list.find(({ id }) => id === recipe.model);
  const isSplit = recipe.task === "decompose";
  const words = isSplit
    ? { chosen: actions.splitModelChosen, prompt: actions.splitPromptChanged, negative: actions.splitNegativeChanged,
      steps: actions.splitStepsChanged, guidance: actions.splitGuidanceChanged, seed: actions.splitSeedTyped }
    : { chosen: actions.modelChosen, prompt: actions.promptChanged, negative: actions.negativeChanged,
      steps: actions.stepsChanged, guidance: actions.guidanceChanged, seed: actions.seedTyped };
  store.dispatch(actions.taskShown(isSplit ? "split" : taskOf(recipe.task)));
  if (model?.ready) store.dispatch(words.chosen(model));
  store.dispatch(words.prompt(recipe.prompt));
  store.dispatch(words.negative(recipe.negative));
  store.dispatch(words.steps(recipe.steps));
  store.dispatch(words.guidance(recipe.guidance));
  store.dispatch(words.seed(Number(recipe.seed)));
  if (!isSplit) store.dispatch(actions.formChanged({ reuse: Boolean(recipe.stepCache) }));
  const layer = selectSelectedLayer(store.getState());
  if (!isSplit && layer?.kind === "pixels") store.dispatch(actions.sizeChanged(layer.width, layer.height));
  const message = model?.ready ? strings.layersPanel.recipeUsed : strings.layersPanel.recipeUsedWithoutModel(recipe.model);
  store.dispatch(actions.noticeShown("done", message));
}

/**
 * Says so when a layer is locked.
 * @param {Store} store
 * @param {import("../state/layer.js").Layer} layer
 * @param {"all" | "pixels" | "position"} part
 */
export function mayNot(store, layer, part) {
  const { layers } = selectPicture(store.getState());
  const lock = lockOf(layers, layer.id);
  const locked = part === "all" ? isLocked({ lock }) : lock[part];
  if (locked) store.dispatch(actions.noticeShown("error", strings.layers.lockedNotice(findLayer(layers, layer.id)?.name ?? "")));
  return locked;
}

// Files of before the modes say "generate".
function taskOf(task) {
  return ["edit", "repaint", "extend"].includes(task) ? task : "new";
}
