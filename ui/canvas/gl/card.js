// @ts-check
import { SIDE } from "../places.js";
import { createCompositor } from "./compositor.js";
import { createContext, prepareContext } from "./context.js";

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
  let batches = 0;
  /** @type {ReturnType<typeof createCompositor> | null} */
  let compositor = null;

  // A card whose programs do not build is none.
  function begin() {
    try {
      compositor = context && prepareContext(context.gl) ? createCompositor(context.gl, tiles) : null;
    } catch {
      compositor = null;
    }
  }

  function learn(jobs, ms) {
    const tiles = jobs.reduce((sum, { part }) => sum + (part.width * part.height) / SIDE / SIDE, 0);
    // Small parts say little about whole tiles,
    // and the first tiles take the time that programs take to build.
    batches += 1;
    if (tiles > 0.5 && batches > 2) pace = Math.min(200, 0.6 * pace + 0.4 * (ms / tiles));
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
      const began = performance.now();
      try {
        const made = compositor?.make(jobs) ?? null;
        if (made) learn(jobs, performance.now() - began);
        return made;
      } catch {
        compositor = null;
        return null;
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
