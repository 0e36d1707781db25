// @ts-check
import * as actions from "../state/actions.js";
import { shuffledSeed } from "../state/form.js";
import { selectGenerateBlock, toRequest } from "../state/selectors.js";

/**
 * @typedef {import("../state/store.js").Store<import("../state/reducer.js").State>} Store
 * @typedef {typeof import("../ipc/commands.js")} Ipc
 */

/**
 * Makes a picture from what the form says; the picture becomes a layer.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {object} outside
 * @param {() => number} outside.random
 * @param {(id: import("../state/document.js").ImageId) => Promise<void>} outside.prepareImage brings an image to where it can be shown at once
 */
export async function generate(store, ipc, { random, prepareImage }) {
  if (selectGenerateBlock(store.getState()) !== null) return;
  if (!store.getState().form.seedLocked) store.dispatch(actions.seedShuffled(shuffledSeed(random)));

  const request = toRequest(store.getState());
  store.dispatch(actions.jobSubmitted(request));
  const { key } = /** @type {import("../state/jobs.js").Job} */ (store.getState().jobs.current);
  const isRunning = () => store.getState().jobs.current?.key === key;
  let handled = Promise.resolve();
  try {
    const { jobId } = await ipc.generate(request, (message) => {
      // One after the other: a picture is shown only when its pixels are there, so nothing flashes.
      handled = handled.then(async () => {
        const id = message.event === "image" ? message.data.id : message.data.preview?.id;
        if (id !== undefined) await prepareImage(id);
        if (isRunning()) handleEvent(store, key, message);
      });
    });
    // Cancel may have been pressed before the job had its number.
    const cancelling = store.getState().jobs.current?.cancelling;
    if (!isRunning()) return;
    store.dispatch(actions.jobAccepted(key, jobId));
    if (cancelling) await ipc.cancel(jobId);
  } catch (error) {
    store.dispatch(error.code === "cancelled" ? actions.jobCancelled(key) : actions.jobFailed(key, error));
  }
}

/**
 * Stops the running job within a step.
 * @param {Store} store
 * @param {Ipc} ipc
 */
export async function cancelGenerate(store, ipc) {
  const job = store.getState().jobs.current;
  if (!job || job.cancelling) return;
  store.dispatch(actions.jobCancelRequested(job.key));
  if (job.jobId === null) return;
  try {
    await ipc.cancel(job.jobId);
  } catch (error) {
    store.dispatch(actions.jobFailed(job.key, error));
  }
}

function handleEvent(store, key, { event, data }) {
  switch (event) {
    case "started":
      return store.dispatch(actions.jobStarted(key, data));
    case "stage":
      return store.dispatch(actions.jobStageChanged(key, data));
    case "step":
      return store.dispatch(actions.jobStepped(key, data));
    case "image":
      return store.dispatch(actions.layerAdded({
        id: data.id,
        width: data.width,
        height: data.height,
        name: nameOf(data.prompt),
      }));
    case "finished":
      return store.dispatch(actions.jobFinished(key, data));
    case "cancelled":
      return store.dispatch(actions.jobCancelled(key));
    case "failed":
      return store.dispatch(actions.jobFailed(key, data));
  }
}

// A layer is called like its prompt, cut at a word.
function nameOf(prompt) {
  const name = prompt.trim().replace(/\s+/g, " ");
  if (name.length <= 40) return name;
  return `${name.slice(0, 40).replace(/\s\S*$/, "")}…`;
}
