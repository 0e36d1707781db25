// @ts-check
import { SPAN_MS } from "../state/gauges.js";

/** As large a rate as is drawn at full height where nothing says how far it goes: 1 MB a second. */
const LEAST_MOST = 1 << 20;

/**
 * @typedef {import("../state/gauges.js").Point} Point
 * @typedef {object} Chart
 * @property {Point[]} series
 * @property {number} [span] how much of the past is drawn, in milliseconds
 * @property {number} now the right edge
 * @property {{ stage: string, from: number, to: number }[]} [phases]
 * @property {number | null} [limit] a line across, in the unit of the values
 */

/**
 * Draws the past as an area with our own part in it. Colours come from the canvas's own style.
 * @param {HTMLCanvasElement} canvas
 * @param {Chart} chart
 */
export function drawChart(canvas, { series, span = SPAN_MS, now, phases = [], limit = null }) {
  const { width, height, context } = prepared(canvas);
  if (width === 0) return;
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name);
  const most = series[series.length - 1]?.most ?? Math.max(LEAST_MOST, ...series.map(({ value }) => value));
  const x = (at) => width * (1 - (now - at) / span);
  const y = (value) => height - 1 - Math.min(1, value / most) * (height - 2);

  for (const { from } of phases) {
    context.fillStyle = colour("--chart-mark");
    context.fillRect(Math.round(x(from)), 0, 1, height);
  }
  const shown = series.filter(({ at }) => at >= now - span - 1000);
  area(shown.map(({ at, value }) => [x(at), y(value)]), colour("--chart-all"), colour("--chart-line"));
  const own = shown.filter(({ ours }) => ours !== null);
  area(own.map(({ at, ours }) => [x(at), y(ours ?? 0)]), colour("--chart-ours"), null);
  if (limit !== null && limit < most) {
    context.fillStyle = colour("--chart-limit");
    for (let at = 0; at < width; at += 6) context.fillRect(at, Math.round(y(limit)), 3, 1);
  }

  function area(points, fill, line) {
    if (points.length < 2) return;
    context.beginPath();
    points.forEach(([px, py], index) => (index === 0 ? context.moveTo(px, py) : context.lineTo(px, py)));
    if (line !== null) {
      context.strokeStyle = line;
      context.lineWidth = 1;
      context.stroke();
    }
    context.lineTo(points[points.length - 1][0], height);
    context.lineTo(points[0][0], height);
    context.closePath();
    context.fillStyle = fill;
    context.fill();
  }
}

/**
 * Draws the phases of jobs as a strip.
 * @param {HTMLCanvasElement} canvas
 * @param {{ stage: string, from: number, to: number }[]} phases
 * @param {number} now
 */
export function drawPhases(canvas, phases, now) {
  const { width, height, context } = prepared(canvas);
  const style = getComputedStyle(canvas);
  const x = (at) => width * (1 - (now - at) / SPAN_MS);
  for (const { stage, from, to } of phases) {
    context.fillStyle = style.getPropertyValue(`--phase-${stage}`) || style.getPropertyValue("--phase-load");
    context.fillRect(x(from), 0, Math.max(1, x(to) - x(from)), height);
  }
}

/** As many pixels as the screen has there, empty. */
function prepared(canvas) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const pixels = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { width, height, context };
}
