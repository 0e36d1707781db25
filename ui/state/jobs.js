// @ts-check

/**
 * @typedef {{ id: import("./document.js").ImageId, width: number, height: number }} Preview
 * @typedef {object} Job
 * @property {number} key the window's own number, known before the engine answers
 * @property {number | null} jobId
 * @property {"generate" | "split"} kind
 * @property {"load" | "caption" | "encode" | "denoise" | "decode" | "rebuild" | null} stage null while it waits
 * @property {boolean} cancelling
 * @property {number} done
 * @property {number} total
 * @property {number | null} secondsLeft
 * @property {Preview | null} preview of the picture
 * @property {Preview[]} previews of the layers that a picture is separated into, bottom first
 * @property {number | null} layerId what is separated
 * @property {number | null} tab whose document it is for; null is the one in view
 * @property {import("./document.js").Rect | null} place what is painted in the document, null for a new picture of its own place
 * @property {import("./document.js").Rect | null} canvas the picture as it will be, where it grows
 * @property {number} width
 * @property {number} height
 *
 * @typedef {{ kind: "generate" | "split", code: string, message: string }} JobError
 *
 * @typedef {object} Jobs
 * @property {Job | null} current
 * @property {JobError | null} error
 * @property {({ kind: "generate" | "split" } & ({ seconds: number } | { cancelled: true })) | null} last how the job before ended
 * @property {number} count
 */

/** @type {Jobs} */
export const noJobs = { current: null, error: null, last: null, count: 0 };

/**
 * @param {Jobs} jobs
 * @param {import("./actions.js").Action} action
 * @returns {Jobs}
 */
export function reduceJobs(jobs, action) {
  if (action.type === "jobs/submitted") {
    const key = jobs.count + 1;
    return { current: newJob(key, action.request), error: null, last: null, count: key };
  }
  if (action.type === "jobs/errorShown") {
    return { ...jobs, error: { kind: "generate", code: action.code, message: action.message } };
  }
  if (action.type === "jobs/errorDismissed") return jobs.error ? { ...jobs, error: null } : jobs;

  const job = jobs.current;
  if (!job || job.key !== action.key) return jobs;
  switch (action.type) {
    case "jobs/accepted":
      return { ...jobs, current: { ...job, jobId: action.jobId } };
    case "jobs/started":
      return { ...jobs, current: { ...job, jobId: action.jobId, total: action.steps } };
    case "jobs/stageChanged":
      return { ...jobs, current: { ...job, stage: action.stage } };
    case "jobs/stepped":
      return { ...jobs, current: stepped(job, action) };
    case "jobs/cancelRequested":
      return { ...jobs, current: { ...job, cancelling: true } };
    case "jobs/finished":
      return { ...jobs, current: null, last: { kind: job.kind, seconds: action.seconds } };
    case "jobs/cancelled":
      return { ...jobs, current: null, last: { kind: job.kind, cancelled: true } };
    case "jobs/failed":
      return { ...jobs, current: null, error: { kind: job.kind, code: action.code, message: action.message } };
    default:
      return jobs;
  }
}

/**
 * Progress in percent, or null while it cannot be known.
 * @param {Job} job
 */
export function jobPercent(job) {
  if (job.stage === "decode" && job.kind === "generate") return 100;
  if (job.stage !== "denoise" || job.total === 0) return null;
  return Math.round((100 * job.done) / job.total);
}

function newJob(key, request) {
  return {
    key,
    jobId: null,
    stage: null,
    cancelling: false,
    done: 0,
    total: request.steps,
    secondsLeft: null,
    preview: null,
    previews: [],
    kind: request.kind ?? "generate",
    layerId: request.layerId ?? null,
    tab: request.tab ?? null,
    place: request.place ?? null,
    canvas: request.canvas ?? null,
    width: request.width,
    height: request.height,
  };
}

/** @param {Job} job @param {any} action @returns {Job} */
function stepped(job, { done, total, secondsLeft, preview = null, previews = [] }) {
  // A step that reports no preview keeps the one before on the screen.
  return {
    ...job,
    stage: "denoise",
    done,
    total,
    secondsLeft,
    preview: job.kind === "generate" ? preview ?? job.preview : null,
    previews: previews.length > 0 ? previews : job.previews,
  };
}
