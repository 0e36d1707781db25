// @ts-check

/**
 * The arithmetic of a brush on one tile. Coverage is what one stroke has laid down, 0 to 65535; it never
 * exceeds the stroke's own strength, however often the stroke crosses itself.
 *
 * @typedef {{ x: number, y: number, radius: number, hardness: number, strength: number }} Dab
 *   in the coordinates of the tile; `hardness` and `strength` 0 to 1
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Span in pixels, the end not included
 * @typedef {{ mode: "paint" | "recolour" | "erase", colour: [number, number, number], opacity: number }} Paint
 */

export const FULL = 65535;

/**
 * The pixels that a dab may touch; null where it misses the tile.
 * @param {Dab} dab
 * @param {number} width of the tile
 * @param {number} height
 * @returns {Span | null}
 */
export function spanOf({ x, y, radius }, width, height) {
  const reach = radius + 0.5;
  const left = Math.max(0, Math.floor(x - reach));
  const top = Math.max(0, Math.floor(y - reach));
  const right = Math.min(width, Math.ceil(x + reach));
  const bottom = Math.min(height, Math.ceil(y + reach));
  return left < right && top < bottom ? { left, top, right, bottom } : null;
}

/**
 * @param {Uint16Array} coverage
 * @param {number} width of the tile
 * @param {Dab} dab
 * @param {Span} span
 */
export function addDab(coverage, width, { x, y, radius, hardness, strength }, { left, top, right, bottom }) {
  // The edge is never sharper than one pixel, so that it is smooth.
  const outer = hardness >= 1 ? radius + 0.5 : Math.max(radius, 0.75);
  const inner = Math.min(radius * hardness, outer - 1);
  const solid = inner > 0 ? inner * inner : -1;
  const whole = outer * outer;
  const fall = 1 / (outer - inner);
  const linear = hardness >= 1;
  const most = Math.round(strength * FULL);
  for (let row = top; row < bottom; row += 1) {
    const dy = row + 0.5 - y;
    const rest = whole - dy * dy;
    if (rest <= 0) continue;
    const half = Math.sqrt(rest);
    const end = Math.min(right, Math.ceil(x + half));
    let at = row * width + Math.max(left, Math.floor(x - half));
    for (let column = Math.max(left, Math.floor(x - half)); column < end; column += 1, at += 1) {
      const before = coverage[at];
      if (before >= most) continue;
      const dx = column + 0.5 - x;
      const square = dx * dx + dy * dy;
      if (square <= solid) {
        coverage[at] = most;
        continue;
      }
      if (square >= whole) continue;
      const t = (Math.sqrt(square) - inner) * fall;
      const u = 1 - t * t;
      coverage[at] = before + (most - before) * (linear ? 1 - t : u * u);
    }
  }
}

/**
 * Lays the stroke over the pixels that were there, straight alpha.
 * @param {Uint8ClampedArray} out
 * @param {Uint8ClampedArray} base
 * @param {Uint16Array} coverage
 * @param {Uint8Array | null} clip how much of each pixel is selected, null for all
 * @param {number} width of the tile
 * @param {Span} span
 * @param {Paint} paint
 */
export function paintPixels(out, base, coverage, clip, width, { left, top, right, bottom }, { mode, colour, opacity }) {
  const [red, green, blue] = colour;
  const scale = opacity / FULL;
  for (let row = top; row < bottom; row += 1) {
    for (let at = row * width + left, end = row * width + right; at < end; at += 1) {
      const share = coverage[at] * scale * (clip === null ? 1 : clip[at] / 255);
      const p = at * 4;
      if (share === 0) {
        out[p] = base[p];
        out[p + 1] = base[p + 1];
        out[p + 2] = base[p + 2];
        out[p + 3] = base[p + 3];
        continue;
      }
      const under = base[p + 3];
      if (mode === "erase") {
        out[p] = base[p];
        out[p + 1] = base[p + 1];
        out[p + 2] = base[p + 2];
        out[p + 3] = under * (1 - share);
        continue;
      }
      const alpha = mode === "recolour" ? 1 : share + (under / 255) * (1 - share);
      const weight = share / alpha;
      out[p] = base[p] + (red - base[p]) * weight;
      out[p + 1] = base[p + 1] + (green - base[p + 1]) * weight;
      out[p + 2] = base[p + 2] + (blue - base[p + 2]) * weight;
      out[p + 3] = mode === "recolour" ? under : alpha * 255;
    }
  }
}

/**
 * The same for a mask: one byte a pixel, towards one value.
 * @param {Uint8ClampedArray} out
 * @param {Uint8ClampedArray} base
 * @param {Uint16Array} coverage
 * @param {Uint8Array | null} clip
 * @param {number} width
 * @param {Span} span
 * @param {{ value: number, opacity: number }} paint
 */
export function paintMask(out, base, coverage, clip, width, { left, top, right, bottom }, { value, opacity }) {
  const scale = opacity / FULL;
  for (let row = top; row < bottom; row += 1) {
    for (let at = row * width + left, end = row * width + right; at < end; at += 1) {
      const share = coverage[at] * scale * (clip === null ? 1 : clip[at] / 255);
      out[at] = base[at] + (value - base[at]) * share;
    }
  }
}
