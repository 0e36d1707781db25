// @ts-check

/**
 * Colours as people choose them: hue 0 to 360, saturation and brightness 0 to 1.
 * @typedef {import("./tools.js").Colour} Colour
 * @typedef {{ hue: number, saturation: number, brightness: number }} Hsv
 */

/** @param {Hsv} hsv @returns {Colour} */
export function toRgb({ hue, saturation, brightness }) {
  const part = (offset) => {
    const k = (offset + hue / 60) % 6;
    return Math.round(255 * brightness * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [part(5), part(3), part(1)];
}

/** @param {Colour} colour @param {number} [hue] of greys, which have none of their own @returns {Hsv} */
export function toHsv([red, green, blue], hue = 0) {
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  const brightness = most / 255;
  if (span === 0) return { hue, saturation: 0, brightness };
  const turn = most === red ? (green - blue) / span : most === green ? 2 + (blue - red) / span : 4 + (red - green) / span;
  return { hue: ((turn * 60) % 360 + 360) % 360, saturation: span / most, brightness };
}

/** @param {Colour} colour */
export const toHex = (colour) => `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;

/** @param {string} text with or without `#`, three or six digits @returns {Colour | null} */
export function fromHex(text) {
  const digits = text.trim().replace(/^#/, "").toLowerCase();
  if (!/^([0-9a-f]{3}|[0-9a-f]{6})$/.test(digits)) return null;
  const whole = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return /** @type {Colour} */ ([0, 2, 4].map((at) => parseInt(whole.slice(at, at + 2), 16)));
}
