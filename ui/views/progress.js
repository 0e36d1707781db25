// @ts-check
import { jobPercent } from "../state/jobs.js";
import { selectJob } from "../state/selectors.js";
import { strings, timeLeft } from "../strings.js";

/**
 * The thin bar at the top edge of the window.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 */
export function mountProgress(root, store) {
  root.setAttribute("role", "progressbar");
  root.setAttribute("aria-valuemin", "0");
  root.setAttribute("aria-valuemax", "100");

  store.observe(selectJob, (job) => {
    root.classList.toggle("is-active", job !== null);
    root.setAttribute("aria-hidden", String(job === null));
    root.setAttribute("aria-label", job?.kind === "split" ? strings.split.progress : strings.generate.progress);
    const percent = job ? jobPercent(job) : null;
    root.classList.toggle("is-indeterminate", job !== null && percent === null);
    root.style.setProperty("--done", String((percent ?? 0) / 100));
    if (percent === null) {
      root.removeAttribute("aria-valuenow");
      root.removeAttribute("aria-valuetext");
    } else {
      root.setAttribute("aria-valuenow", String(percent));
    }
    if (job) root.setAttribute("aria-valuetext", jobText(job));
  });
}

/**
 * What the running job does, in words.
 * @param {import("../state/jobs.js").Job} job
 */
export function jobText(job) {
  if (job.cancelling) return strings.generate.cancelling;
  if (job.stage === null) return strings.generate.waiting;
  const stages = job.kind === "split" ? strings.split.stages : strings.generate.stages;
  if (job.stage !== "denoise" || job.total === 0) return `${stages[job.stage] ?? strings.generate.stages.load}…`;
  const step = strings.generate.step(job.done, job.total);
  const left = job.done < job.total ? timeLeft(job.secondsLeft) : "";
  const words = job.kind === "split" ? [`${stages.denoise}…`, step, left] : [step, left];
  return words.filter((part) => part !== "").join(" · ");
}
