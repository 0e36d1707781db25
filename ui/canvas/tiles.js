// @ts-check
import { SIDE, atLevel, join, meet, tileSize } from "./places.js";

/**
 * Pixels of images and masks in tiles, as Rust gives them; the least recently used are forgotten.
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {import("./places.js").TilePlace} TilePlace
 * @typedef {{ rect: Rect, pixels: Uint8Array }} Patch pixels for a rectangle of the image
 * @typedef {{ pixels: Uint8ClampedArray, width: number, height: number, serial: number, clear: boolean }} Tile
 *   `clear` has nothing in it; `serial` is another one for other pixels
 */

/** Ids from here on are masks and selections: one byte a pixel. */
const FIRST_MASK = 2 ** 40;
/** What the page keeps of pixels, in bytes. */
const BUDGET = 384 * 2 ** 20;
/** Tiles of one request: four megabytes take Rust's door about 60 ms. */
const MOST_ASKED = 16;
const MOST_REQUESTS = 2;

/** @param {number} id */
export const isMask = (id) => id > FIRST_MASK;

/**
 * @param {object} outside
 * @param {(id: number, level: number, list: TilePlace[]) => Promise<Uint8Array>} outside.loadTiles
 * @param {() => void} outside.onLoaded
 * @param {(id: number) => void} outside.onFailed
 * @param {number} [outside.budget]
 */
export function createTiles({ loadTiles, onLoaded, onFailed, budget = BUDGET }) {
  /** @type {Map<string, Tile>} the oldest first */
  const held = new Map();
  /** @type {Map<number, Set<string>>} */
  const keysOf = new Map();
  /** @type {Map<number, { width: number, height: number }>} */
  const sizes = new Map();
  /** @type {Map<number, { from: number, rect: Rect }>} what an edit changed */
  const changes = new Map();
  /** @type {Map<string, { id: number, level: number, place: TilePlace, done: Promise<void>, settle: () => void, asked: boolean }>} */
  const wanted = new Map();
  const failed = new Set();
  let bytes = 0;
  let serial = 0;
  let requests = 0;
  let planned = false;

  function store(key, id, pixels, width, height) {
    drop(key);
    const words = pixels.byteOffset % 4 === 0 && pixels.byteLength % 4 === 0
      ? new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.byteLength / 4) : pixels;
    const clear = words.every((word) => word === 0);
    serial += 1;
    const tile = { pixels, width, height, serial, clear };
    hold(key, id, tile);
    return tile;
  }

  function hold(key, id, tile) {
    held.set(key, tile);
    bytes += tile.pixels.byteLength;
    const keys = keysOf.get(id) ?? new Set();
    keysOf.set(id, keys.add(key));
    for (const [oldest] of held) {
      if (bytes <= budget || oldest === key) break;
      drop(oldest);
    }
  }

  function drop(key) {
    const tile = held.get(key);
    if (!tile) return;
    held.delete(key);
    bytes -= tile.pixels.byteLength;
    keysOf.get(Number(key.split(":")[0]))?.delete(key);
  }

  // Several steps may have been done, or undone, at once.
  function changedSince(newId, oldId) {
    /** @type {Rect | null} */
    let rect = null;
    for (let [id, change] = [newId, changes.get(newId)]; change; [id, change] = [change.from, changes.get(change.from)]) {
      rect = join(rect, change.rect);
      if (change.from === oldId || change.from === id) return change.from === oldId ? rect : null;
    }
    return null;
  }

  function want(id, level, tx, ty) {
    const key = `${id}:${level}:${tx}:${ty}`;
    const waiting = wanted.get(key);
    if (waiting) return waiting.done;
    let settle = () => {};
    const done = new Promise((resolve) => (settle = () => resolve(undefined)));
    wanted.set(key, { id, level, place: [tx, ty], done, settle, asked: false });
    plan();
    return done;
  }

  function plan() {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      while (requests < MOST_REQUESTS) {
        const batch = nextBatch();
        if (batch.length === 0) break;
        void request(batch);
      }
    });
  }

  // Coarse tiles first: they show something soonest.
  function nextBatch() {
    let first = null;
    for (const entry of wanted.values()) if (!entry.asked && (!first || entry.level > first.level)) first = entry;
    if (!first) return [];
    const most = sizes.has(first.id) ? MOST_ASKED : 1;
    const batch = [];
    for (const [key, entry] of wanted) {
      if (entry.asked || entry.id !== first.id || entry.level !== first.level) continue;
      entry.asked = true;
      batch.push({ key, ...entry });
      if (batch.length === most) break;
    }
    return batch;
  }

  async function request(batch) {
    const [{ id, level }] = batch;
    const size = sizes.get(id) ?? null;
    requests += 1;
    try {
      const body = await loadTiles(id, level, batch.map(({ place }) => place));
      const data = new Uint8ClampedArray(body.buffer, body.byteOffset, body.byteLength);
      const channels = isMask(id) ? 1 : 4;
      let at = 0;
      for (const { key, place: [tx, ty] } of batch) {
        const { width, height } = size ? tileSize(size, level, tx, ty) : { width: SIDE, height: data.length / SIDE / channels };
        const length = width * height * channels;
        if (at + length > data.length) throw new Error("tiles of another size");
        // A copy, so that one tile does not keep the whole answer.
        if (wanted.has(key)) store(key, id, batch.length === 1 ? data : data.slice(at, at + length), width, height);
        at += length;
      }
    } catch {
      const isNew = !failed.has(id) && batch.some(({ key }) => wanted.has(key));
      failed.add(id);
      if (isNew) onFailed(id);
    }
    requests -= 1;
    for (const { key, settle } of batch) {
      wanted.delete(key);
      settle();
    }
    plan();
    onLoaded();
  }

  return {
    /** How large an image is: without it its tiles come one by one. @param {number} id @param {number} width @param {number} height */
    describe(id, width, height) {
      if (id !== 0 && !sizes.has(id) && width > 0 && height > 0) sizes.set(id, { width, height });
    },

    /** @param {number} id */
    sizeOf: (id) => sizes.get(id) ?? null,

    /** @param {number} id */
    isLost: (id) => failed.has(id),

    /** @param {number} id @param {number} level @param {number} tx @param {number} ty @returns {Tile | null} */
    tile(id, level, tx, ty) {
      const key = `${id}:${level}:${tx}:${ty}`;
      const tile = held.get(key);
      if (!tile) return null;
      held.delete(key);
      held.set(key, tile);
      return tile;
    },

    /** Asks for a tile and tells nothing. @param {number} id @param {number} level @param {number} tx @param {number} ty */
    ask(id, level, tx, ty) {
      if (id !== 0 && !failed.has(id) && !held.has(`${id}:${level}:${tx}:${ty}`)) void want(id, level, tx, ty);
    },

    /**
     * The pixels of a tile, cut at the edge; null until they are there.
     * @param {number} id @param {number} level @param {number} tx @param {number} ty
     * @returns {Uint8ClampedArray | null}
     */
    get(id, level, tx, ty) {
      const tile = this.tile(id, level, tx, ty);
      if (!tile) this.ask(id, level, tx, ty);
      return tile?.pixels ?? null;
    },

    /** Resolves when the tiles are there, or cannot be. @param {number} id @param {number} level @param {TilePlace[]} list @returns {Promise<void>} */
    async load(id, level, list) {
      const missing = list.filter(([tx, ty]) => !held.has(`${id}:${level}:${tx}:${ty}`));
      await Promise.all(missing.map(([tx, ty]) => want(id, level, tx, ty)));
    },

    /** What the page already knows. @param {number} id @param {number} level @param {number} tx @param {number} ty @param {Uint8ClampedArray} pixels */
    put(id, level, tx, ty, pixels) {
      const size = sizes.get(id);
      const channels = isMask(id) ? 1 : 4;
      const { width, height } = size ? tileSize(size, level, tx, ty) : { width: SIDE, height: pixels.length / SIDE / channels };
      if (pixels.length === width * height * channels) store(`${id}:${level}:${tx}:${ty}`, id, pixels, width, height);
    },

    /**
     * An edited image has the tiles of the old one, but where it changed.
     * @param {number} newId @param {number} oldId @param {Rect} changed in the image
     * @param {Patch[]} [patches] what changed it, where the page knows
     */
    share(newId, oldId, changed, patches = []) {
      const size = sizes.get(oldId);
      if (size && !sizes.has(newId)) sizes.set(newId, size);
      changes.set(newId, { from: oldId, rect: changed });
      for (const key of keysOf.get(oldId) ?? []) {
        const [, level, tx, ty] = key.split(":").map(Number);
        const side = SIDE * 2 ** level;
        const next = `${newId}:${level}:${tx}:${ty}`;
        const tile = held.get(key);
        if (!tile || held.has(next)) continue;
        if (!meet(changed, { x: tx * side, y: ty * side, width: side, height: side })) hold(next, newId, tile);
        else if (level === 0 && patches.length > 0) store(next, newId, patched(tile, tx, ty, patches), tile.width, tile.height);
      }
    },

    /** Where two images differ, when that is known. @param {number} newId @param {number} oldId @returns {Rect | null} */
    changed: (newId, oldId) => changedSince(newId, oldId) ?? changedSince(oldId, newId),

    /** Forgets all others. @param {Iterable<number>} ids */
    retain(ids) {
      const kept = new Set(ids);
      for (const [id, keys] of keysOf) {
        if (kept.has(id)) continue;
        for (const key of [...keys]) drop(key);
        keysOf.delete(id);
      }
      for (const id of [...sizes.keys()]) if (!kept.has(id)) sizes.delete(id);
      for (const id of [...changes.keys()]) if (!kept.has(id)) changes.delete(id);
      for (const id of [...failed]) if (!kept.has(id)) failed.delete(id);
    },

    /** Bytes held, tiles still to come. */
    stats: () => ({ bytes, budget, tiles: held.size, waiting: wanted.size }),
  };
}

function patched({ pixels, width, height }, tx, ty, patches) {
  const result = pixels.slice();
  const channels = pixels.length / width / height;
  for (const { rect, pixels: laid } of patches) {
    const part = meet(rect, { x: tx * SIDE, y: ty * SIDE, width, height });
    if (!part) continue;
    for (let y = part.y; y < part.y + part.height; y += 1) {
      const from = ((y - rect.y) * rect.width + part.x - rect.x) * channels;
      result.set(laid.subarray(from, from + part.width * channels), ((y - ty * SIDE) * width + part.x - tx * SIDE) * channels);
    }
  }
  return result;
}

/** How many tiles an image has at a level. @param {{ width: number, height: number }} size @param {number} level */
export const tileCount = (size, level) => Math.ceil(atLevel(size.width, level) / SIDE) * Math.ceil(atLevel(size.height, level) / SIDE);
