// @ts-check
import { gaugesOf, readingOf, seriesOf } from "../state/gauges.js";
import { strings } from "../strings.js";
import { drawChart } from "./chart.js";
import { element } from "./dom.js";

/** How much of the past the small charts show. */
const SPAN_MS = 30_000;
/** A number that changes ten times a second cannot be read, and without a graphics card every drawing costs. */
const DRAW_MS = 1000;
const SMALL = new Set(["cpu", "memory", "card", "card-memory"]);

/**
 * The gauges in the status bar, as one button that opens the panel with all of them.
 * @param {HTMLElement} root
 * @param {import("../effects/gauges.js").Gauges} gauges
 * @param {() => void} open
 */
export function mountGaugeStrip(root, gauges, open) {
  const words = strings.machine;
  const button = element("button", {
    type: "button", id: "gauges", class: "gauges", "aria-haspopup": "dialog", "aria-expanded": "false", title: words.open, hidden: true, on: { click: open },
  });
  root.append(button);
  /** @type {Map<string, { canvas: HTMLCanvasElement, value: HTMLElement }>} */
  const meters = new Map();
  let drawn = -Infinity;

  gauges.observe((looks) => {
    const look = looks[looks.length - 1];
    // The first card is the one that pictures are made with.
    const shown = gaugesOf(look).filter(({ kind, card }) => SMALL.has(kind) && card < 1);
    if (shown.length !== meters.size || shown.some(({ id }) => !meters.has(id))) build(shown);
    if (look.at - drawn < DRAW_MS && look.at >= drawn) return;
    drawn = look.at;
    const recent = looks.filter(({ at }) => at >= look.at - SPAN_MS);
    for (const gauge of shown) {
      const { canvas, value } = /** @type {{ canvas: HTMLCanvasElement, value: HTMLElement }} */ (meters.get(gauge.id));
      drawChart(canvas, { series: seriesOf(recent, gauge), span: SPAN_MS, now: look.at });
      const reading = readingOf(look, gauge);
      if (reading) value.textContent = words.short(gauge.kind, reading);
    }
  });

  function build(shown) {
    meters.clear();
    button.hidden = shown.length === 0;
    button.replaceChildren(element("span", { class: "sr-only", text: words.title }), ...shown.map(({ id, kind }) => {
      const canvas = element("canvas", { class: "gauge-spark", "aria-hidden": "true" });
      const value = element("span", { class: "gauge-value" });
      meters.set(id, { canvas, value });
      return element("span", { class: "gauge-meter", "data-gauge": id }, [element("span", { class: "gauge-label", text: words.labels[kind] }), canvas, value]);
    }));
    drawn = -Infinity;
  }
  return button;
}
