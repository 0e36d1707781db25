// @ts-check
import { selectResultFits } from "../state/selectors.js";
import { size, strings } from "../strings.js";
import { element, icon } from "./dom.js";

/**
 * The layers while they appear and when they are there, what to know of them, and what to do with them.
 * @param {HTMLElement} section
 * @param {import("../effects/generate.js").Store} store
 * @param {(name: string) => void} run
 * @param {import("./split-panel.js").ShowThumbnail} showThumbnail
 * @returns {{ choices: HTMLElement, show: () => void, focus: () => void }}
 */
export function mountSplitResult(section, store, run, showThumbnail) {
  const words = strings.split;
  const caption = element("p", { id: "split-caption", class: "note" });
  const heading = element("h3", { class: "section-title" });
  const list = element("ol", { id: "split-layers", class: "split-layers", "aria-label": words.list });
  const report = element("div", { id: "split-report", class: "split-report", role: "status" });
  const button = (id, iconName, label, command) => element("button", {
    type: "button", id, class: "button-plain", on: { click: () => run(command) },
  }, [icon(iconName), element("span", { text: label })]);
  const keep = button("split-keep", "check", words.keep, "split.keep");
  const again = button("split-again", "shuffle", words.again, "split.again");
  const discard = button("split-discard", "trash", words.discard, "split.discard");
  const choices = element("div", { class: "split-choices" }, [keep, again, discard]);
  section.append(caption, report, choices, heading, list);

  const show = () => {
    const state = store.getState();
    const { result } = state.split;
    const job = state.jobs.current?.kind === "split" ? state.jobs.current : null;
    const waits = result !== null && job === null;
    choices.hidden = !waits;
    report.hidden = !waits;
    keep.setAttribute("aria-disabled", String(!selectResultFits(state) || result?.layers.length === 0));
    const { caption: text } = state.split;
    caption.hidden = text === "" || (!job && !waits);
    caption.textContent = words.caption(text);
    heading.hidden = list.hidden = !job?.previews.length && !waits;
    heading.textContent = job ? words.appearing : words.result(result?.layers.length ?? 0);
  };
  const showLayers = () => {
    const { jobs, split } = store.getState();
    const job = jobs.current?.kind === "split" ? jobs.current : null;
    const layers = job ? job.previews.map((preview, index) => ({ ...preview, name: words.part(index) })) : split.result?.layers ?? [];
    // The top layer is first, as in the list of all layers.
    list.replaceChildren(...[...layers].reverse().map((layer) => item(layer, job === null)));
  };
  const showReport = (result) => {
    report.replaceChildren();
    if (!result) return;
    const { passes, sentences } = result.report;
    // What is wanted most comes first.
    const [first, second] = passes ? [keep, again] : [again, keep];
    first.className = "button-primary";
    second.className = "button-plain";
    choices.replaceChildren(first, second, discard);
    report.classList.toggle("is-problem", !passes);
    report.append(
      element("p", { class: "split-verdict" }, [icon(passes ? "check" : "warning"), passes ? words.passes : words.fails]),
      ...sentences.map((sentence) => element("p", { text: sentence })),
    );
  };
  store.observe((state) => state.split.result, showReport);
  store.observe((state) => state.jobs.current?.previews, showLayers);
  store.observe((state) => state.split.result, showLayers);
  store.observe((state) => state.jobs.current === null, showLayers);
  return { choices, show, focus: () => /** @type {HTMLElement} */ (choices.firstElementChild).focus() };

  function item({ id, width, height, name }, final) {
    const thumbnail = element("canvas", { class: "layer-thumbnail", "aria-hidden": "true" });
    showThumbnail(thumbnail, { id, width, height });
    const about = final ? [element("span", { class: "layer-size", text: size(width, height) })] : [];
    return element("li", { class: "split-layer" }, [
      thumbnail,
      element("span", { class: "layer-words" }, [element("span", { class: "layer-name", text: name }), ...about]),
    ]);
  }
}
