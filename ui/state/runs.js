// @ts-check

/**
 * Runs of before, from one start to the next. Pictures are named by their files.
 * @typedef {object} PastRun
 * @property {string} id
 * @property {number} when milliseconds
 * @property {import("./run.js").Mode} mode
 * @property {Partial<import("./form.js").Form>} form
 * @property {number} seed
 * @property {string} model
 * @property {{ name: string, width: number, height: number, influence: number, file: string | null }[]} references
 * @property {{ file: string, thumbnail: string, width: number, height: number } | null} result
 */

/** As many runs are remembered. */
export const RUNS = 60;
/** As many prompts are remembered. */
export const PROMPTS = 50;

/** @param {PastRun[]} runs newest first @param {import("./actions.js").Action} action @returns {PastRun[]} */
export function reduceRuns(runs, action) {
  switch (action.type) {
    case "runs/loaded": {
      const known = new Set(runs.map(({ id }) => id));
      return [...runs, ...action.list.filter((run) => isRun(run) && !known.has(run.id))].slice(0, RUNS);
    }
    case "runs/recorded":
      return [action.run, ...runs].slice(0, RUNS);
    case "runs/forgotten":
      return runs.filter(({ id }) => id !== action.id);
    default:
      return runs;
  }
}

/** @param {string[]} prompts newest first @param {import("./actions.js").Action} action @returns {string[]} */
export function reducePrompts(prompts, action) {
  switch (action.type) {
    case "prompts/loaded":
      return unique([...prompts, ...action.list.filter((text) => typeof text === "string" && text !== "")]);
    case "queue/added":
      return unique([action.run.form.prompt.trim(), ...prompts]);
    default:
      return prompts;
  }
}

/** Every file that the runs name. @param {PastRun[]} runs */
export const filesOf = (runs) => [...new Set(runs.flatMap(({ result, references }) =>
  [result?.file, result?.thumbnail, ...references.map(({ file }) => file)].filter((file) => typeof file === "string")))];

// What lies on a disk may be anything.
function isRun(run) {
  return run !== null && typeof run === "object" && typeof run.id === "string" && typeof run.when === "number"
    && run.form !== null && typeof run.form === "object" && Array.isArray(run.references);
}

function unique(prompts) {
  return [...new Set(prompts)].slice(0, PROMPTS);
}
