// @ts-check
import { jobErrorDismissed } from "../state/actions.js";
import { selectJobError } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon, iconButton } from "./dom.js";

/**
 * What went wrong with a job, and a way out.
 * @param {HTMLElement} section
 * @param {import("../effects/generate.js").Store} store
 * @param {object} parts
 * @param {string} parts.id
 * @param {"generate" | "split"} parts.kind of job
 * @param {string} parts.title
 * @param {(error: import("../state/jobs.js").JobError, state: import("../state/reducer.js").State) =>
 *   { label: string, perform: () => void }} parts.wayOut
 */
export function mountErrorCard(section, store, { id, kind, title: usualTitle, wayOut }) {
  const message = element("p", { class: "error-message" });
  const actions = element("div", { class: "error-actions" });
  const title = element("p", { class: "error-title" });
  // The alert is there from the start, so that a screen reader hears its text arrive.
  const alert = element("div", { id, role: "alert" });
  const card = element("div", { class: "error-card" }, [
    icon("warning"),
    title,
    iconButton("close", strings.generate.dismissError, () => store.dispatch(jobErrorDismissed())),
    message,
    actions,
  ]);
  section.append(alert);

  store.observe(selectJobError, (error, state) => {
    alert.replaceChildren();
    if (!error || error.kind !== kind) return;
    const engineFailed = error.code === "engine_failed";
    title.textContent = engineFailed ? strings.engineFailed.title : usualTitle;
    message.textContent = strings.errorText(error);
    actions.replaceChildren(...(engineFailed ? [] : [button(wayOut(error, state))]));
    alert.append(card);
  });
}

function button({ label, perform }) {
  return element("button", { type: "button", class: "button-plain", text: label, on: { click: perform } });
}
