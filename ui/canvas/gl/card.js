// @ts-check
import { SIDE } from "../places.js";
import { createCompositor } from "./compositor.js";
import { createContext, prepareContext } from "./context.js";

/** Tiles of a document that are looked at for programs that have to be built. */
const MOST_WARMED = 8;
/** Rather one tile too few in the first frames. */
const FIRST_PACE = 8;

/**
 * The graphics card, for as long as it is there: a driver may take it away at any time, and give it back.
 * @param {ReturnType<typeof import("../tiles.js").createTiles>} tiles
 * @param {() => void} onChanged it is gone, or there again
 */
export function createCard(tiles, onChanged) {
  const context = createContext();
  let pace = FIRST_PACE;
  let warming = { documentId: 0, tiles: 0 };
  /** @type {ReturnType<typeof createCompositor> | null} */
  let compositor = null;

  // A card whose programs do not build is none.
  function begin() {
    warming.documentId = 0;
    try {
      compositor = context && prepareContext(context.gl) ? createCompositor(context.gl, tiles) : null;
    } catch {
      compositor = null;
    }
  }

  function learn(jobs, ms) {
    const tiles = jobs.reduce((sum, { part }) => sum + (part.width * part.height) / SIDE / SIDE, 0);
    // Small parts say little about whole tiles.
    if (tiles > 0.5) pace = Math.min(200, 0.6 * pace + 0.4 * (ms / tiles));
  }

  begin();
  context?.canvas.addEventListener("webglcontextlost", (event) => {
    // Only who says so gets it back.
    event.preventDefault();
    compositor = null;
    onChanged();
  });
  context?.canvas.addEventListener("webglcontextrestored", () => {
    begin();
    onChanged();
  });

  return {
    isThere: () => compositor !== null,

    /** Milliseconds that a tile takes. */
    pace: () => pace,

    /** @param {import("./compositor.js").Job[]} jobs @returns {import("./compositor.js").Made[] | null} null where it could not */
    make(jobs) {
      if (!compositor) return null;
      const began = performance.now();
      const programs = compositor.programs();
      try {
        const made = compositor.make(jobs);
        // Programs take long to build, and only once.
        if (compositor.programs() === programs) learn(jobs, performance.now() - began);
        return made;
      } catch {
        compositor = null;
        return null;
      }
    },

    /** How many tiles of a document have all programs that they need; `Infinity` once that was enough. @param {number} documentId */
    warmed(documentId) {
      if (warming.documentId !== documentId) warming = { documentId, tiles: 0 };
      return warming.tiles < MOST_WARMED ? warming.tiles : Infinity;
    },

    /** Builds one of the programs that a tile will need. @param {import("./compositor.js").Job} job @returns {boolean} whether to go on */
    warm(job) {
      try {
        if (compositor?.warm(job)) warming.tiles += 1;
        return compositor !== null;
      } catch {
        compositor = null;
        return true;
      }
    },

    stats: () => compositor?.stats() ?? { gpuBytes: 0, uploads: 0, uploadMs: 0 },

    /** Takes it away as a driver would, for tests. @returns {() => void} gives it back */
    lose() {
      const extension = context?.gl.getExtension("WEBGL_lose_context");
      extension?.loseContext();
      return () => extension?.restoreContext();
    },
  };
}
