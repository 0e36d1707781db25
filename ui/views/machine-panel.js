// @ts-check
import { gaugesOf, lastRunOf, phasesOf, readingOf, seriesOf, summaryOf } from "../state/gauges.js";
import { strings } from "../strings.js";
import { drawChart, drawPhases } from "./chart.js";
import { element, iconButton } from "./dom.js";

/** Charts are described anew this rarely: whoever listens wants to hear a sentence to its end. */
const DESCRIBE_MS = 5000;
/** A chart of two minutes moves by about a pixel in this time. */
const DRAW_MS = 500;

/**
 * The last two minutes of this computer, beside the work: it does not have to be closed to go on.
 * @param {HTMLElement} root
 * @param {import("../effects/gauges.js").Gauges} gauges
 * @param {{ limitOf?: (gauge: import("../state/gauges.js").Gauge) => number | null }} [options] lines across the charts
 * @returns {{ toggle: (opener: HTMLElement) => void, body: HTMLElement }}
 */
export function mountMachinePanel(root, gauges, { limitOf = () => null } = {}) {
  const words = strings.machine;
  const phase = element("p", { id: "machine-phase", class: "machine-phase" });
  const strip = element("canvas", { class: "machine-strip", "aria-hidden": "true" });
  const legend = element("ol", { id: "machine-phases", class: "machine-legend", "aria-label": words.lastRun });
  const charts = element("div", { id: "machine-charts", class: "machine-charts" });
  const cards = element("div", { id: "machine-cards", class: "machine-cards" });
  const body = element("div", { class: "machine-body" }, [phase, strip, legend, charts, cards]);
  const close = iconButton("close", strings.dialogs.close, () => hide());
  const panel = root.appendChild(element("div", {
    id: "machine-panel", class: "machine-panel floats", role: "dialog", "aria-labelledby": "machine-title", hidden: true,
  }, [element("div", { class: "machine-head" }, [element("h2", { id: "machine-title", text: words.title }), close]), body]));

  /** @type {Map<string, ReturnType<typeof chart>>} */
  const shown = new Map();
  let described = -Infinity;
  let drawn = -Infinity;
  /** @type {HTMLElement | null} */
  let opener = null;
  let frame = 0;

  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    hide();
  });
  gauges.observe((looks) => {
    if (panel.hidden || frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      show(looks);
    });
  });

  function show(looks) {
    const look = looks[looks.length - 1];
    if (!look) return;
    panel.dataset.at = String(look.at);
    write(phase, look.phase ? words.phase(look.phase) : words.idle);
    const all = gaugesOf(look);
    if (all.length !== shown.size || all.some(({ id }) => !shown.has(id))) build(all, look);
    for (const gauge of all) {
      const parts = shown.get(gauge.id);
      const reading = readingOf(look, gauge);
      if (!parts || !reading) continue;
      write(parts.now, words.now(gauge.kind, reading));
      write(parts.ours, words.ours(gauge.kind, reading));
    }
    write(cards, look.cards.length === 0 ? words.noCard : look.cards.map(words.card).join("\n"));
    if (isDue(look, drawn, DRAW_MS)) draw(looks, look, all);
  }

  function draw(looks, look, all) {
    drawn = look.at;
    const describes = isDue(look, described, DESCRIBE_MS);
    if (describes) described = look.at;
    const phases = phasesOf(looks);
    drawPhases(strip, phases, look.at);
    showLegend(lastRunOf(looks));
    for (const gauge of all) {
      const canvas = shown.get(gauge.id)?.canvas;
      if (!canvas) continue;
      const series = seriesOf(looks, gauge);
      drawChart(canvas, { series, now: look.at, phases, limit: limitOf(gauge) });
      const summary = describes ? summaryOf(series) : null;
      if (summary) canvas.setAttribute("aria-label", words.describe(gauge.kind, summary));
    }
  }

  function showLegend(run) {
    const text = run.map(({ stage, ms }) => `${stage} ${words.lasted(ms)}`).join();
    if (legend.dataset.text === text) return;
    legend.dataset.text = text;
    legend.replaceChildren(...run.map(({ stage, ms }) => element("li", {}, [
      element("span", { class: "machine-swatch", "data-stage": stage, "aria-hidden": "true" }),
      element("span", { text: `${words.stages[stage] ?? stage} ${words.lasted(ms)}` }),
    ])));
  }

  function build(all, look) {
    shown.clear();
    charts.replaceChildren(...all.map((gauge) => {
      const parts = chart(gauge, look);
      shown.set(gauge.id, parts);
      return parts.figure;
    }));
    [described, drawn] = [-Infinity, -Infinity];
  }

  function chart({ id, kind, card }, look) {
    const now = element("span", { class: "gauge-now" });
    const ours = element("span", { class: "gauge-ours" });
    const canvas = element("canvas", { class: "gauge-chart", role: "img" });
    const name = words.names[kind];
    const caption = element("figcaption", {}, [element("span", { class: "gauge-name", text: look.cards.length > 1 && card >= 0 ? words.numbered(name, card + 1) : name }), now, ours]);
    return { figure: element("figure", { class: "gauge", "data-gauge": id }, [caption, canvas]), canvas, now, ours };
  }

  function hide() {
    if (panel.hidden) return;
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = true;
    void gauges.setOften("panel", false);
    opener?.setAttribute("aria-expanded", "false");
    if (hadFocus) opener?.focus();
  }

  return {
    body,
    toggle(button) {
      if (!panel.hidden) {
        hide();
        return;
      }
      opener = button;
      opener.setAttribute("aria-expanded", "true");
      panel.hidden = false;
      void gauges.setOften("panel", true);
      [described, drawn] = [-Infinity, -Infinity];
      show(gauges.looks());
      close.focus();
    },
  };
}

// A clock that went back is another one.
const isDue = ({ at }, last, pause) => at - last >= pause || at < last;

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
