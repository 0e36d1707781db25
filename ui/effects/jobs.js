// @ts-check
import * as actions from "../state/actions.js";
import { strings } from "../strings.js";

/**
 * @typedef {import("../state/store.js").Store<import("../state/reducer.js").State>} Store
 * @typedef {typeof import("../ipc/commands.js")} Ipc
 * @typedef {{ event: string, data: any }} Message
 */

/**
 * Runs a job from the request to its end.
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {object} job
 * @param {Parameters<typeof actions.jobSubmitted>[0]} job.submitted what the window knows of it before the engine does
 * @param {(onEvent: (message: Message) => void) => Promise<{ jobId: number }>} job.start
 * @param {(message: Message) => Promise<unknown>} job.prepare what must be there before an event is shown
 * @param {(key: number, message: Message, tab: number | null) => void} job.handle events that only this kind of job has
 */
export async function runJob(store, ipc, { submitted, start, prepare, handle }) {
  // It is for the document that is in view now, whichever is in view when it is done.
  store.dispatch(actions.jobSubmitted({ tab: store.getState().tabs.active, ...submitted }));
  const { key } = /** @type {import("../state/jobs.js").Job} */ (store.getState().jobs.current);
  const isRunning = () => store.getState().jobs.current?.key === key;
  let handled = Promise.resolve();
  try {
    const { jobId } = await start((message) => {
      // One after the other: a picture is shown only when its pixels are there, so nothing flashes.
      handled = handled.then(async () => {
        await prepare(message);
        if (!isRunning()) return;
        handle(key, message, store.getState().jobs.current?.tab ?? null);
        handleEvent(store, key, message);
        if (message.event === "failed") tellElsewhere(store, submitted, "error", strings.errorText(message.data));
      });
    });
    // Cancel may have been pressed before the job had its number.
    const cancelling = store.getState().jobs.current?.cancelling;
    if (!isRunning()) return;
    store.dispatch(actions.jobAccepted(key, jobId));
    if (cancelling) await ipc.cancel(jobId);
  } catch (error) {
    if (error.code === "cancelled") {
      store.dispatch(actions.jobCancelled(key));
      return;
    }
    store.dispatch(actions.jobFailed(key, error));
    tellElsewhere(store, submitted, "error", strings.errorText(error));
  }
}

/**
 * Says over the canvas what the panel of a job says, when another panel is in view.
 * @param {Store} store
 * @param {{ kind?: "generate" | "split" }} job
 * @param {"done" | "error"} kind
 * @param {string} message
 */
export function tellElsewhere(store, job, kind, message) {
  if ((store.getState().task === "split") !== (job.kind === "split")) store.dispatch(actions.noticeShown(kind, message));
}

/**
 * Stops the running job within a step.
 * @param {Store} store
 * @param {Ipc} ipc
 */
export async function cancelJob(store, ipc) {
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
    case "finished":
      return store.dispatch(actions.jobFinished(key, data));
    case "cancelled":
      return store.dispatch(actions.jobCancelled(key));
    case "failed":
      return store.dispatch(actions.jobFailed(key, data));
  }
}
