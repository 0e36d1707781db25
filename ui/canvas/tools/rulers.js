// @ts-check

/** CSS pixels. */
export const RULER = 18;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
const MIN_STEP = 56;

/**
 * Rulers along the top and the left of the canvas; guides are drawn out of them.
 * @param {object} parts
 * @param {HTMLElement} parts.stage
 * @param {import("../../state/store.js").Store<import("../../state/reducer.js").State>} parts.store
 * @param {AbortSignal} signal
 */
export function mountRulers({ stage, store }, signal) {
  const make = (side) => {
    const canvas = document.createElement("canvas");
    canvas.className = `ruler ruler-${side}`;
    canvas.dataset.ruler = side;
    canvas.setAttribute("aria-hidden", "true");
    stage.append(canvas);
    return canvas;
  };
  const [top, left] = [make("top"), make("left")];
  let planned = false;

  function plan() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      draw();
    });
  }

  function draw() {
    const { viewport, tool, frame, document: { present } } = store.getState();
    const shown = tool.aids.rulers && frame !== null;
    top.hidden = left.hidden = !shown;
    if (!shown) return;
    const style = getComputedStyle(stage);
    const colours = { ground: style.getPropertyValue("--bg"), text: style.getPropertyValue("--text-dim"), line: style.getPropertyValue("--line-field") };
    drawRuler(top, viewport.width, viewport, viewport.panX + present.x * viewport.zoom, colours, false);
    drawRuler(left, viewport.height, viewport, viewport.panY + present.y * viewport.zoom, colours, true);
  }

  store.observe((state) => state.viewport, plan, signal);
  store.observe((state) => state.tool.aids, plan, signal);
  store.observe((state) => state.frame, plan, signal);
  return { redraw: plan };
}

function drawRuler(canvas, length, { zoom, scale }, origin, colours, upright) {
  const thick = Math.round(RULER * scale);
  const [width, height] = upright ? [thick, length] : [length, thick];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, width, height);
  // The upright one is the level one, turned.
  if (upright) context.setTransform(0, 1, 1, 0, 0, 0);
  context.fillStyle = colours.line;
  context.fillRect(0, thick - 1, length, 1);
  const step = STEPS.find((candidate) => candidate * zoom >= MIN_STEP * scale) ?? STEPS[STEPS.length - 1];
  const parts = step === 1 ? 1 : step % 10 === 0 ? 10 : step === 5 ? 5 : 2;
  context.font = `${Math.round(9 * scale)}px system-ui, sans-serif`;
  context.textBaseline = "top";
  const first = Math.floor(-origin / zoom / step) * step;
  for (let value = first; origin + value * zoom < length; value += step) {
    for (let part = 0; part < parts; part += 1) {
      const x = Math.round(origin + (value + (part * step) / parts) * zoom);
      const tall = part === 0 ? thick : part * 2 === parts ? thick * 0.4 : thick * 0.25;
      context.fillStyle = colours.line;
      context.fillRect(x, Math.round(thick - tall), 1, Math.round(tall));
    }
    const x = Math.round(origin + value * zoom);
    context.fillStyle = colours.text;
    if (upright) {
      // Letters stand upright, one below the other.
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      [...String(value)].forEach((letter, index) => context.fillText(letter, 3 * scale, x + (2 + index * 9) * scale));
      context.restore();
    } else context.fillText(String(value), x + 3 * scale, 2 * scale);
  }
  // The corner where both meet.
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, thick, thick);
}
