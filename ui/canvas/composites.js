// @ts-check
import { damage } from "./damage.js";
import { needs, coveredBy } from "./gl/sources.js";
import { MOST_JOBS } from "./gl/compositor.js";
import { MOST_LEVELS, SIDE, join, meet, tileSize, tilesIn } from "./places.js";

/**
 * The picture's own tiles, composited: by the graphics card where the layers' tiles are here, else
 * by Rust. Only what a change touched is made again.
 *
 * @typedef {import("../state/document.js").Picture} Picture
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {import("../state/viewport.js").Viewport & { whole?: boolean }} View `whole` has all of it on the screen
 * @typedef {object} Composite
 * @property {number} level
 * @property {number} tx
 * @property {number} ty
 * @property {OffscreenCanvas} canvas
 * @property {OffscreenCanvasRenderingContext2D} context
 * @property {Rect | null} dirty what is to be made again, in pixels of the tile
 * @property {boolean} drawn whether there is anything to see
 * @property {number} version counts changes
 */

/** 128 MiB of results, or twice what is on the screen where that is more. */
const MOST_COMPOSITES = 512;
/** What of a frame's 16 ms may go into compositing. */
export const FRAME_MS = 9;
/** Once a change is this old, what was made coarsely is made in full. */
const SETTLED_MS = 120;
/** Layers' tiles are worth fetching when they are not many more than the tiles to be made at 100 %. */
const FEW_INPUTS = 4;
/** Layers' tiles asked for at once, 96 MiB: they have to stay until they are drawn. */
const MOST_INPUTS = 384;
const MOST_RENDERED = 16;
/** What making a tile takes besides its pixels, as a share of a whole one. */
const LEAST_SHARE = 0.1;
/** A card that takes this long for a tile is none: Rust is quicker with whole tiles. */
const SLOW_MS = 30;

/**
 * @param {object} parts
 * @param {ReturnType<typeof import("./tiles.js").createTiles>} parts.tiles
 * @param {ReturnType<typeof import("./gl/card.js").createCard> | null} parts.card
 * @param {(picture: Picture, level: number, list: [number, number][]) => Promise<Uint8Array>} parts.renderTiles
 * @param {() => void} parts.onChanged
 * @param {(error: any) => void} parts.onFailed
 * @param {() => number} parts.now
 * @param {() => number} parts.deadline when this frame has taken long enough
 */
export function createComposites({ tiles, card, renderTiles, onChanged, onFailed, now, deadline }) {
  /** @type {Map<string, Composite>} the oldest first */
  const composites = new Map();
  /** @type {Picture | null} */
  let picture = null;
  /** @type {Picture | null} the one that Rust can know */
  let known = null;
  /** @type {Picture | null} Rust could not draw it; it is not asked again */
  let failedFor = null;
  let isLive = false;
  let rendering = false;
  let most = MOST_COMPOSITES;
  let fitting = { picture, level: 0, first: "", count: 0, fits: false };
  let changedAt = -Infinity;
  const stats = { made: 0, makeMs: 0, rendered: 0, presentMs: 0, lastMs: 0, stale: 0 };

  const pace = () => card?.pace() ?? 0;
  const usesCard = () => card !== null && card.isThere();

  function entry(level, tx, ty) {
    const key = `${level}:${tx}:${ty}`;
    let found = composites.get(key);
    composites.delete(key);
    if (!found) {
      const canvas = new OffscreenCanvas(SIDE, SIDE);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
      found = { level, tx, ty, canvas, context, dirty: whole(level, tx, ty), drawn: false, version: 0 };
    }
    composites.set(key, found);
    for (const oldest of composites.keys()) {
      if (composites.size <= most) break;
      composites.delete(oldest);
    }
    return found;
  }

  const whole = (level, tx, ty) => ({ x: 0, y: 0, ...tileSize(/** @type {Picture} */ (picture), level, tx, ty) });

  /** Marks what is to be made again. @param {Rect[]} rects @param {number} [at] when it changed */
  function mark(rects, at = now()) {
    if (!picture) return;
    for (const one of composites.values()) {
      const scale = 2 ** one.level;
      const covered = coveredBy({ picture, ...one });
      const cut = whole(one.level, one.tx, one.ty);
      for (const rect of rects) {
        if (!meet(rect, covered)) continue;
        // A pixel more on every side: levels round, and turned edges are soft.
        const x = Math.floor((rect.x - covered.x) / scale) - 1;
        const y = Math.floor((rect.y - covered.y) / scale) - 1;
        const part = meet(cut, {
          x, y,
          width: Math.ceil((rect.x + rect.width - covered.x) / scale) + 1 - x,
          height: Math.ceil((rect.y + rect.height - covered.y) / scale) + 1 - y,
        });
        if (!part) continue;
        one.dirty = join(one.dirty, part);
        one.version += 1;
      }
    }
    changedAt = at;
  }

  /** The picture as it is now, and without what only the page knows. @param {Picture} next @param {Picture} base @param {boolean} live */
  function update(next, base, live) {
    const rects = damage(picture, next, tiles.changed);
    picture = next;
    known = base;
    isLive = live;
    if (rects === null) {
      // Another document, or a frame that was cut or has grown: then every tile lies elsewhere.
      composites.clear();
      changedAt = -Infinity;
    } else if (rects.length > 0) {
      mark(rects);
    }
  }

  function missingInputs(one) {
    let missing = 0;
    const exact = needs({ picture, ...one }, tiles.sizeOf, (id, level, tx, ty) => {
      if (!tiles.isLost(id) && !tiles.tile(id, level, tx, ty)) missing += 1;
    });
    return exact ? missing : Infinity;
  }

  function askInputs(one) {
    needs({ picture, ...one }, tiles.sizeOf, (id, level, tx, ty) => tiles.ask(id, level, tx, ty));
  }

  function askSome(list) {
    let asked = 0;
    for (const one of list) {
      const missing = missingInputs(one);
      if (asked > 0 && asked + missing > MOST_INPUTS) return;
      asked += missing;
      askInputs(one);
    }
  }

  // As many as the time allows, but one at least; small parts take little.
  function inTime(list, ms) {
    let count = 0;
    for (let cost = 0; count < Math.min(MOST_JOBS, list.length); count += 1) {
      cost += (shareOf(list[count]) + LEAST_SHARE) * pace();
      if (count > 0 && cost > ms) break;
    }
    return list.slice(0, count);
  }

  function make(list, until) {
    let rest = list;
    while (rest.length > 0) {
      const left = until - now();
      if (left <= 0 && rest !== list) break;
      const batch = inTime(rest, left);
      rest = rest.slice(batch.length);
      const began = now();
      const jobs = batch.map(({ level, tx, ty, dirty }) => ({ picture, level, tx, ty, part: /** @type {Rect} */ (dirty) }));
      const made = /** @type {any} */ (card).make(jobs);
      if (!made) {
        // Rust goes on in the next frame.
        onChanged();
        return [];
      }
      made.forEach(({ image, x, y }, index) => {
        const { width, height, x: px, y: py } = jobs[index].part;
        batch[index].context.putImageData(image, px - x, py - y, x, y, width, height);
        batch[index].dirty = null;
        batch[index].drawn = true;
      });
      stats.made += jobs.length;
      stats.makeMs += now() - began;
    }
    return rest;
  }

  async function render(list) {
    if (rendering || known === null || known === failedFor) return;
    rendering = true;
    const asked = known;
    const batch = list.slice(0, MOST_RENDERED).map((one) => ({ one, version: one.version }));
    const level = batch[0].one.level;
    try {
      const data = await renderTiles(asked, level, batch.map(({ one }) => [one.tx, one.ty]));
      let at = 0;
      for (const { one, version } of batch) {
        const { width, height } = tileSize(asked, level, one.tx, one.ty);
        const pixels = new ImageData(new Uint8ClampedArray(data.slice(at, at + width * height * 4).buffer), width, height);
        at += width * height * 4;
        if (picture?.documentId !== asked.documentId || !one.dirty) continue;
        one.context.putImageData(pixels, 0, 0);
        one.drawn = true;
        // What has changed since stays to be made.
        if (one.version === version) one.dirty = null;
      }
      stats.rendered += batch.length;
    } catch (error) {
      failedFor = asked;
      onFailed(error);
    }
    rendering = false;
    onChanged();
  }

  const isLarge = ({ width, height }) => width * height > (SIDE * SIDE) / 4;

  // How many levels coarser the stale tiles must be made to fit into a frame.
  function hurry(stale) {
    const cost = stale.reduce((sum, one) => sum + shareOf(one), 0) * pace();
    return Math.max(0, Math.min(3, Math.ceil(Math.log2(cost / FRAME_MS) / 2)));
  }

  function makeVisible(places, level, rect) {
    const until = deadline();
    const stale = places.map(([tx, ty]) => entry(level, tx, ty)).filter(({ dirty }) => dirty);
    if (stale.length === 0) return false;
    const isMoving = now() - changedAt < SETTLED_MS;
    let coarse = 0;
    let wanted = stale;
    if (isMoving && stale.some(({ drawn }) => drawn)) {
      coarse = usesCard() ? Math.min(MOST_LEVELS - level, hurry(stale)) : 0;
      if (coarse > 0) {
        wanted = tilesIn(rect, /** @type {Picture} */ (picture), level + coarse)
          .map(([tx, ty]) => entry(level + coarse, tx, ty)).filter(({ dirty }) => dirty);
        // Waiting for pixels would take longer than what was to be spared.
        if (wanted.some((one) => missingInputs(one) > 0)) {
          askSome(wanted);
          [coarse, wanted] = [0, stale];
        }
      }
    }
    if (!usesCard()) {
      if (wanted.length > 0) void render(wanted);
      return coarse > 0;
    }
    const missing = wanted.map((one) => missingInputs(one));
    // Rust draws every pixel that a tile covers, the card only those that it has.
    const times = 4 ** (level + coarse);
    const isForRust = (index) => !isLive && failedFor !== known && pace() > SLOW_MS * times && isLarge(wanted[index].dirty);
    const ready = wanted.filter((_, index) => missing[index] === 0 && !isForRust(index));
    const slow = wanted.filter((_, index) => missing[index] === 0 && isForRust(index));
    const waiting = wanted.filter((_, index) => missing[index] > 0);
    const left = make(ready, until);
    if (slow.length > 0) void render(slow);
    if (waiting.length > 0) {
      const count = missing.reduce((sum, one) => sum + one, 0);
      if (isLive || count <= FEW_INPUTS * times * waiting.length) askSome(waiting);
      else void render(waiting);
    }
    return left.length > 0 || coarse > 0;
  }

  // A layer's tiles come while nothing else is to do, so that the first stroke need not wait.
  function prefetch(places, level) {
    if (!usesCard() || tiles.stats().waiting > 0 || !fits(places, level)) return;
    for (const [tx, ty] of places) {
      const one = { level, tx, ty };
      const missing = missingInputs(one);
      if (missing === 0 || missing === Infinity) continue;
      askInputs(one);
      return;
    }
    warm(places, level);
  }

  // Programs are built before the first change needs them, one in a frame: some drivers take long.
  function warm(places, level) {
    if (!card || !picture) return;
    const place = places[card.warmed(picture.documentId)];
    if (!place) return;
    const [tx, ty] = place;
    if (card.warm({ picture, level, tx, ty, part: whole(level, tx, ty) })) onChanged();
  }

  // Whether the layers' tiles under what is seen can all be held; else fetching them would never end.
  function fits(places, level) {
    const first = String(places[0]);
    const isSame = fitting.picture === picture && fitting.level === level && fitting.first === first && fitting.count === places.length;
    if (isSame) return fitting.fits;
    const keys = new Set();
    for (const [tx, ty] of places) {
      needs({ picture, level, tx, ty }, tiles.sizeOf, (id, at, x, y) => keys.add(`${id}:${at}:${x}:${y}`));
    }
    fitting = { picture, level, first, count: places.length, fits: keys.size * SIDE * SIDE * 4 < tiles.stats().budget / 2 };
    return fitting.fits;
  }

  function paint(context, view, level, tx, ty) {
    const own = composites.get(`${level}:${tx}:${ty}`);
    if (own?.drawn && !own.dirty) {
      drawComposite(context, view, own, own);
      return;
    }
    let best = own?.drawn ? own : null;
    for (let up = 1; level + up <= MOST_LEVELS; up += 1) {
      const coarser = composites.get(`${level + up}:${tx >> up}:${ty >> up}`);
      if (!coarser?.drawn) continue;
      if (!coarser.dirty) {
        best = coarser;
        break;
      }
      best ??= coarser;
    }
    if (best) drawComposite(context, view, best, { level, tx, ty });
  }

  // The part of a composite that lies under a tile; only what is on the screen of it.
  function drawComposite(context, view, one, { level, tx, ty }) {
    const { x, y, width, height } = /** @type {Picture} */ (picture);
    const scale = 2 ** level;
    const from = { x: tx * SIDE * scale, y: ty * SIDE * scale };
    const to = { x: Math.min(from.x + SIDE * scale, width), y: Math.min(from.y + SIDE * scale, height) };
    const own = 2 ** one.level;
    const across = visible(view.panX + x * view.zoom, from.x, to.x, one.tx * SIDE * own, own, view.zoom, view.whole ? null : view.width);
    const down = visible(view.panY + y * view.zoom, from.y, to.y, one.ty * SIDE * own, own, view.zoom, view.whole ? null : view.height);
    if (!across || !down) return;
    context.drawImage(one.canvas, across.first, down.first, across.count, down.count, across.start, down.start, across.length, down.length);
  }

  // The part of the picture that is on the screen.
  function seenOf(view) {
    const { x, y, width, height } = /** @type {Picture} */ (picture);
    if (view.whole) return { x: 0, y: 0, width, height };
    return { x: -view.panX / view.zoom - x, y: -view.panY / view.zoom - y, width: view.width / view.zoom, height: view.height / view.zoom };
  }

  /** Whether all that is seen is as the picture is now. */
  function isFresh(level, view) {
    if (!picture) return false;
    return tilesIn(seenOf(view), picture, level).every(([tx, ty]) => {
      const one = composites.get(`${level}:${tx}:${ty}`);
      return one?.drawn && !one.dirty;
    });
  }

  /** Whether all that is seen can be seen, be it as it was before. */
  function isDrawn(level, view) {
    if (!picture) return false;
    return tilesIn(seenOf(view), picture, level).every(([tx, ty]) => composites.get(`${level}:${tx}:${ty}`)?.drawn);
  }

  // Makes some of the tiles that are missing or old; whether more are left.
  function work(view, level) {
    if (!picture || picture.width === 0) return false;
    const seen = seenOf(view);
    const places = tilesIn(seen, picture, level);
    most = Math.max(MOST_COMPOSITES, 2 * places.length);
    const began = now();
    const pending = makeVisible(places, level, seen);
    stats.lastMs = now() - began;
    stats.stale = places.filter(([tx, ty]) => composites.get(`${level}:${tx}:${ty}`)?.dirty).length;
    if (!pending && !rendering) prefetch(places, level);
    return pending;
  }

  function paintAll(context, view, level) {
    if (!picture || picture.width === 0) return;
    const began = now();
    for (const [tx, ty] of tilesIn(seenOf(view), picture, level)) paint(context, view, level, tx, ty);
    stats.presentMs += now() - began;
    stats.lastMs += now() - began;
  }

  return {
    update,
    mark,
    stats: () => ({ ...stats, composites: composites.size, bytes: composites.size * SIDE * SIDE * 4, pace: pace() }),

    /**
     * Draws the picture, as far as its tiles are there, and makes some that are not.
     * @param {CanvasRenderingContext2D} context
     * @param {View} view
     * @param {number} level
     * @returns {boolean} whether there is more to do in the next frame
     */
    draw(context, view, level) {
      const pending = work(view, level);
      paintAll(context, view, level);
      return pending;
    },

    work,

    isFresh,
    isDrawn,

    /** Frees what it holds. */
    clear() {
      composites.clear();
      picture = null;
    },

    /**
     * A tile at 100 % in the levels that a file would have, for tests.
     * @param {number} tx
     * @param {number} ty
     * @returns {Promise<{ width: number, height: number, pixels: Uint8ClampedArray }>}
     */
    async read(tx, ty) {
      const shown = /** @type {Picture} */ (picture);
      const part = whole(0, tx, ty);
      const spot = { picture: shown, level: 0, tx, ty };
      if (!usesCard()) return { ...part, pixels: new Uint8ClampedArray(await renderTiles(/** @type {Picture} */ (known), 0, [[tx, ty]])) };
      /** @type {Promise<void>[]} */
      const loads = [];
      const exact = needs(spot, tiles.sizeOf, (id, level, x, y) => void loads.push(tiles.load(id, level, [[x, y]])));
      await Promise.all(loads);
      if (!exact) return { ...part, pixels: new Uint8ClampedArray(await renderTiles(/** @type {Picture} */ (known), 0, [[tx, ty]])) };
      const made = /** @type {any} */ (card).make([{ ...spot, part }]);
      if (!made) throw new Error("the graphics card is gone");
      return { ...part, pixels: made[0].image.data };
    },
  };
}

const shareOf = ({ dirty }) => (dirty.width * dirty.height) / SIDE / SIDE;

// One direction of a part of a tile: which of its pixels are seen, and where they are drawn.
// Without a size of the screen all of it is.
function visible(origin, from, to, tileStart, own, zoom, seen) {
  const place = (value) => Math.round(origin + value * zoom);
  const step = own * zoom;
  const start = place(from);
  const end = Math.max(start + 1, place(to));
  let first = (from - tileStart) / own;
  let count = (to - from) / own;
  // What is far outside must not become larger than any canvas.
  const scale = (end - start) / count;
  const skip = seen === null ? 0 : Math.max(0, Math.floor(-start / scale) - 1);
  const most = seen === null ? count : Math.ceil((seen - start) / scale) + 1;
  if (skip >= count || most <= 0 || step <= 0) return null;
  const shownCount = Math.min(count, most) - skip;
  if (shownCount <= 0) return null;
  first += skip;
  count = shownCount;
  return { first, count, start: start + skip * scale, length: count * scale };
}

