// @ts-check

/**
 * Tiles for the tools, from Rust.
 * @param {(id: number, level: number, list: [number, number][]) => Promise<Uint8Array>} loadTiles
 * @returns {import("./brush/surface.js").Tiles}
 */
export function createTileAdapter(loadTiles) {
  /** @type {Map<string, Uint8ClampedArray>} */
  const known = new Map();
  return {
    get: (id, level, tx, ty) => known.get(`${id},${level},${tx},${ty}`) ?? null,
    async load(id, level, list) {
      await Promise.all(list.map(async ([tx, ty]) => {
        const body = await loadTiles(id, level, [[tx, ty]]);
        known.set(`${id},${level},${tx},${ty}`, new Uint8ClampedArray(body.buffer, body.byteOffset, body.byteLength));
      }));
    },
    put: (id, level, tx, ty, pixels) => void known.set(`${id},${level},${tx},${ty}`, pixels),
    share() {},
  };
}
