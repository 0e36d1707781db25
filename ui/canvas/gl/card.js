// @ts-check
import { createCompositor } from "./compositor.js";
import { createContext, prepareContext } from "./context.js";

/**
 * The graphics card, for as long as it is there: a driver may take it away at any time, and give it back.
 * @param {ReturnType<typeof import("../tiles.js").createTiles>} tiles
 * @param {() => void} onChanged it is gone, or there again
 */
export function createCard(tiles, onChanged) {
  const context = createContext();
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

    /** @param {import("./compositor.js").Job[]} jobs @returns {import("./compositor.js").Made[] | null} null where it could not */
    make(jobs) {
      try {
        return compositor?.make(jobs) ?? null;
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
