// @ts-check
import * as actions from "../state/actions.js";
import { PIXELS_DRAWN_HERE } from "../state/drawing.js";
import { shuffledSeed } from "../state/form.js";
import { selectResultFits, selectSplitBlock, selectSplitLayer, toSplitRequest } from "../state/selectors.js";
import { strings } from "../strings.js";
import { runJob, tellElsewhere } from "./jobs.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {{ random: () => number, prepareImage: (id: number) => Promise<void> }} Outside
 */

/**
 * Separates a layer; the new layers wait to be kept or discarded.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {Outside} outside
 */
export async function split(store, ipc, outside) {
  const state = store.getState();
  if (state.split.result !== null || selectSplitBlock(state) !== null) return;
  if (!state.split.form.seedLocked) store.dispatch(actions.splitSeedShuffled(shuffledSeed(outside.random)));
  await run(store, ipc, outside);
}

/**
 * The same again with another seed; what waits is kept until the new layers are there.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {Outside} outside
 */
export async function splitAgain(store, ipc, outside) {
  if (selectSplitBlock(store.getState()) !== null) return;
  store.dispatch(actions.splitSeedShuffled(shuffledSeed(outside.random)));
  await run(store, ipc, outside);
}

/** @param {Store} store */
export function keepSplit(store) {
  const state = store.getState();
  const { result } = state.split;
  if (state.jobs.current || !result || result.layers.length === 0 || !selectResultFits(state)) return;
  store.dispatch(actions.splitKept(result));
  store.dispatch(actions.noticeShown("done", strings.split.kept(result.layers.length)));
}

/** @param {Store} store */
export function discardSplit(store) {
  if (!store.getState().jobs.current) store.dispatch(actions.splitDiscarded());
}

async function run(store, ipc, { prepareImage }) {
  const state = store.getState();
  const layer = /** @type {import("../state/layer.js").PixelLayer} */ (selectSplitLayer(state));
  const request = toSplitRequest(state, layer);
  const { id: layerId, width, height } = layer;
  await runJob(store, ipc, {
    submitted: { kind: "split", layerId, width, height, steps: request.steps },
    start: (onEvent) => ipc.decompose(request, onEvent),
    async prepare({ event, data }) {
      const images = event === "layers" ? data.layers : data.previews ?? [];
      const pixels = images.reduce((sum, image) => sum + image.width * image.height, 0);
      // Larger ones are drawn by Rust and never needed here.
      if (pixels <= PIXELS_DRAWN_HERE) await Promise.all(images.map(({ id }) => prepareImage(id)));
    },
    handle(key, { event, data }, tab) {
      if (event === "caption") store.dispatch(actions.inTab(tab, actions.splitCaptioned(key, data)));
      if (event === "retrying") store.dispatch(actions.inTab(tab, actions.splitRetrying(key, data)));
      if (event !== "layers") return;
      store.dispatch(actions.inTab(tab, actions.splitArrived(key, toResult(data, request, layerId))));
      tellElsewhere(store, { kind: "split" }, "done", strings.split.arrived);
    },
  });
}

function toResult(data, request, layerId) {
  return {
    layerId,
    imageId: request.image,
    layers: data.layers,
    seed: String(data.seed ?? request.seed),
    prompt: data.prompt ?? request.prompt,
    negative: request.negative ?? "",
    model: data.model ?? request.model,
    steps: data.steps ?? request.steps,
    guidance: data.guidance ?? request.guidance ?? 1,
    report: data.report,
  };
}
