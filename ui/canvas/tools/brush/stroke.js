// @ts-check
import { addDab, paintMask, paintPixels, spanOf } from "./dab.js";
import { clipOfTile } from "./clip.js";

/**
 * One stroke on the tiles of a surface. Work is in proportion to the dabs, never to the surface.
 * @typedef {import("./surface.js").Surface} Surface
 * @typedef {import("./dab.js").Span} Span
 * @typedef {import("../../../state/document.js").Rect} Rect
 *
 * @typedef {object} Settings
 * @property {number} size
 * @property {number} hardness
 * @property {number} opacity
 * @property {boolean} pressureSize
 * @property {boolean} pressureOpacity
 * @property {"paint" | "recolour" | "erase"} mode
 * @property {[number, number, number]} colour
 * @property {number} value of a mask
 * @property {import("../../../state/document.js").Selection | null} selection
 *
 * @typedef {object} StrokeTile
 * @property {number} tx
 * @property {number} ty
 * @property {number} width
 * @property {number} height
 * @property {Uint16Array} coverage
 * @property {Uint8ClampedArray | null} base what was there before the stroke, null until it is known
 * @property {Uint8ClampedArray | null} out
 * @property {Uint8Array | null | undefined} clip undefined until it is known
 * @property {Span | null} waiting what has coverage that is not in `out`
 * @property {Span | null} touched
 * @property {Span | null} limit where the selection may reach, null for everywhere
 */

/** Gap between dabs as a share of the brush's size; large ones may lie further apart before one sees it. */
const GAP = 0.1;
const LARGE = { size: 150, gap: 0.15 };
const LIGHTEST = 0.05;

/** @param {Settings} settings */
export function gapOf({ size, pressureSize }) {
  return (/** @type {number} */ pressure) => Math.max(0.5, size * (pressureSize ? Math.max(LIGHTEST, pressure) : 1) * (size > LARGE.size ? LARGE.gap : GAP));
}

/**
 * @param {Surface} surface
 * @param {Settings} settings
 * @param {object} outside
 * @param {import("./surface.js").Tiles} outside.tiles
 * @param {(keys: string[], rect: Rect) => void} outside.onPainted with tiles that are different now, and where in the document
 */
export function createStroke(surface, settings, { tiles, onPainted }) {
  /** @type {Map<string, StrokeTile>} */
  const own = new Map();
  /** @type {Promise<void>[]} */
  const arriving = [];
  const isMask = surface.kind === "mask";

  function tileAt(tx, ty) {
    const key = `${tx},${ty}`;
    const known = own.get(key);
    if (known) return known;
    const { width, height } = surface.tileSize(tx, ty);
    /** @type {StrokeTile} */
    const tile = { tx, ty, width, height, coverage: new Uint16Array(width * height), base: null, out: null, clip: undefined, waiting: null, touched: null, limit: limitOf(surface.placeOf(tx, ty)) };
    own.set(key, tile);
    const base = surface.baseOf(tx, ty);
    const clip = clipOfTile(tiles, settings.selection, surface.placeOf(tx, ty));
    if (!(base instanceof Promise) && !(clip instanceof Promise)) {
      ready(key, tile, base, clip);
      return tile;
    }
    arriving.push(Promise.all([base, clip]).then(([pixels, share]) => {
      ready(key, tile, pixels, share);
      paint([key]);
    }));
    // Strokes that begin on this tile before it is there wait for it in turn.
    surface.waitFor(key, arriving[arriving.length - 1].then(() => /** @type {any} */ (tile.out)));
    return tile;
  }

  function limitOf({ x, y }) {
    const { selection } = settings;
    if (!selection) return null;
    const [left, top] = [selection.x - x, selection.y - y];
    return { left, top, right: left + selection.width, bottom: top + selection.height };
  }

  function ready(key, tile, base, clip) {
    tile.base = base;
    tile.clip = clip;
    tile.out = new Uint8ClampedArray(base);
    surface.lay(key, tile.out);
  }

  // Brings what has coverage into the pixels.
  function paint(keys) {
    const painted = [];
    /** @type {Span | null} */
    let area = null;
    for (const key of keys) {
      const tile = /** @type {StrokeTile} */ (own.get(key));
      if (!tile.waiting || !tile.base || !tile.out || tile.clip === undefined) continue;
      if (isMask) paintMask(tile.out, tile.base, tile.coverage, tile.clip, tile.width, tile.waiting, settings);
      else paintPixels(tile.out, tile.base, tile.coverage, tile.clip, tile.width, tile.waiting, settings);
      area = joined(area, areaOf(tile, tile.waiting, surface.side));
      tile.waiting = null;
      painted.push(key);
    }
    if (area) onPainted(painted, toDocument(area, surface.rect));
  }

  return {
    /** @param {import("./path.js").Sample[]} dabs in the document */
    add(dabs) {
      const keys = new Set();
      for (const { x, y, pressure } of dabs) {
        const force = Math.max(LIGHTEST, pressure);
        const radius = (settings.size * (settings.pressureSize ? force : 1)) / 2;
        // The smallest brush draws whole pixels.
        const whole = radius <= 0.75;
        const dab = {
          x: (whole ? Math.floor(x) + 0.5 : x) - surface.rect.x,
          y: (whole ? Math.floor(y) + 0.5 : y) - surface.rect.y,
          radius: whole ? 0.5 : radius,
          hardness: whole ? 1 : settings.hardness,
          strength: settings.pressureOpacity ? pressure : 1,
        };
        for (const [tx, ty] of surface.tilesUnder(dab)) {
          const tile = tileAt(tx, ty);
          const near = { ...dab, x: dab.x - tx * surface.side, y: dab.y - ty * surface.side };
          const span = within(spanOf(near, tile.width, tile.height), tile.limit);
          if (!span) continue;
          addDab(tile.coverage, tile.width, near, span);
          tile.waiting = joined(tile.waiting, span);
          tile.touched = joined(tile.touched, span);
          keys.add(`${tx},${ty}`);
        }
      }
      paint(keys);
    },

    /** Resolves when every pixel under the stroke was there to be painted on. */
    whole: () => Promise.all(arriving).then(() => {}),

    /**
     * What the stroke changed, as rectangles in the document.
     * @returns {{ rect: Rect, pixels: Uint8Array }[]}
     */
    patches() {
      const touched = [...own.values()].filter((tile) => tile.touched && tile.out);
      return groupsOf(touched).map((group) => {
        const rect = group.map((tile) => areaOf(tile, tile.touched, surface.side)).reduce(joined);
        return { rect: toDocument(rect, surface.rect), pixels: surface.read(rect, own) };
      });
    },

    /** The pixels as they were before the stroke. */
    takeBack() {
      for (const [key, tile] of own) {
        if (tile.base) surface.lay(key, new Uint8ClampedArray(tile.base));
        tile.coverage.fill(0);
        tile.touched = tile.waiting = null;
      }
    },

    isEmpty: () => ![...own.values()].some((tile) => tile.touched),
  };
}

function toDocument({ left, top, right, bottom }, { x, y }) {
  return { x: x + left, y: y + top, width: right - left, height: bottom - top };
}

function areaOf({ tx, ty }, { left, top, right, bottom }, side) {
  return { left: tx * side + left, top: ty * side + top, right: tx * side + right, bottom: ty * side + bottom };
}

/** @param {Span | null} span @param {Span | null} limit @returns {Span | null} */
function within(span, limit) {
  if (!span || !limit) return span;
  const cut = {
    left: Math.max(span.left, limit.left), top: Math.max(span.top, limit.top),
    right: Math.min(span.right, limit.right), bottom: Math.min(span.bottom, limit.bottom),
  };
  return cut.left < cut.right && cut.top < cut.bottom ? cut : null;
}

/** @param {Span | null} a @param {Span} b @returns {Span} */
function joined(a, b) {
  if (!a) return b;
  return { left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom) };
}

// Rectangles of tiles that were all touched: a long diagonal must not carry the whole picture with it, and pixels
// beside the stroke may belong to the next one already.
function groupsOf(tiles) {
  const sorted = [...tiles].sort((a, b) => a.ty - b.ty || a.tx - b.tx);
  /** @type {StrokeTile[][]} */
  const runs = [];
  for (const tile of sorted) {
    const run = runs[runs.length - 1];
    const last = run?.[run.length - 1];
    if (last && last.ty === tile.ty && last.tx + 1 === tile.tx) run.push(tile);
    else runs.push([tile]);
  }
  /** @type {StrokeTile[][]} */
  const groups = [];
  for (const run of runs) {
    const above = groups.find((group) => group[0].tx === run[0].tx && group[group.length - 1].tx === run[run.length - 1].tx
      && group[group.length - 1].ty + 1 === run[0].ty);
    if (above) above.push(...run);
    else groups.push(run);
  }
  return groups;
}
