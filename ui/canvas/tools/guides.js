// @ts-check

/** CSS pixels. */
const REACH = 4;

/** @typedef {import("./hand.js").Context} Context @typedef {import("./hand.js").Press} Press */

/**
 * Guides are drawn out of the rulers, moved, and dragged out of the window to be gone.
 * @param {Context} context
 */
export function createGuideDrag({ store, act, away }) {
  /** @type {{ axis: "vertical" | "horizontal", index: number, at: number | null, before: { vertical: number[], horizontal: number[] } } | null} */
  let drag = null;

  const guidesOf = () => store.getState().document.present.guides ?? { vertical: [], horizontal: [] };

  function near(press) {
    const { tool } = store.getState();
    // Only the move tool takes guides, so that no other tool catches on one.
    if (tool.active !== "move" || tool.transform || !tool.aids.guides) return null;
    const { vertical, horizontal } = guidesOf();
    const find = (list, value) => list.findIndex((at) => Math.abs(at - value) <= away(REACH));
    const [x, y] = [find(vertical, press.x), find(horizontal, press.y)];
    if (x >= 0) return { axis: /** @type {const} */ ("vertical"), index: x };
    return y >= 0 ? { axis: /** @type {const} */ ("horizontal"), index: y } : null;
  }

  function place(press) {
    if (!drag) return;
    const { viewport, tool } = store.getState();
    const { width, height } = viewport;
    const ruler = tool.aids.rulers ? 18 * viewport.scale : 0;
    const gone = press.view.x < ruler || press.view.y < ruler || press.view.x > width || press.view.y > height;
    drag.at = gone ? null : Math.round(drag.axis === "vertical" ? press.x : press.y);
  }

  return {
    /** @param {Press} press @param {string | null} ruler the ruler that is pressed, if any */
    takes(press, ruler) {
      const before = guidesOf();
      if (ruler) {
        // The ruler at the top gives lines like itself.
        const axis = ruler === "top" ? "horizontal" : "vertical";
        drag = { axis, index: before[axis].length, at: null, before };
        return true;
      }
      const found = near(press);
      if (!found) return false;
      drag = { ...found, at: before[found.axis][found.index], before };
      return true;
    },

    down() {},
    move: place,

    /** @param {Press} press */
    up(press) {
      place(press);
      const after = this.shown();
      const before = drag?.before;
      drag = null;
      if (before && JSON.stringify(before) !== JSON.stringify(after)) act.setGuides(after);
    },

    cancel() {
      drag = null;
    },

    /** What is to be drawn: the guides as they are while one of them is dragged. */
    shown() {
      const guides = guidesOf();
      if (!drag) return guides;
      const { axis, index, at } = drag;
      const list = [...guides[axis]];
      list.splice(index, 1, ...(at === null ? [] : [at]));
      return { ...guides, [axis]: list };
    },

    /** @param {Press} press @returns {"ew" | "ns" | null} */
    cursor(press) {
      const found = drag ?? near(press);
      return found ? (found.axis === "vertical" ? "ew" : "ns") : null;
    },

    draw() {},
  };
}
