// @ts-check
import * as actions from "../state/actions.js";
import { waitingRuns } from "../state/queue.js";
import { selectSelectedLayer } from "../state/selectors.js";
import { discardVariations, generate, keepVariations } from "./generate.js";
import { cancelJob } from "./jobs.js";

/** @type {import("../state/run.js").Mode[]} */
const MODES = ["new", "edit", "repaint", "extend"];

/**
 * What making pictures can be asked for.
 * @param {object} parts
 * @param {import("./jobs.js").Store} parts.store
 * @param {import("./jobs.js").Ipc} parts.ipc
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @param {import("./generate.js").Outside} parts.outside
 * @param {(name: "prompt" | "prompt-history" | "runs" | "stage") => void} [parts.show] brings a part of the page into view
 * @returns {Record<string, () => void>}
 */
export function createCreateCommands({ store, ipc, images, outside, show = () => {} }) {
  const modes = MODES.map((mode) => [`generate.mode-${mode}`, () => {
    store.dispatch(actions.taskShown(mode));
    show("prompt");
  }]);
  // New pixels have no place in the state while a run is put together.
  const held = (work) => () => void images.hold(work);
  return {
    ...Object.fromEntries(modes),
    "generate.start": held(() => generate(store, ipc, outside)),
    "generate.draw-selection": () => {
      store.dispatch(actions.toolChosen("select-rect"));
      show("stage");
    },
    "generate.reference-layer": () => {
      const layer = selectSelectedLayer(store.getState());
      if (layer?.kind !== "pixels" || layer.imageId === 0) return;
      const { imageId, name, width, height } = layer;
      images.place({ id: imageId, name, width, height }, "reference");
    },
    "generate.reference-file": () => void images.openDialog("reference"),
    "generate.reference-clipboard": () => void images.paste("reference"),
    "generate.prompt-history": () => show("prompt-history"),
    "generate.runs": () => show("runs"),
    "variations.keep": held(() => keepVariations(store, ipc, outside)),
    "variations.discard": () => discardVariations(store),
    "queue.cancel": () => {
      for (const { id } of waitingRuns(store.getState().queue)) store.dispatch(actions.runRemoved(id));
      void cancelJob(store, ipc);
    },
  };
}
