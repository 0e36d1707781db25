// @ts-check
import { runMoved, runRemoved } from "../state/actions.js";
import { runningRun, waitingRuns } from "../state/queue.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";
import { makeSortable } from "./sortable.js";

/**
 * Runs that wait: ordered by drag and keys, each can be cancelled.
 * @param {HTMLElement} section
 * @param {import("../effects/generate.js").Store} store
 */
export function mountQueue(section, store) {
  const words = strings.queue;
  const list = element("ol", { id: "queue", class: "queue", "aria-label": words.list });
  const progress = element("p", { id: "batch-progress", class: "note" });
  const held = element("p", { class: "note", text: words.held });
  const box = section.appendChild(element("div", { class: "queue-box" }, [
    progress,
    element("p", { class: "queue-title", "aria-hidden": "true", text: words.title }),
    list,
    held,
  ]));
  const offset = () => (runningRun(store.getState().queue) ? 1 : 0);
  const sortable = makeSortable(list, {
    moved: (id, index) => store.dispatch(runMoved(id, index + offset())),
    removed: (id) => store.dispatch(runRemoved(id)),
  });

  store.observe((state) => state.queue, (queue) => {
    const waiting = waitingRuns(queue);
    const running = runningRun(queue);
    const several = running !== null && running.count > 1;
    box.hidden = waiting.length === 0 && !several;
    progress.hidden = !several;
    progress.textContent = several ? words.progress(running.done, running.count) : "";
    list.hidden = waiting.length === 0;
    box.classList.toggle("has-waiting", waiting.length > 0);
    sortable.show(waiting.map(({ id, mode, form: { prompt }, count }) => ({
      id,
      label: words.item(words.modes[mode], prompt),
      build: () => [
        element("span", { class: "queue-words" }, [
          element("span", { class: "queue-prompt", title: prompt, "data-shortens": "", text: prompt }),
          element("span", { class: "note", text: [words.modes[mode], words.count(count)].join(" · ") }),
        ]),
        element("button", {
          type: "button", class: "reference-part", "aria-label": words.remove(prompt), title: words.remove(prompt),
          on: { click: () => store.dispatch(runRemoved(id)) },
        }, [icon("close")]),
      ],
    })));
  });
  store.observe((state) => state.jobs.error !== null && state.queue.list.length > 0, (waits) => (held.hidden = !waits));
}
