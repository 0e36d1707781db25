// @ts-check

const SIDE = 256;
/** A pass looks at four tiles of each of its sixteen layers. */
const FEWEST = 128;

/**
 * Tiles on the graphics card: layers of one texture array, the least recently used goes first.
 * @param {WebGL2RenderingContext} gl
 * @param {number} unit the texture unit that it stays on
 * @param {1 | 4} channels
 * @param {number} most tiles
 */
export function createPool(gl, unit, channels, most) {
  const [internal, format] = channels === 4 ? [gl.RGBA8, gl.RGBA] : [gl.R8, gl.RED];
  const count = allocate(gl, unit, internal, Math.min(most, gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS)));
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  /** @type {Map<string, { slot: number, version: number }>} the oldest first */
  const slots = new Map();
  const padded = new Uint8Array(SIDE * SIDE * channels);
  const stats = { uploads: 0, uploadMs: 0, bytes: count * SIDE * SIDE * channels };

  function upload(slot, pixels, width, height) {
    const began = performance.now();
    let data = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    if (width !== SIDE || height !== SIDE) {
      // What lies beyond the edge is nothing.
      padded.fill(0);
      for (let y = 0; y < height; y += 1) {
        padded.set(data.subarray(y * width * channels, (y + 1) * width * channels), y * SIDE * channels);
      }
      data = padded;
    }
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, slot, SIDE, SIDE, 1, format, gl.UNSIGNED_BYTE, data);
    stats.uploads += 1;
    stats.uploadMs += performance.now() - began;
  }

  return {
    stats,
    /**
     * The slot of a tile, uploaded where it is not there or another one.
     * @param {string} key
     * @param {{ pixels: Uint8ClampedArray, width: number, height: number, serial: number }} tile
     */
    slot(key, tile) {
      const version = tile.serial;
      const held = slots.get(key);
      if (held) {
        slots.delete(key);
        slots.set(key, held);
        if (held.version === version) return held.slot;
        held.version = version;
        upload(held.slot, tile.pixels, tile.width, tile.height);
        return held.slot;
      }
      let slot = slots.size;
      if (slot >= count) {
        const [oldest, entry] = /** @type {[string, { slot: number, version: number }]} */ (slots.entries().next().value);
        slots.delete(oldest);
        slot = entry.slot;
      }
      slots.set(key, { slot, version });
      upload(slot, tile.pixels, tile.width, tile.height);
      return slot;
    },
  };
}

// As many tiles as the card has memory for.
function allocate(gl, unit, internal, most) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  for (let count = most; count >= FEWEST; count = Math.floor(count / 2)) {
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, internal, SIDE, SIDE, count);
    if (gl.getError() === gl.NO_ERROR) return count;
    gl.deleteTexture(texture);
  }
  throw new Error("the graphics card has too little memory");
}
