// @ts-check

/**
 * Runs that wait, and the one that is under way. The engine has one worker, so the next one starts
 * when the one before has ended.
 * @typedef {import("./run.js").Run} Run
 * @typedef {{ list: Run[], nextId: number, running: { id: number, key: number } | null }} Queue
 *   `key` is that of the job; the run under way is in the list, in front
 */

/** @type {Queue} */
export const emptyQueue = { list: [], nextId: 1, running: null };

/**
 * @param {Queue} queue
 * @param {import("./actions.js").Action} action
 * @param {import("./jobs.js").Jobs} jobs before
 * @returns {Queue}
 */
export function reduceQueue(queue, action, jobs) {
  const { list, running } = queue;
  switch (action.type) {
    case "queue/added":
      return { ...queue, list: [...list, { ...action.run, id: queue.nextId, done: 0 }], nextId: queue.nextId + 1 };
    case "queue/moved":
      return { ...queue, list: moved(queue, action.id, action.index) };
    case "queue/removed":
      return action.id === running?.id ? queue : { ...queue, list: list.filter(({ id }) => id !== action.id) };
    case "tabs/closed":
      return { ...queue, list: list.filter(({ id, tab }) => tab !== action.key || id === running?.id) };
    case "jobs/submitted": {
      const id = action.request.runId;
      return id === undefined ? queue : { ...queue, running: { id, key: jobs.count + 1 } };
    }
    case "jobs/finished":
      return action.key === running?.key ? ended(queue, 1) : queue;
    case "jobs/cancelled":
    case "jobs/failed":
      return action.key === running?.key ? ended(queue, Infinity) : queue;
    default:
      return queue;
  }
}

/** What waits, without the run under way. @param {Queue} queue @returns {Run[]} */
export const waitingRuns = ({ list, running }) => list.filter(({ id }) => id !== running?.id);

/** @param {Queue} queue @returns {Run | null} */
export const runningRun = ({ list, running }) => list.find(({ id }) => id === running?.id) ?? null;

function ended(queue, pictures) {
  const list = queue.list
    .map((run) => (run.id === queue.running?.id ? { ...run, done: run.done + pictures } : run))
    .filter((run) => run.done < run.count);
  return { ...queue, list, running: null };
}

// The run under way stays in front.
function moved({ list, running }, id, index) {
  const run = list.find((other) => other.id === id);
  if (!run || id === running?.id) return list;
  const rest = list.filter((other) => other !== run);
  const first = rest.findIndex((other) => other.id === running?.id) + 1;
  rest.splice(Math.min(rest.length, Math.max(first, index)), 0, run);
  return rest.every((other, at) => other === list[at]) ? list : rest;
}
