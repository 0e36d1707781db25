// @ts-check
import { createStroke, gapOf } from "./stroke.js";
import { createSurface } from "./surface.js";
import { alongLine, endPath, extendPath, startPath } from "./path.js";

/**
 * Strokes: shown while they are drawn, handed over in the order in which they were drawn. A stroke may begin
 * while the one before is still on its way to Rust.
 * @typedef {import("./path.js").Sample} Sample
 * @typedef {{ documentId: number, layerId: number, kind: "pixels" | "mask", id: number,
 *   image: import("../../../state/document.js").Rect, room: import("../../../state/document.js").Rect, outside: number }} Target
 * @typedef {{ rect: import("../../../state/document.js").Rect, pixels: Uint8Array }} Patch
 */

/**
 * @param {object} outside
 * @param {import("./surface.js").Tiles} outside.tiles
 * @param {{ setLive: (live: any) => void, clearLive: () => void }} outside.canvas
 * @param {(target: Target, patches: Patch[], settings: import("./stroke.js").Settings) => Promise<void>} outside.commit
 * @param {(error: any) => void} outside.onFailed
 * @param {() => void} [outside.onEnded] a stroke is on its way
 * @param {() => void} [outside.onArrived] it is no longer
 */
export function createPainter({ tiles, canvas, commit, onFailed, onEnded = () => {}, onArrived = () => {} }) {
  /** @type {{ target: Target, surface: import("./surface.js").Surface, waiting: number, drawing: boolean } | null} */
  let session = null;
  /** @type {Promise<void>} */
  let queue = Promise.resolve();
  /** @type {{ target: Target, stroke: ReturnType<typeof createStroke>, path: import("./path.js").Path, settings: any } | null} */
  let drawn = null;
  /** @type {{ key: string, at: Sample } | null} */
  let lastEnd = null;

  const keyOf = ({ documentId, layerId, kind }) => `${documentId} ${layerId} ${kind}`;

  function sessionFor(target) {
    if (session && keyOf(session.target) === keyOf(target) && (session.waiting > 0 || session.drawing)) return session;
    session = { target, surface: createSurface({ ...target, tiles }), waiting: 0, drawing: false };
    return session;
  }

  function show(current, changed, rect = undefined) {
    if (session !== current) return;
    const { surface } = current;
    canvas.setLive({ layerId: surface.layerId, kind: surface.kind, imageId: surface.id, ...surface.rect, tiles: surface.laid, changed, rect });
  }

  function settle(current) {
    if (current.waiting > 0 || current.drawing || session !== current) return;
    session = null;
    canvas.clearLive();
  }

  return {
    isDrawing: () => drawn !== null,

    /** Resolves when every stroke is part of the document. @returns {Promise<void>} */
    settled: () => queue,
    isSettled: () => session === null || session.waiting === 0,

    /**
     * @param {Target} target
     * @param {import("./stroke.js").Settings} settings
     * @param {Sample} at
     * @param {boolean} straight from where the last stroke ended
     */
    begin(target, settings, at, straight) {
      const current = sessionFor(target);
      current.drawing = true;
      const stroke = createStroke(current.surface, settings, { tiles, onPainted: (keys, rect) => show(current, keys, rect) });
      const { dabs, path } = startPath(at);
      drawn = { target, stroke, path, settings };
      const line = straight && lastEnd?.key === keyOf(target) ? alongLine(lastEnd.at, at, gapOf(settings)) : dabs;
      stroke.add(line);
    },

    /** @param {Sample[]} samples */
    extend(samples) {
      if (!drawn) return;
      const gap = gapOf(drawn.settings);
      const all = [];
      for (const sample of samples) {
        const { dabs, path } = extendPath(drawn.path, sample, gap);
        drawn.path = path;
        all.push(...dabs);
      }
      if (all.length > 0) drawn.stroke.add(all);
    },

    end() {
      if (!drawn || !session) return;
      const { target, stroke, path, settings } = drawn;
      stroke.add(endPath(path, gapOf(settings)));
      lastEnd = { key: keyOf(target), at: path.last };
      drawn = null;
      const current = session;
      current.drawing = false;
      if (stroke.isEmpty()) {
        settle(current);
        return;
      }
      current.waiting += 1;
      onEnded();
      const whole = stroke.whole();
      queue = queue.then(async () => {
        try {
          await whole;
          await commit(target, stroke.patches(), settings);
        } catch (error) {
          onFailed(error);
        } finally {
          current.waiting -= 1;
          onArrived();
          settle(current);
        }
      });
    },

    /** The stroke that is being drawn is taken back. */
    cancel() {
      if (!drawn || !session) return;
      drawn.stroke.takeBack();
      drawn = null;
      session.drawing = false;
      show(session, [...session.surface.laid.keys()]);
      settle(session);
    },

    /** Asks for the pixels under a brush that is near. @param {Target} target @param {{ x: number, y: number }} at @param {number} radius */
    prepare(target, at, radius) {
      const surface = session && keyOf(session.target) === keyOf(target) ? session.surface : createSurface({ ...target, tiles });
      surface.prepare(at, radius);
    },
  };
}
