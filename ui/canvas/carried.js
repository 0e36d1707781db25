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
  let isReady = false;

  function forget() {
    cut = null;
    isHeld = false;
    isReady = false;
    for (const part of [below, moved, above]) part.clear();
  }

  return {
    /**
     * @param {import("../state/document.js").Picture} picture
     * @param {{ ids: Set<number>, matrix: number[] }} live
     * @returns {boolean} false where they cannot be laid like this
     */
    hold(picture, live) {
      const ids = [...live.ids].join();
      if (cut?.picture !== picture || cut.ids !== ids) {
        cut = { picture, ids, parts: cutApart(picture, live.ids) };
        isReady = false;
      }
      isHeld = cut.parts !== null;
      if (!cut.parts) return false;
      matrix = live.matrix;
      below.update(cut.parts.below, cut.parts.below, false);
      moved.update(cut.parts.moved, cut.parts.moved, false);
      above.update(cut.parts.above, cut.parts.above, false);
      return true;
    },

    isHeld: () => isHeld,

    /** Makes what is missing; until all was there once, the picture is seen as it was. @param {import("../state/viewport.js").Viewport} view @param {number} level */
    isReady(view, level) {
      if (isReady || !cut?.parts || !matrix) return isReady;
      for (const part of [below, above]) if (!part.isDrawn(level, view)) part.work(view, level);
      const own = movedView(view, level, matrix, cut.parts.moved);
      if (!moved.isDrawn(own.level, own.view)) moved.work(own.view, own.level);
      isReady = below.isDrawn(level, view) && above.isDrawn(level, view) && moved.isDrawn(own.level, own.view);
      return isReady;
    },

    /** They are let go, but are seen until the picture is there. */
    release() {
      isHeld = false;
      if (cut && !isReady) forget();
    },

    /** Whether something was let go and is still to be seen. */
    lingers: () => !isHeld && isReady,

    forget,

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

  function drawMoved(context, view, level, by, frame) {
    const own = movedView(view, level, by, frame);
    if (own.view.whole) {
      const [a, b, c, d, e, f] = by;
      const { panX, panY, zoom } = view;
      context.transform(a, b, c, d, panX - a * panX - c * panY + zoom * e, panY - b * panX - d * panY + zoom * f);
      context.imageSmoothingEnabled = true;
    }
    return moved.draw(context, own.view, own.level);
  }
}

/** A layer that is only shifted is seen through a shifted window; one that is turned or scaled is needed as a whole. */
function movedView(view, level, [a, b, c, d, e, f], frame) {
  if (a === 1 && b === 0 && c === 0 && d === 1) {
    return { view: { ...view, panX: view.panX + Math.round(e) * view.zoom, panY: view.panY + Math.round(f) * view.zoom, whole: false }, level };
  }
  let own = levelFor(view.zoom * Math.max(Math.hypot(a, b), Math.hypot(c, d)));
  while (Math.ceil(atLevel(frame.width, own) / SIDE) * Math.ceil(atLevel(frame.height, own) / SIDE) > MOST_TURNED) own += 1;
  return { view: { ...view, whole: true }, level: own };
}
