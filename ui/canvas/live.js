// @ts-check

/**
 * What a hand does before Rust knows of it: painted tiles, and layers that are moved, turned or scaled.
 * @typedef {import("../state/document.js").Picture} Picture
 * @typedef {import("../state/document.js").Rect} Rect
 * @typedef {{ layerId: number, kind: "pixels" | "mask", imageId: number, x: number, y: number, width: number, height: number,
 *   tiles: Map<string, Uint8ClampedArray>, changed?: string[], rect?: Rect }} Painted tiles by "tx,ty" in the grid of the rectangle;
 *   `rect` is what of the changed tiles is different, where that is less, in the document
 */

const SIDE = 256;

/** @param {(rects: Rect[]) => void} onDamaged where the picture looks different now */
export function createLive(onDamaged) {
  /** @type {(Painted & { serials: Map<string, number> }) | null} */
  let painted = null;
  /** @type {{ ids: Set<number>, matrix: number[] } | null} */
  let moved = null;
  let serial = 0;
  let made = { from: /** @type {Picture | null} */ (null), picture: /** @type {Picture | null} */ (null) };

  const rectOf = ({ x, y, width, height }, key) => {
    const [tx, ty] = key.split(",").map(Number);
    return {
      x: x + tx * SIDE, y: y + ty * SIDE,
      width: Math.min(SIDE, width - tx * SIDE), height: Math.min(SIDE, height - ty * SIDE),
    };
  };

  return {
    /** @param {Painted} next */
    setLive(next) {
      const isSame = painted?.tiles === next.tiles && painted.layerId === next.layerId && painted.kind === next.kind;
      const serials = isSame && painted ? painted.serials : new Map();
      const changed = isSame ? next.changed ?? [...next.tiles.keys()] : [...next.tiles.keys()];
      const left = painted && !isSame ? [...painted.tiles.keys()].map((key) => rectOf(painted, key)) : [];
      for (const key of changed) serials.set(key, (serial += 1));
      painted = { ...next, serials };
      made = { from: null, picture: null };
      onDamaged([...left, ...(next.rect ? [next.rect] : changed.map((key) => rectOf(next, key)))]);
    },

    clearLive() {
      if (!painted) return;
      const old = painted;
      painted = null;
      made = { from: null, picture: null };
      onDamaged([...old.tiles.keys()].map((key) => rectOf(old, key)));
    },

    /** @param {number[]} ids @param {number[] | null} matrix from the document to the document; null shows layers as they are */
    setLiveTransform(ids, matrix) {
      moved = matrix && ids.length > 0 ? { ids: new Set(ids), matrix } : null;
      made = { from: null, picture: null };
    },

    isLive: () => painted !== null || moved !== null,
    painted: () => painted,
    moved: () => moved,

    /** The picture as it is seen. @param {Picture} picture @returns {Picture} */
    shown(picture) {
      if (!painted && !moved) return picture;
      if (made.from !== picture || !made.picture) {
        made = { from: picture, picture: { ...picture, layers: withLive(picture.layers, painted, moved, false) } };
      }
      return made.picture ?? picture;
    },
  };
}

function withLive(layers, painted, moved, inside) {
  return layers.map((layer) => {
    let next = layer;
    const isMoved = inside || Boolean(moved?.ids.has(layer.id));
    if (isMoved && moved) next = movedBy(next, moved.matrix);
    if (painted?.layerId === layer.id) next = { ...next, live: painted };
    if (layer.kind !== "group") return next;
    const children = withLive(layer.children, painted, moved, isMoved);
    return children.every((child, index) => child === layer.children[index]) ? next : { ...next, children };
  });
}

function movedBy(layer, matrix) {
  const [a, b, c, d, e, f] = matrix;
  if (a !== 1 || b !== 0 || c !== 0 || d !== 1) return layer.kind === "group" ? layer : { ...layer, matrix };
  // A move by whole pixels is exact.
  const [dx, dy] = [Math.round(e), Math.round(f)];
  const mask = layer.mask?.linked ? { ...layer.mask, x: layer.mask.x + dx, y: layer.mask.y + dy } : layer.mask;
  return layer.kind === "group" ? { ...layer, mask } : { ...layer, mask, x: layer.x + dx, y: layer.y + dy };
}
