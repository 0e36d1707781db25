// @ts-check
import { selectJob, selectKept } from "../state/selectors.js";
import { size, strings } from "../strings.js";
import { element } from "./dom.js";

/**
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @returns {{ gauges: HTMLElement }} where the gauges go
 */
export function mountStatusBar(root, store) {
  const dot = element("span", { class: "status-dot", "aria-hidden": "true" });
  const text = element("span", { id: "status", role: "status" });
  const picture = element("span", { id: "picture-size", class: "status-size" });
  const kept = element("span", { id: "kept", class: "status-kept" });
  const gauges = element("div", { class: "status-gauges" });
  root.append(dot, text, kept, gauges, picture);
  store.observe(selectKept, (how) => {
    kept.textContent = strings.kept[how];
    kept.title = strings.kept.tips[how];
  });

  const show = () => {
    const { engine, jobs } = store.getState();
    root.dataset.engine = jobs.current ? "running" : engine.state;
    if (jobs.current) text.textContent = strings.status.running[jobs.current.kind];
    else if (engine.state === "ready") text.textContent = strings.status.ready(engine.device);
    else text.textContent = strings.status[engine.state];
  };
  store.observe((state) => state.engine, show);
  store.observe((state) => selectJob(state) !== null, show);
  store.observe((state) => state.frame, (frame) => {
    picture.textContent = frame ? size(frame.width, frame.height) : "";
  });
  return { gauges };
}
