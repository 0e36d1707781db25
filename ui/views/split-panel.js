// @ts-check
import { keyText, shortKeyText } from "../effects/action-words.js";
import * as actions from "../state/actions.js";
import { GUIDANCE, STEPS } from "../state/form.js";
import { modelsFor } from "../state/models.js";
import { LAYERS } from "../state/split.js";
import { selectPicture, selectSplitBlock, selectSplitLayer, selectSplitModel } from "../state/selectors.js";
import { size, strings } from "../strings.js";
import { element, icon } from "./dom.js";
import { mountErrorCard } from "./error-card.js";
import { field, mountModel, mountSeed, mountSlider } from "./fields.js";
import { mountForecast } from "./forecast-line.js";
import { jobText } from "./progress.js";
import { mountSplitResult } from "./split-result.js";

/**
 * @typedef {import("../effects/generate.js").Store} Store
 * @typedef {(name: string) => void} Run
 * @typedef {(canvas: HTMLCanvasElement, image: { id: number, width: number, height: number }) => void} ShowThumbnail
 */

/**
 * Separates a picture into layers: what is asked for, how far it is, what came of it.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {object} outside
 * @param {Run} outside.run
 * @param {() => number} outside.random
 * @param {ShowThumbnail} outside.showThumbnail
 * @returns {{ focus: () => void }}
 */
export function mountSplitPanel(root, store, { run, random, showThumbnail }) {
  const section = root.appendChild(element("section", { class: "section section-split", "aria-label": strings.split.title }));
  mountTarget(section, store, showThumbnail);
  const asked = section.appendChild(element("div", { class: "split-asked" }));
  mountAsked(asked, store);
  const place = section.appendChild(element("div", { class: "split-start" }));
  mountErrorCard(section, store, {
    id: "split-error",
    kind: "split",
    title: strings.split.failedTitle,
    wayOut: (error, state) => wayOut(error, state, store, run),
  });
  const result = mountSplitResult(section, store, run, showThumbnail);
  const focus = mountStart(place, store, run, result);
  mountSettings(root, store, random);
  return { focus };
}

/** What is separated. */
function mountTarget(section, store, showThumbnail) {
  const thumbnail = element("canvas", { class: "split-thumbnail", "aria-hidden": "true" });
  const name = element("p", { class: "split-name" });
  const about = element("p", { class: "note" });
  const box = element("div", { id: "split-target", class: "split-target" }, [thumbnail, element("div", { class: "layer-words" }, [name, about])]);
  section.append(box);
  let shown = 0;
  store.observe(selectSplitLayer, (layer) => {
    box.hidden = layer === null;
    if (!layer) return;
    name.textContent = layer.name;
    about.textContent = size(layer.width, layer.height);
    if (layer.imageId !== shown) showThumbnail(thumbnail, { id: layer.imageId, width: layer.width, height: layer.height });
    shown = layer.imageId;
  });
}

function mountAsked(section, store) {
  const words = strings.split;
  mountSlider(section, {
    id: "split-count",
    words: words.layers,
    range: { ...LAYERS, step: 1 },
    number: { ...LAYERS, step: 1 },
    select: (state) => state.split.form.layers,
    change: actions.splitLayersChanged,
    store,
  });
  section.append(text("split-prompt", words.prompt, store,
    (state) => state.split.form.prompt, actions.splitPromptChanged));
}

function mountStart(section, store, run, result) {
  const words = strings.split;
  const start = element("button", { type: "button", id: "split-start", class: "button-primary", on: { click: () => run("split.start") } }, [
    icon("layers"),
    element("span", { text: words.start }),
    element("kbd", { class: "button-key", "aria-hidden": "true", text: shortKeyText("Ctrl+Enter") }),
  ]);
  const cancelLabel = element("span", { text: strings.generate.cancel });
  const cancel = element("button", {
    type: "button",
    id: "split-cancel",
    class: "button-cancel",
    hidden: true,
    on: { click: () => run("job.cancel") },
  }, [icon("stop"), cancelLabel, element("kbd", { class: "button-key", "aria-hidden": "true", text: keyText("Escape") })]);
  const line = element("p", { id: "split-text", class: "job-text", role: "status" });
  const row = element("div", { class: "generate-row" }, [start, cancel]);
  section.append(row);
  mountForecast(section, store, "split-forecast", "split");
  section.append(line);

  const show = () => {
    const state = store.getState();
    const block = selectSplitBlock(state);
    const running = block === "running";
    const waits = state.split.result !== null;
    const hadFocus = row.contains(document.activeElement) || result.choices.contains(document.activeElement);
    const focused = document.activeElement;
    result.show();
    start.hidden = running || waits;
    cancel.hidden = !running;
    row.hidden = waits && !running;
    // The keyboard goes on where the work does.
    if (hadFocus && focused?.closest("[hidden]")) focus();
    start.setAttribute("aria-disabled", String(block !== null));
    const { current, last } = state.jobs;
    const job = current?.kind === "split" ? current : null;
    cancelLabel.textContent = job?.cancelling ? strings.generate.cancelling : strings.generate.cancel;
    cancel.setAttribute("aria-disabled", String(job?.cancelling ?? false));
    // Every step would be too much to hear; the progress bar can be asked.
    line.setAttribute("aria-live", job ? "off" : "polite");
    if (job) line.textContent = state.split.retrying ? `${words.secondTry} ${jobText(job)}` : jobText(job);
    else if (block !== null && block !== "running") line.textContent = words.blocked[block];
    else if (last?.kind === "split") line.textContent = "seconds" in last ? strings.generate.done(last.seconds) : words.cancelled;
    else line.textContent = waits ? "" : words.ready(state.split.form.layers);
  };
  store.observe((state) => state.jobs, show);
  store.observe((state) => state.split, show);
  store.observe(selectPicture, show);
  store.observe(selectSplitBlock, show);

  function focus() {
    if (!cancel.hidden) cancel.focus();
    else if (!start.hidden) start.focus();
    else result.focus();
  }
  return focus;
}

function mountSettings(root, store, random) {
  const words = strings.split;
  const fold = element("details", { id: "split-settings", class: "fold" }, [
    element("summary", { class: "fold-summary", text: words.more }),
  ]);
  const inside = fold.appendChild(element("div", { class: "fold-inside" }));
  const models = element("div", { class: "section" });
  mountModel(models, {
    id: "split-model",
    task: "decompose",
    none: words.blocked["no-model"],
    select: (state) => state.split.form.model,
    chosen: actions.splitModelChosen,
    store,
  });
  mountSeed(inside, {
    id: "split-seed",
    notes: words.seed,
    select: (state) => state.split.form,
    typed: actions.splitSeedTyped,
    shuffled: actions.splitSeedShuffled,
    lockChanged: actions.splitSeedLockChanged,
    store,
    random,
  });
  mountSlider(inside, {
    id: "split-steps",
    words: words.steps,
    range: { ...STEPS, max: 50, step: 1 },
    number: { ...STEPS, step: 1 },
    select: (state) => state.split.form.steps,
    change: actions.splitStepsChanged,
    store,
  });
  const guidance = mountSlider(inside, {
    id: "split-guidance",
    words: words.guidance,
    range: GUIDANCE,
    number: GUIDANCE,
    select: (state) => state.split.form.guidance,
    change: actions.splitGuidanceChanged,
    store,
  });
  const negative = text("split-negative", words.negative, store,
    (state) => state.split.form.negative, actions.splitNegativeChanged);
  inside.append(negative);
  models.append(fold);
  root.append(models);
  store.observe((state) => selectSplitModel(state)?.distilled ?? true, (distilled) => {
    guidance.hidden = distilled;
    negative.hidden = distilled;
  });
}

function text(id, words, store, select, change) {
  const input = element("textarea", { id, class: "input input-text", rows: 2, placeholder: words.placeholder });
  input.addEventListener("input", () => store.dispatch(change(input.value)));
  store.observe(select, (value) => {
    if (input.value !== value) input.value = value;
  });
  return field(id, words.label, [input]);
}

function wayOut(error, { split, models }, store, run) {
  const again = split.result ? "split.again" : "split.start";
  const other = modelsFor(models.list, "decompose").find((model) => model.ready && model.id !== split.form.model);
  if ((error.code === "model_missing" || error.code === "model_broken") && other) {
    return {
      label: strings.generate.useModel(other.name),
      perform() {
        store.dispatch(actions.splitModelChosen(other));
        run(again);
      },
    };
  }
  if (error.code === "out_of_memory" && split.form.layers > LAYERS.min) {
    const fewer = Math.max(LAYERS.min, Math.ceil(split.form.layers / 2));
    return {
      label: strings.split.fewer(fewer),
      perform() {
        store.dispatch(actions.splitLayersChanged(fewer));
        run(again);
      },
    };
  }
  return { label: strings.generate.tryAgain, perform: () => run(again) };
}
