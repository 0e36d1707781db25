// @ts-check
import { seamBand } from "../state/region.js";
import { layerUnder } from "../state/run.js";
import { openDocuments } from "../state/tabs.js";
import { selectMode, selectPicture, selectRegion, selectSelectedLayer } from "../state/selectors.js";
import { toWire } from "../state/wire.js";

/**
 * What a model is shown of a document, and how what it paints comes back into it: the pixels outside
 * of what was to be painted stay as they are, bit for bit.
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {import("../state/reducer.js").State} State
 * @typedef {import("../state/run.js").Run} Run
 * @typedef {import("../state/run.js").Placed} Placed
 * @typedef {import("../state/document.js").Rect} Rect
 */

const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];

/** @param {State} state */
export const needsRegion = (state) => ["repaint", "extend"].includes(selectMode(state));

/**
 * What repainting and extending start from.
 * @param {State} state
 * @param {Ipc} ipc
 */
export async function prepareRegion(state, ipc) {
  const mode = selectMode(state);
  const { present } = state.document;
  const layer = selectSelectedLayer(state);
  const plan = /** @type {NonNullable<ReturnType<typeof selectRegion>>} */ (selectRegion(state));
  const selection = mode === "repaint" ? present.selection : await outsideOf(present, plan, ipc);
  const region = rectOf(plan);
  const from = mode === "repaint" && state.form.repaintFrom === "layer" ? onlyLayer(present, layer) : present;

  const seen = await compositeOf(from, region, ipc);
  const whole = await ipc.fitImage({ image: seen, width: region.width, height: region.height, fill: true });
  const init = await ipc.fitImage({ image: whole.id, ...plan.model, fill: true });
  const mask = await maskOf(region, selection, plan.model, ipc);
  /** @type {import("../state/run.js").Target} */
  const target = {
    region,
    canvas: rectOf(plan.canvas),
    selection,
    band: seamBand(selection),
    original: whole.id,
    layerId: layer?.id ?? null,
    into: mode === "repaint" ? state.form.repaintInto : "new",
  };
  return { init: init.id, mask, size: plan.model, target };
}

/**
 * A picture that the engine made, in its place.
 * @param {State} state
 * @param {Ipc} ipc
 * @param {Run} run
 * @param {{ id: number, width: number, height: number, seed: number, prompt: string, model: string }} image
 * @returns {Promise<Placed>}
 */
export async function placeResult(state, ipc, run, { id, width, height, seed, prompt, model }) {
  const { target } = run;
  const placed = { imageId: id, x: 0, y: 0, width, height, seed, made: id, bytes: 4 * width * height, over: null, prompt, model };
  if (!target) return placed;
  const { region } = target;
  const sized = width === region.width && height === region.height
    ? { id } : await ipc.fitImage({ image: id, width: region.width, height: region.height, fill: false });
  const made = { ...placed, made: sized.id };
  return run.mode === "extend" ? extended(made, run, ipc) : repainted(made, state, run, ipc);
}

/**
 * The same result over what its layer has become meanwhile.
 * @param {State} state
 * @param {Ipc} ipc
 * @param {Run} run
 * @param {Placed} result
 * @returns {Promise<Placed>}
 */
export async function lockOver(state, ipc, run, result) {
  const under = layerUnder(documentOf(state, run), run);
  return under && under.imageId !== result.over ? repainted(result, state, run, ipc) : result;
}

async function repainted(result, state, run, ipc) {
  const { region, selection, band } = run.target;
  const under = layerUnder(documentOf(state, run), run);
  const place = under ? union(under, selection) : rectOf(selection);
  // A layer of its own fades out at the seam; a layer that is painted on stays what it was there.
  const original = under
    ? await ipc.growImage({ id: under.imageId, x: place.x - under.x, y: place.y - under.y, width: place.width, height: place.height })
    : await ipc.createImage({ width: place.width, height: place.height, colour: null });
  const locked = await ipc.lockPixels({
    original: original.id, x: place.x, y: place.y, made: result.made, madeX: region.x, madeY: region.y, selection, band,
  });
  return { ...result, imageId: locked.id, ...place, bytes: locked.bytes, over: under ? under.imageId : null };
}

// Blended into what the picture's own edge goes on as, so that there is no gap at the seam.
async function extended(result, run, ipc) {
  const { region, selection, band, original } = run.target;
  const locked = await ipc.lockPixels({
    original, x: region.x, y: region.y, made: result.made, madeX: region.x, madeY: region.y, selection, band,
  });
  const cut = await ipc.copySelected({ image: locked.id, x: region.x, y: region.y, selection });
  return { ...result, imageId: cut.imageId, x: cut.x, y: cut.y, width: cut.width, height: cut.height, bytes: cut.bytes };
}

async function compositeOf(picture, region, ipc) {
  const flat = await ipc.flattenLayers(toWire({ ...picture, ...region }));
  if (!flat || flat.imageId === 0) return (await ipc.createImage({ width: region.width, height: region.height, colour: null })).id;
  const { imageId, x, y } = flat;
  return (await ipc.growImage({ id: imageId, x: -x, y: -y, width: region.width, height: region.height })).id;
}

async function maskOf(region, selection, model, ipc) {
  const black = await ipc.createImage({ width: region.width, height: region.height, colour: BLACK });
  const white = await ipc.fillSelected({ image: black.id, x: region.x, y: region.y, selection, colour: WHITE });
  return (await ipc.fitImage({ image: white.id, ...model, fill: false })).id;
}

async function outsideOf(picture, region, ipc) {
  const plain = { feather: 0, antialias: false };
  const all = await ipc.select({ base: null, op: "replace", shape: { kind: "rect", ...rectOf(region) }, ...plain });
  return ipc.select({ base: all, op: "subtract", shape: { kind: "rect", ...rectOf(picture) }, ...plain });
}

// As it is, without what its groups and its own opacity do to it.
function onlyLayer(picture, layer) {
  return { ...picture, layers: [{ ...layer, visible: true, opacity: 1, fill: 1, blend: "normal", clipping: false, mask: null }] };
}

const documentOf = (state, run) =>
  openDocuments(state).find(({ key }) => key === run.tab)?.document.present ?? selectPicture(state);

function rectOf({ x, y, width, height }) {
  return { x, y, width, height };
}

function union(a, b) {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
