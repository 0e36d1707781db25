// @ts-check

/**
 * The canvas at another size, with the picture in one of nine places.
 * @param {import("./document.js").Rect} now
 * @param {{ width: number, height: number }} size
 * @param {number} anchor 0 is the top left, 8 the bottom right
 * @returns {import("./document.js").Rect}
 */
export function anchoredRect({ x, y, width, height }, size, anchor) {
  const across = (anchor % 3) / 2;
  const down = Math.floor(anchor / 3) / 2;
  return {
    x: x - Math.floor((size.width - width) * across),
    y: y - Math.floor((size.height - height) * down),
    width: size.width,
    height: size.height,
  };
}
