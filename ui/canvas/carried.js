// @ts-check
import { SIDE, atLevel, levelFor } from "./places.js";
import { cutApart } from "./sandwich.js";

/** Turned tiles are many when a layer is large; then they are made coarser. */
const MOST_TURNED = 96;

/**
 * Layers that a hand carries: what is below, themselves and what is above are composited once each,
 * and laid one over the other in every frame.
 * @param {() => ReturnType<typeof import("./composites.js").createComposites>} createComposites
 */
export function createCarried(createComposites) {
  const below = createComposites();
  const moved = createComposites();
  const above = createComposites();
  /** @type {{ picture: object, ids: string, parts: import("./sandwich.js").Sandwich | null } | null} */
  let cut = null;
  /** @type {number[] | null} */
  let matrix = null;
  let isHeld = false;

  return {
    /**
     * @param {import("../state/document.js").Picture} picture
     * @param {{ ids: Set<number>, matrix: number[] }} live
     * @returns {boolean} false where they cannot be laid like this
     */
    hold(picture, live) {
      const ids = [...live.ids].join();
      if (cut?.picture !== picture || cut.ids !== ids) cut = { picture, ids, parts: cutApart(picture, live.ids) };
      isHeld = cut.parts !== null;
      if (!cut.parts) return false;
      matrix = live.matrix;
      below.update(cut.parts.below, cut.parts.below, false);
      moved.update(cut.parts.moved, cut.parts.moved, false);
      above.update(cut.parts.above, cut.parts.above, false);
      return true;
    },

    isHeld: () => isHeld,

    /** They are let go, but may be seen until the picture is there. */
    release() {
      isHeld = false;
    },

    /** Whether something was let go and is still to be seen. */
    lingers: () => !isHeld && cut !== null && cut.parts !== null,

    forget() {
      cut = null;
      isHeld = false;
      for (const part of [below, moved, above]) part.clear();
    },

    /** @param {CanvasRenderingContext2D} context @param {import("../state/viewport.js").Viewport} view @param {number} level @returns {boolean} whether there is more to do */
    draw(context, view, level) {
      if (!cut?.parts || !matrix) return false;
      let pending = below.draw(context, view, level);
      context.save();
      context.globalCompositeOperation = cut.parts.operation;
      pending = drawMoved(context, view, level, matrix, cut.parts.moved) || pending;
      context.restore();
      return above.draw(context, view, level) || pending;
    },
  };

  function drawMoved(context, view, level, [a, b, c, d, e, f], frame) {
    if (a === 1 && b === 0 && c === 0 && d === 1) {
      const [panX, panY] = [view.panX + Math.round(e) * view.zoom, view.panY + Math.round(f) * view.zoom];
      return moved.draw(context, { ...view, panX, panY }, level);
    }
    const { panX, panY, zoom } = view;
    let own = levelFor(zoom * Math.max(Math.hypot(a, b), Math.hypot(c, d)));
    while (Math.ceil(atLevel(frame.width, own) / SIDE) * Math.ceil(atLevel(frame.height, own) / SIDE) > MOST_TURNED) own += 1;
    context.transform(a, b, c, d, panX - a * panX - c * panY + zoom * e, panY - b * panX - d * panY + zoom * f);
    context.imageSmoothingEnabled = true;
    return moved.draw(context, { ...view, whole: true }, own);
  }
}
