// @ts-check
import { strings } from "../strings.js";
import { element, icon, iconButton } from "./dom.js";

/**
 * Pictures of before: their settings can be brought back, and the pictures placed again.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {ReturnType<typeof import("../effects/runs.js").createRuns>} runs
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 */
export function mountRunsPanel(root, store, runs, showThumbnail) {
  const words = strings.runs;
  const empty = element("p", { class: "note", text: words.none });
  const list = element("ul", { id: "runs", class: "runs", "aria-label": words.list });
  const fold = element("details", { id: "runs-fold", class: "fold" }, [
    element("summary", { class: "fold-summary", text: words.title }),
    element("div", { class: "fold-inside" }, [empty, list]),
  ]);
  root.append(element("section", { class: "section", "aria-label": words.title }, [fold]));

  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  const show = () => {
    if (!fold.open) return;
    const { runs: all } = store.getState();
    empty.hidden = all.length > 0;
    list.hidden = all.length === 0;
    const focused = /** @type {HTMLElement | null} */ (list.contains(document.activeElement) ? document.activeElement : null);
    const index = focused ? [...list.children].indexOf(/** @type {any} */ (focused.closest("li"))) : -1;
    for (const id of [...rows.keys()]) if (!all.some((run) => run.id === id)) rows.delete(id);
    list.replaceChildren(...all.map((run) => {
      const there = rows.get(run.id) ?? row(run);
      rows.set(run.id, there);
      return there;
    }));
    if (!focused) return;
    if (focused.isConnected) focused.focus();
    else /** @type {HTMLElement | null | undefined} */ (list.children[Math.min(index, list.children.length - 1)]?.querySelector("button"))?.focus();
  };
  fold.addEventListener("toggle", show);
  store.observe((state) => state.runs, show);

  function row(run) {
    const { prompt = "" } = run.form;
    const { width = 0, height = 0 } = run.result ?? run.form;
    const thumbnail = element("canvas", { class: "run-thumbnail", "data-side": 48, "aria-hidden": "true" });
    void runs.thumbnail(run).then((image) => image && showThumbnail(thumbnail, image));
    return element("li", { class: "run", "data-run-id": run.id }, [
      thumbnail,
      element("div", { class: "run-words" }, [
        element("p", { class: "run-prompt", text: prompt, title: prompt }),
        element("p", { class: "note", text: words.about(run.mode, width, height, run.seed) }),
        element("p", { class: "note", text: words.when(run.when) }),
        element("div", { class: "run-buttons" }, [
          element("button", {
            type: "button", class: "button-small", "aria-label": words.bringBackOf(prompt), on: { click: () => void runs.bringBack(run.id) },
          }, [icon("undo"), words.bringBack]),
          element("button", {
            type: "button", class: "button-small", "aria-label": words.placeOf(prompt), disabled: run.result === null, on: { click: () => void runs.place(run.id) },
          }, [icon("layer-add"), words.place]),
          iconButton("trash", words.forget(prompt), () => void runs.forget(run.id), { class: "reference-part" }),
        ]),
      ]),
    ]);
  }
}
