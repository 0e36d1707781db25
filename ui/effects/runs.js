// @ts-check
import * as actions from "../state/actions.js";
import { filesOf } from "../state/runs.js";
import { strings } from "../strings.js";

/**
 * Runs of before: recorded with their pictures, brought back whole.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
 * @typedef {import("../state/runs.js").PastRun} PastRun
 */

const THUMBNAIL_SIDE = 96;

/**
 * @param {Store} store
 * @param {Ipc} ipc
 * @param {{ now: () => number }} outside milliseconds since 1970
 */
export function createRuns(store, ipc, { now }) {
  let count = 0;
  let ready = Promise.resolve();
  /** @type {Map<string, Promise<import("../state/actions.js").NamedImage | null>>} */
  const thumbnails = new Map();

  async function load() {
    try {
      const list = await ipc.loadKept("runs");
      if (Array.isArray(list)) store.dispatch(actions.runsLoaded(list));
    } catch {
      // Without them the window still works; it only forgets.
    }
  }

  const save = () => {
    const { runs } = store.getState();
    return ipc.saveKept("runs", runs, filesOf(runs)).catch(() => {});
  };

  return {
    load: () => (ready = load()),

    /** @param {import("../state/run.js").Run} run @param {import("../state/run.js").Placed} result */
    async remember(run, result) {
      await ready;
      const when = now();
      count += 1;
      const [file, thumbnail, ...references] = await Promise.all([
        keep(ipc, result.imageId), keep(ipc, result.imageId, THUMBNAIL_SIDE), ...run.references.map(({ imageId }) => keep(ipc, imageId)),
      ]);
      const { width, height } = result;
      store.dispatch(actions.runRecorded({
        id: `${when}-${count}`,
        when,
        mode: run.mode,
        form: run.form,
        seed: result.seed,
        model: result.model,
        references: run.references.map(({ name, width, height, influence }, index) => ({ name, width, height, influence, file: references[index] })),
        result: file && thumbnail ? { file, thumbnail, width, height } : null,
      }));
      await save();
    },

    /** The form as it was, with its references where their pictures are still there. @param {string} id */
    async bringBack(id) {
      const run = store.getState().runs.find((other) => other.id === id);
      if (!run) return;
      const opened = await Promise.all(run.references.map(({ file, name }) => open(ipc, file, name)));
      const images = opened.flatMap((image, index) => (image ? [{ ...image, influence: run.references[index].influence }] : []));
      store.dispatch(actions.formRestored({ ...run.form, seed: run.seed, seedLocked: true }));
      if (run.references.length > 0) store.dispatch(actions.referencesRestored(images));
      store.dispatch(actions.taskShown(run.mode));
      const lost = opened.length - images.length;
      store.dispatch(actions.noticeShown(lost > 0 ? "error" : "done", lost > 0 ? strings.runs.referencesLost(lost) : strings.runs.broughtBack));
    },

    /** Its result as a layer of the document in view. @param {string} id */
    async place(id) {
      const run = store.getState().runs.find((other) => other.id === id);
      const image = run?.result ? await open(ipc, run.result.file, run.form.prompt ?? "") : null;
      if (image) store.dispatch(actions.layerAdded(image));
      else store.dispatch(actions.noticeShown("error", strings.runs.lost));
    },

    /** @param {string} id */
    async forget(id) {
      store.dispatch(actions.runForgotten(id));
      await save();
    },

    /** A small picture of a run, opened once. @param {PastRun} run */
    thumbnail(run) {
      const file = run.result?.thumbnail ?? null;
      if (file === null) return Promise.resolve(null);
      const there = thumbnails.get(file) ?? open(ipc, file, "");
      thumbnails.set(file, there);
      return there;
    },
  };
}

async function keep(ipc, id, maxSide = null) {
  try {
    return await ipc.keepPicture(id, maxSide);
  } catch {
    return null;
  }
}

async function open(ipc, file, name) {
  try {
    return file ? await ipc.openKeptPicture(file, name) : null;
  } catch {
    return null;
  }
}
