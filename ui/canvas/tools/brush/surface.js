// @ts-check

/**
 * What is painted on: the pixels or the mask of a layer, in tiles, with the strokes that are not yet in Rust.
 * It may be larger than the image, so that one can paint outside of it; its corner then lies whole tiles away.
 * @typedef {import("../../../state/document.js").Rect} Rect
 * @typedef {ReturnType<typeof createSurface>} Surface
 * @typedef {object} Tiles the tile cache
 * @property {(id: number, level: number, tx: number, ty: number) => Uint8ClampedArray | null} get
 * @property {(id: number, level: number, list: [number, number][]) => Promise<void>} load
 * @property {(id: number, level: number, tx: number, ty: number, pixels: Uint8ClampedArray) => void} put
 * @property {(newId: number, oldId: number, changed: Rect) => void} share
 */

const SIDE = 256;

/**
 * @param {object} parts
 * @param {number} parts.layerId
 * @param {"pixels" | "mask"} parts.kind
 * @param {number} parts.id of the image or the mask, 0 for none yet
 * @param {Rect} parts.image where it lies
 * @param {Rect} parts.room where one may paint besides
 * @param {number} parts.outside of a mask: its value where it has no pixels
 * @param {Tiles} parts.tiles
 */
export function createSurface({ layerId, kind, id, image, room, outside, tiles }) {
  const rect = withRoom(image, room);
  const shift = { x: (image.x - rect.x) / SIDE, y: (image.y - rect.y) / SIDE };
  const across = Math.ceil(rect.width / SIDE);
  const down = Math.ceil(rect.height / SIDE);
  const channels = kind === "mask" ? 1 : 4;
  /** @type {Map<string, Uint8ClampedArray>} what differs from the image */
  const laid = new Map();
  /** @type {Map<string, Promise<Uint8ClampedArray>>} */
  const coming = new Map();

  function tileSize(tx, ty) {
    return { width: Math.min(SIDE, rect.width - tx * SIDE), height: Math.min(SIDE, rect.height - ty * SIDE) };
  }

  // The image's own tile, at the size that it has here.
  function fitted(pixels, tx, ty) {
    const { width, height } = tileSize(tx, ty);
    const [left, top] = [(tx - shift.x) * SIDE, (ty - shift.y) * SIDE];
    const own = { width: Math.min(SIDE, image.width - left), height: Math.min(SIDE, image.height - top) };
    if (own.width === width && own.height === height) return pixels;
    const tile = blank(width, height);
    for (let row = 0; row < Math.min(height, own.height); row += 1) {
      const from = row * own.width * channels;
      tile.set(pixels.subarray(from, from + Math.min(width, own.width) * channels), row * width * channels);
    }
    return tile;
  }

  function blank(width, height) {
    const tile = new Uint8ClampedArray(width * height * channels);
    return kind === "mask" && outside !== 0 ? tile.fill(outside) : tile;
  }

  function hasTile(tx, ty) {
    const [x, y] = [tx - shift.x, ty - shift.y];
    return id !== 0 && x >= 0 && y >= 0 && x * SIDE < image.width && y * SIDE < image.height;
  }

  /** @returns {Uint8ClampedArray | Promise<Uint8ClampedArray>} the newest pixels of a tile */
  function baseOf(tx, ty) {
    const key = `${tx},${ty}`;
    const wait = coming.get(key);
    if (wait) return wait;
    const own = laid.get(key);
    if (own) return own;
    if (!hasTile(tx, ty)) {
      const { width, height } = tileSize(tx, ty);
      return blank(width, height);
    }
    const [x, y] = [tx - shift.x, ty - shift.y];
    const pixels = tiles.get(id, 0, x, y);
    if (pixels) return fitted(pixels, tx, ty);
    return tiles.load(id, 0, [[x, y]]).then(() => {
      const loaded = tiles.get(id, 0, x, y);
      if (!loaded) throw new Error("the pixels under the stroke did not come");
      return fitted(loaded, tx, ty);
    });
  }

  return {
    layerId,
    kind,
    id,
    rect,
    side: SIDE,
    laid,
    tileSize,
    baseOf,

    /** @param {string} key @param {Uint8ClampedArray} pixels */
    lay(key, pixels) {
      laid.set(key, pixels);
    },

    /** @param {string} key @param {Promise<Uint8ClampedArray>} pixels */
    waitFor(key, pixels) {
      const wait = pixels.finally(() => coming.get(key) === wait && coming.delete(key));
      coming.set(key, wait);
    },

    /** Where a tile lies in the document. */
    placeOf(tx, ty) {
      return { x: rect.x + tx * SIDE, y: rect.y + ty * SIDE, ...tileSize(tx, ty) };
    },

    /** @param {{ x: number, y: number, radius: number }} dab @returns {[number, number][]} */
    tilesUnder({ x, y, radius }) {
      const reach = radius + 1;
      const list = /** @type {[number, number][]} */ ([]);
      const last = { x: Math.min(across - 1, Math.floor((x + reach) / SIDE)), y: Math.min(down - 1, Math.floor((y + reach) / SIDE)) };
      for (let ty = Math.max(0, Math.floor((y - reach) / SIDE)); ty <= last.y; ty += 1) {
        for (let tx = Math.max(0, Math.floor((x - reach) / SIDE)); tx <= last.x; tx += 1) list.push([tx, ty]);
      }
      return list;
    },

    /**
     * The pixels of a rectangle of the surface, as a stroke left them.
     * @param {import("./dab.js").Span} span
     * @param {Map<string, { out: Uint8ClampedArray | null }>} stroke
     */
    read(span, stroke) {
      const width = span.right - span.left;
      const pixels = new Uint8Array(width * (span.bottom - span.top) * channels);
      for (let ty = Math.floor(span.top / SIDE); ty * SIDE < span.bottom; ty += 1) {
        for (let tx = Math.floor(span.left / SIDE); tx * SIDE < span.right; tx += 1) {
          const size = tileSize(tx, ty);
          const base = stroke.get(`${tx},${ty}`)?.out ?? baseOf(tx, ty);
          if (base instanceof Promise) throw new Error("a tile beside the stroke is missing");
          const left = Math.max(span.left, tx * SIDE);
          const right = Math.min(span.right, tx * SIDE + size.width);
          for (let y = Math.max(span.top, ty * SIDE); y < Math.min(span.bottom, ty * SIDE + size.height); y += 1) {
            const from = ((y - ty * SIDE) * size.width + left - tx * SIDE) * channels;
            pixels.set(base.subarray(from, from + (right - left) * channels), ((y - span.top) * width + left - span.left) * channels);
          }
        }
      }
      return pixels;
    },

    /** Asks for what is around a point before it is painted on. */
    prepare({ x, y }, radius) {
      const missing = this.tilesUnder({ x: x - rect.x, y: y - rect.y, radius }).filter(([tx, ty]) => hasTile(tx, ty) && !laid.has(`${tx},${ty}`)
        && tiles.get(id, 0, tx - shift.x, ty - shift.y) === null);
      if (missing.length > 0) void tiles.load(id, 0, missing.map(([tx, ty]) => [tx - shift.x, ty - shift.y])).catch(() => {});
    },
  };
}

/** The image with room around it, in whole tiles to the left and above. */
function withRoom(image, room) {
  if (image.width === 0 || image.height === 0) return { ...room };
  const left = Math.max(0, Math.ceil((image.x - room.x) / SIDE)) * SIDE;
  const top = Math.max(0, Math.ceil((image.y - room.y) / SIDE)) * SIDE;
  const right = Math.max(image.x + image.width, room.x + room.width);
  const bottom = Math.max(image.y + image.height, room.y + room.height);
  return { x: image.x - left, y: image.y - top, width: right - image.x + left, height: bottom - image.y + top };
}
