// @ts-check
import * as actions from "../state/actions.js";
import { layerOf } from "../state/document.js";
import { shuffledSeed } from "../state/form.js";
import { requestOf, landing, seedOf } from "../state/run.js";
import { keptOf, variationsIn } from "../state/variations.js";
import { selectGenerateBlock, selectMode, selectPicture, toRequest, usedReferences } from "../state/selectors.js";
import { strings } from "../strings.js";
import { runJob, tellElsewhere } from "./jobs.js";
import { lockOver, needsRegion, placeResult, prepareRegion } from "./region.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {import("../state/run.js").Run} Run
 * @typedef {object} Outside
 * @property {() => number} random
 * @property {(id: import("../state/document.js").ImageId) => Promise<void>} prepareImage brings an image to where it can be shown at once
 * @property {(run: Run, result: import("../state/run.js").Placed) => Promise<void>} [remember] adds a result to the runs of before
 */

/**
 * Makes what the form says: at once, or when the runs before have ended.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {Outside} outside
 */
export async function generate(store, ipc, outside) {
  if (selectGenerateBlock(store.getState()) !== null) return;
  if (!store.getState().form.seedLocked) store.dispatch(actions.seedShuffled(shuffledSeed(outside.random)));
  store.dispatch(actions.jobErrorDismissed());
  const asked = store.getState();
  try {
    const region = needsRegion(asked) ? await prepareRegion(asked, ipc) : null;
    store.dispatch(actions.runQueued(toRun(asked, region)));
  } catch (error) {
    store.dispatch(actions.jobErrorShown(error));
    return;
  }
  await startNext(store, ipc, outside);
}

/** What the form asks for, whole. @returns {Omit<Run, "id" | "done">} */
function toRun(state, region) {
  const request = toRequest(state);
  const { form } = state;
  const size = region?.size ?? { width: request.width, height: request.height };
  return {
    tab: state.tabs.active,
    mode: selectMode(state),
    form,
    references: usedReferences(state).map(({ imageId, name, width, height, influence }) => ({ imageId, name, width, height, influence })),
    count: form.batch,
    seed: form.seed,
    size,
    init: region?.init ?? null,
    mask: region?.mask ?? null,
    over: region ? null : overOf(state, size),
    target: region?.target ?? null,
    request: { ...request, ...size, init: region?.init ?? null, mask: region?.mask ?? null },
  };
}

// An edit that is as large as the layer that it was made from lies right over it.
function overOf(state, { width, height }) {
  const [first] = usedReferences(state);
  const layer = layerOf(selectPicture(state), state.selectedLayer);
  const same = selectMode(state) === "edit" && layer?.kind === "pixels" && layer.imageId === first?.imageId;
  return same && layer.width === width && layer.height === height ? { x: layer.x, y: layer.y, above: layer.id } : null;
}

/**
 * Starts the run that is next, where none is under way. After an error the others wait until it is
 * seen.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {Outside} outside
 */
export async function startNext(store, ipc, outside) {
  const { queue, jobs } = store.getState();
  const [run] = queue.list;
  if (!run || jobs.current || jobs.error) return;
  const request = requestOf(run);
  /** @type {import("../state/run.js").Placed | null} */
  let result = null;
  await runJob(store, ipc, {
    submitted: {
      ...run.size, steps: run.form.steps, tab: run.tab, runId: run.id, place: run.target?.region ?? null,
      canvas: run.mode === "extend" ? run.target?.canvas : null,
    },
    start: (onEvent) => ipc.generate(request, onEvent),
    async prepare({ event, data }) {
      if (event === "image") {
        result = await placeResult(store.getState(), ipc, run, { ...data, seed: data.seed ?? seedOf(run, run.done) });
        await outside.prepareImage(result.imageId);
      } else if (data.preview?.id !== undefined && data.preview?.id !== null) {
        await outside.prepareImage(data.preview.id);
      }
    },
    handle(_key, { event }) {
      if (event !== "image" || !result) return;
      const action = run.count > 1 ? actions.variationArrived(run, result) : landing(run, result);
      store.dispatch(actions.inTab(run.tab, action));
      void outside.remember?.(run, result);
      if (run.tab !== store.getState().tabs.active) store.dispatch(actions.noticeShown("done", strings.create.landedElsewhere));
      else if (store.getState().task === "split") tellElsewhere(store, {}, "done", strings.create.landed);
    },
  });
}

/**
 * Keeps the variations that were picked, or the one that is shown; the others go.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {Outside} outside
 */
export async function keepVariations(store, ipc, outside) {
  const { variations, tabs } = store.getState();
  const set = variationsIn(variations, tabs.active);
  if (!set) return;
  store.dispatch(actions.variationsEnded(set.run.id));
  for (const kept of keptOf(set)) {
    try {
      // The layer may have been painted on while the pictures were compared.
      const result = await lockOver(store.getState(), ipc, set.run, kept);
      await outside.prepareImage(result.imageId);
      store.dispatch(actions.inTab(set.run.tab, landing(set.run, result)));
    } catch (error) {
      store.dispatch(actions.noticeShown("error", strings.errorText(error)));
    }
  }
}

/** @param {Store} store */
export function discardVariations(store) {
  const { variations, tabs } = store.getState();
  const set = variationsIn(variations, tabs.active);
  if (set) store.dispatch(actions.variationsEnded(set.run.id));
}
