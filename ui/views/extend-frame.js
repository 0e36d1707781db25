// @ts-check
import { formChanged, viewportFitted } from "../state/actions.js";
import { grown } from "../state/region.js";
import { selectIsEmpty, selectPicture } from "../state/selectors.js";
import { toCanvas } from "../state/viewport.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";

/** One press of an arrow key. */
const STEP = 16;
/** @type {Record<"left" | "top" | "right" | "bottom", { dx: number, dy: number, more: string, less: string }>} */
const SIDES = {
  left: { dx: -1, dy: 0, more: "ArrowLeft", less: "ArrowRight" },
  top: { dx: 0, dy: -1, more: "ArrowUp", less: "ArrowDown" },
  right: { dx: 1, dy: 0, more: "ArrowRight", less: "ArrowLeft" },
  bottom: { dx: 0, dy: 1, more: "ArrowDown", less: "ArrowUp" },
};

/**
 * The frame that the picture will have in Extend; its edges are dragged.
 * @param {HTMLElement} stage
 * @param {import("../effects/generate.js").Store} store
 */
export function mountExtendFrame(stage, store) {
  const words = strings.modes.extend;
  const frame = stage.appendChild(element("div", { id: "extend-frame", class: "extend-frame", hidden: true }));
  for (const [side, { dx, dy, more, less }] of Object.entries(SIDES)) {
    const handle = frame.appendChild(element("div", {
      class: `extend-handle extend-handle-${side}`, role: "slider", tabindex: "0", "aria-label": words.side(words.sides[side]),
      "aria-orientation": dx === 0 ? "vertical" : "horizontal", "aria-valuemin": "0", "aria-valuemax": "2048",
    }));
    let from = /** @type {{ x: number, y: number, pixels: number } | null} */ (null);
    const set = (pixels) => store.dispatch(formChanged({ extend: { ...store.getState().form.extend, [side]: Math.max(0, pixels) } }));
    handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      from = { x: event.clientX, y: event.clientY, pixels: store.getState().form.extend[side] };
    });
    handle.addEventListener("pointermove", (event) => {
      if (!from) return;
      event.stopPropagation();
      const { zoom, scale } = store.getState().viewport;
      const moved = ((event.clientX - from.x) * dx + (event.clientY - from.y) * dy) * (scale / zoom);
      set(from.pixels + Math.round(moved));
    });
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
      handle.addEventListener(type, () => {
        if (from && store.getState().viewport.fitted) store.dispatch(viewportFitted());
        from = null;
      });
    }
    handle.addEventListener("keydown", (event) => {
      const by = { [more]: STEP, [less]: -STEP }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      set(store.getState().form.extend[side] + (event.shiftKey ? 4 * by : by));
    });
    store.observe((state) => state.form.extend[side], (pixels) => handle.setAttribute("aria-valuenow", String(pixels)));
  }

  const place = () => {
    const state = store.getState();
    const { viewport: view } = state;
    frame.hidden = state.task !== "extend" || selectIsEmpty(state) || state.staged !== null || state.jobs.current?.canvas !== null && state.jobs.current?.canvas !== undefined;
    if (frame.hidden) return;
    const area = toCanvas(view, grown(selectPicture(state), state.form.extend));
    for (const [name, value] of Object.entries({ "--x": area.x, "--y": area.y, "--w": area.width, "--h": area.height })) {
      frame.style.setProperty(name, `${value / view.scale}px`);
    }
  };
  store.observe((state) => state.viewport, place);
  store.observe((state) => state.form.extend, place);
  store.observe((state) => state.task, place);
  store.observe((state) => state.staged, place);
  store.observe((state) => state.jobs, place);
  store.observe(selectPicture, place);
}
