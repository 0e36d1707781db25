// @ts-check
import { SIDE, meet } from "../places.js";
import { TURNED, turnedSource } from "./shaders.js";
import { cornerOn, maskSize, slotFor, turnedTiles } from "./sources.js";

/**
 * Layers while a hand is on them: turned or scaled, or with pixels that Rust does not have yet.
 * @param {object} parts
 * @param {WebGL2RenderingContext} parts.gl
 * @param {ReturnType<typeof import("./context.js").createPrograms>} parts.programs
 * @param {any} parts.pools
 * @param {ReturnType<typeof import("./targets.js").createTargets>} parts.targets
 * @param {ReturnType<typeof import("../tiles.js").createTiles>} parts.tiles
 */
export function createTurned({ gl, programs, pools, targets, tiles }) {
  function begin(job, value) {
    const target = targets.take();
    const { x, y, width, height } = job.part;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.viewport(0, 0, SIDE, SIDE);
    gl.scissor(x, y, width, height);
    gl.clearColor(value, value, value, value);
    gl.clear(gl.COLOR_BUFFER_BIT);
    return target;
  }

  // `corners` are on the target; `size` is what of the tile holds pixels.
  function quad(slot, isMask, corners, size, smooth, part) {
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    const bounds = { x: Math.min(...xs), y: Math.min(...ys), width: Math.max(...xs) - Math.min(...xs), height: Math.max(...ys) - Math.min(...ys) };
    if (!meet(bounds, part)) return;
    const place = programs.use(`turned ${isMask}`, () => [TURNED, turnedSource(isMask)]);
    gl.uniform2fv(place("u_corners"), corners.flat());
    gl.uniform2f(place("u_size"), size.width, size.height);
    gl.uniform2i(place("u_cut"), size.width, size.height);
    gl.uniform1i(place("u_slot"), slot);
    gl.uniform1i(place("u_smooth"), smooth ? 1 : 0);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  // The tiles of an image, where `map` puts its pixels.
  function image(id, size, job, map, smooth) {
    turnedTiles(size, job.level, ({ tx, ty, width, height }) => {
      const slot = slotFor(tiles.tile(id, job.level, tx, ty), `${id}:${job.level}:${tx}:${ty}`, id, pools);
      if (slot < 0) return;
      const scale = 2 ** job.level;
      const corners = cornersOf(tx * SIDE * scale, ty * SIDE * scale, width * scale, height * scale).map(map);
      quad(slot, id > 2 ** 40, corners, { width, height }, smooth, job.part);
    });
  }

  // The tiles that a tool has painted, over all others.
  function painted(live, job, isMask) {
    const corner = cornerOn(job, live);
    const scale = 2 ** job.level;
    const map = ([x, y]) => [corner.x + x / scale, corner.y + y / scale];
    for (const [key, pixels] of live.tiles) {
      const [tx, ty] = key.split(",").map(Number);
      const width = Math.min(SIDE, live.width - tx * SIDE);
      const height = Math.min(SIDE, live.height - ty * SIDE);
      const corners = cornersOf(tx * SIDE, ty * SIDE, width, height).map(map);
      const pool = isMask ? pools.masks : pools.colours;
      if (!meet({ x: corners[0][0], y: corners[0][1], width: width / scale, height: height / scale }, job.part)) continue;
      const slot = pool.slot(`live:${isMask}:${key}`, { pixels, width, height, serial: live.serials.get(key) ?? 0 });
      quad(slot, isMask, corners, { width, height }, job.level > 0, job.part);
    }
  }

  return {
    /** Premultiplied pixels of a layer; drop it when done. @param {any} layer @param {any} job */
    pixels(layer, job) {
      const target = begin(job, 0);
      if (layer.matrix) {
        image(layer.imageId, layer, job, turnedBy(layer.matrix, layer, job), true);
        return target;
      }
      if (layer.imageId !== 0) {
        const corner = cornerOn(job, layer);
        const scale = 2 ** job.level;
        image(layer.imageId, layer, job, ([x, y]) => [corner.x + x / scale, corner.y + y / scale], false);
      }
      painted(layer.live, job, false);
      return target;
    },

    /** A mask's values in all channels; drop it when done. @param {any} layer @param {any} job */
    mask({ mask, live, matrix }, job) {
      const outside = (mask?.outside ?? 255) / 255;
      const target = begin(job, outside);
      const size = mask && maskSize(mask, tiles.sizeOf);
      if (size && size.width > 0) {
        const corner = cornerOn(job, mask);
        const scale = 2 ** job.level;
        const map = matrix ? turnedBy(matrix, mask, job) : ([x, y]) => [corner.x + x / scale, corner.y + y / scale];
        image(mask.id, size, job, map, Boolean(matrix));
      }
      if (live) painted(live, job, true);
      return target;
    },
  };
}

const cornersOf = (x, y, width, height) => [[x, y], [x + width, y], [x, y + height], [x + width, y + height]];

// From pixels of an image at a place to pixels of the target.
function turnedBy([a, b, c, d, e, f], place, { picture, level, tx, ty }) {
  const scale = 2 ** level;
  return ([px, py]) => {
    const [x, y] = [place.x + px, place.y + py];
    return [(a * x + c * y + e - picture.x) / scale - tx * SIDE, (b * x + d * y + f - picture.y) / scale - ty * SIDE];
  };
}
