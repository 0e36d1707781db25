// @ts-check
import { fullLabelOf } from "../effects/action-words.js";
import { promptChanged, taskShown } from "../state/actions.js";
import { countLayers, layerOf } from "../state/document.js";
import { selectJob, selectPicture } from "../state/selectors.js";
import { toCanvas } from "../state/viewport.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";
import { recentList } from "./recent-files.js";

/** Recent files that are offered at the start. */
const RECENT_SHOWN = 4;

/**
 * What lies over the canvas: the first start, the veil while a picture is made, the place to drop.
 * @param {HTMLElement} stage
 * @param {import("../effects/generate.js").Store} store
 * @param {{ run: (name: string) => void, openRecent: (path: string) => void }} choices
 */
export function mountStage(stage, store, { run, openRecent }) {
  const canvas = /** @type {HTMLElement} */ (stage.querySelector("#canvas"));
  stage.setAttribute("aria-label", strings.canvas.label);
  stage.setAttribute("aria-describedby", "canvas-description");
  canvas.setAttribute("role", "img");
  const veil = element("div", { id: "generating", class: "generating", "aria-hidden": "true", hidden: true });
  stage.append(
    veil,
    startPanel(store, run, openRecent),
    element("div", { class: "drop-hint", "aria-hidden": "true" }, [icon("file-add"), strings.canvas.drop]),
    element("p", { id: "canvas-description", class: "sr-only", text: strings.canvas.description }),
  );

  const start = /** @type {HTMLElement} */ (stage.querySelector("#start"));
  store.observe((state) => state.frame === null, (empty) => {
    start.hidden = !empty;
    stage.classList.toggle("is-empty", empty);
  });
  const describe = () => {
    const picture = selectPicture(store.getState());
    const { layers, width, height } = picture;
    const job = selectJob(store.getState());
    const text = layers.length > 0 ? strings.canvas.picture(width, height, countLayers(picture)) : strings.canvas.empty;
    canvas.setAttribute("aria-label", job === null ? text : strings.canvas.working[job.kind]);
  };
  store.observe(selectPicture, describe);
  store.observe((state) => selectJob(state) !== null, describe);

  const placeVeil = () => {
    const { frame, viewport, jobs } = store.getState();
    const place = frame && placeOf(jobs.current, frame);
    veil.hidden = !place;
    if (!place) return;
    veil.classList.toggle("has-preview", jobs.current?.preview !== null);
    const area = toCanvas(viewport, place);
    for (const [name, value] of Object.entries({ "--x": area.x, "--y": area.y, "--w": area.width, "--h": area.height })) {
      veil.style.setProperty(name, `${value / viewport.scale}px`);
    }
  };
  // Where something comes into being: the whole picture, or the layer that is separated.
  const placeOf = (job, frame) => {
    if (job === null || (job.tab !== null && job.tab !== store.getState().tabs.active)) return null;
    if (job.place) return job.place;
    const layer = layerOf(selectPicture(store.getState()), job.layerId);
    return layer?.kind === "pixels" ? layer : frame;
  };
  store.observe((state) => state.viewport, placeVeil);
  store.observe((state) => state.frame, placeVeil);
  store.observe(selectJob, placeVeil);
}

function startPanel(store, run, openRecent) {
  const words = strings.start;
  const recent = element("div", { class: "start-recent" });
  store.observe((state) => state.recent, (files) => {
    const there = files.filter(({ missing }) => !missing).slice(0, RECENT_SHOWN);
    recent.replaceChildren(...(there.length === 0 ? [] : [
      element("h3", { class: "start-heading", text: words.recent }),
      recentList(there, openRecent),
    ]));
  });
  return element("section", { id: "start", class: "start", "aria-labelledby": "start-title" }, [
    element("img", { class: "start-mark", src: "styles/icons/mark.svg", alt: "", width: 56, height: 56 }),
    element("h2", { id: "start-title", class: "start-title", text: words.title }),
    element("p", { class: "start-text", text: words.text }),
    element("div", { class: "examples" }, words.examples.map((prompt) => element("button", {
      type: "button",
      class: "example",
      "aria-label": words.example(prompt),
      "data-example": prompt,
      on: {
        click: () => {
          store.dispatch(taskShown("new"));
          store.dispatch(promptChanged(prompt));
          run("generate.start");
        },
      },
    }, [icon("spark"), element("span", { text: prompt })]))),
    element("div", { class: "start-ways" }, [
      element("button", { type: "button", id: "open-example", class: "button-plain", text: words.openExample, on: { click: () => run("help.example") } }),
      element("button", { type: "button", id: "start-new", class: "button-plain", text: fullLabelOf("file.new"), on: { click: () => run("file.new") } }),
      element("button", { type: "button", id: "start-open", class: "button-plain", text: fullLabelOf("file.open"), on: { click: () => run("file.open") } }),
    ]),
    recent,
  ]);
}
