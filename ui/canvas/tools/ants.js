// @ts-check
import { drawAnts } from "./drawing.js";

/**
 * The edge of the selection, walking. Its lines come from Rust once for each selection.
 * @param {object} outside
 * @param {(id: number) => Promise<{ lines: number[][] }>} outside.loadOutline
 * @param {() => void} outside.redraw
 */
export function createAnts({ loadOutline, redraw }) {
  /** @type {{ id: number, path: Path2D } | null} */
  let outline = null;
  let asked = 0;
  /** @type {import("../../state/document.js").Selection | null} */
  let shown = null;
  const probe = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d"));

  async function load(id) {
    asked = id;
    try {
      const { lines } = await loadOutline(id);
      if (asked !== id) return;
      const path = new Path2D();
      for (const line of lines) {
        for (let at = 0; at + 1 < line.length; at += 2) {
          if (at === 0) path.moveTo(line[0], line[1]);
          else path.lineTo(line[at], line[at + 1]);
        }
        path.closePath();
      }
      outline = { id, path };
      redraw();
    } catch {
      // Without its lines a selection still works; its rectangle is drawn.
      if (asked === id) outline = null;
    }
  }

  return {
    /** @param {typeof shown} selection */
    show(selection) {
      shown = selection;
      if (selection && asked !== selection.id) void load(selection.id);
    },

    isShown: () => shown !== null,

    /** Whether a point of the document is inside of the lines. @param {{ x: number, y: number }} point */
    contains({ x, y }) {
      if (!shown) return false;
      if (outline?.id !== shown.id) return true;
      return probe.isPointInPath(outline.path, x - shown.x, y - shown.y, "evenodd");
    },

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {import("../../state/viewport.js").Viewport} view
     * @param {import("./drawing.js").Colours} colours
     * @param {number} phase
     * @param {{ x: number, y: number }} by while it is carried
     */
    draw(context, view, colours, phase, by) {
      if (!shown) return;
      const path = new Path2D();
      if (outline?.id === shown.id) path.addPath(outline.path);
      else path.rect(0, 0, shown.width, shown.height);
      const { zoom } = view;
      context.save();
      context.setTransform(zoom, 0, 0, zoom, view.panX + (shown.x + by.x) * zoom, view.panY + (shown.y + by.y) * zoom);
      drawAnts(context, view, () => context.stroke(path), colours, { phase, width: 1 / zoom });
      context.restore();
    },
  };
}
