// @ts-check
import * as actions from "../state/actions.js";
import { shuffledSeed } from "../state/form.js";
import { selectGenerateBlock, toRequest } from "../state/selectors.js";
import { runJob } from "./jobs.js";

/**
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("./jobs.js").Ipc} Ipc
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
  await runJob(store, ipc, {
    submitted: request,
    start: (onEvent) => ipc.generate(request, onEvent),
    async prepare({ event, data }) {
      const id = event === "image" ? data.id : data.preview?.id;
      if (id !== undefined) await prepareImage(id);
    },
    handle(_key, { event, data }, tab) {
      if (event === "image") store.dispatch(actions.inTab(tab, actions.layerAdded(toLayer(data, request))));
    },
  });
}

function toLayer({ id, width, height, prompt, seed, model }, { negative, steps, guidance }) {
  const recipe = {
    task: "generate",
    model,
    prompt,
    negative: negative ?? "",
    seed: String(seed),
    steps,
    guidance: guidance ?? 1,
    part: null,
    parent: null,
  };
  return { id, width, height, name: nameOf(prompt), recipe };
}

// A layer is called like its prompt, cut at a word.
function nameOf(prompt) {
  const name = prompt.trim().replace(/\s+/g, " ");
  if (name.length <= 40) return name;
  return `${name.slice(0, 40).replace(/\s\S*$/, "")}…`;
}
