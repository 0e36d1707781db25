// @ts-check
import { strings } from "../strings.js";

const SLOW_MS = 3000;
const LONGEST_MS = 8000;

/**
 * Covers the window until the engine is ready; writing a prompt need not wait longer than a moment.
 * @param {HTMLElement} splash
 * @param {HTMLElement} text
 * @param {import("../effects/generate.js").Store} store
 */
export function mountSplash(splash, text, store) {
  const watching = new AbortController();
  text.textContent = strings.starting;
  const timers = [
    setTimeout(() => (text.textContent = strings.startingSlowly), SLOW_MS),
    setTimeout(leave, LONGEST_MS),
  ];
  store.observe((state) => state.engine.state !== "starting" && state.models.status !== "loading",
    (known) => {
      if (known) leave();
    }, watching.signal);

  function leave() {
    if (watching.signal.aborted) return;
    watching.abort();
    timers.forEach(clearTimeout);
    splash.classList.add("is-leaving");
    splash.setAttribute("aria-hidden", "true");
    // Removed by time, not by the end of the animation, which reduced motion leaves out.
    setTimeout(() => splash.remove(), 240);
  }
}
