// The commands on pixels for the page tests: true to the pixel, slow, and simple.
(() => {
  const SIDE = 256;
  const FIRST_MASK = 2 ** 40 + 1000;

  /** @param {any} mock `images` by id as `load_image` has them @param {(bytes: ArrayBuffer) => number} add gives an image its id */
  window.createMockPixels = (mock, add, composite, reject) => {
    const masks = new Map();
    let nextMask = FIRST_MASK;
    mock.masks = masks;
    const about = (options) => JSON.parse(options.headers["x-about"]);

    function imageOf(id) {
      const body = mock.images.get(id);
      const view = new DataView(body);
      return { width: view.getUint32(0, true), height: view.getUint32(4, true), channels: 4, pixels: new Uint8Array(body, 8) };
    }

    function storeImage({ width, height, pixels }) {
      const body = new ArrayBuffer(8 + pixels.length);
      const view = new DataView(body);
      view.setUint32(0, width, true);
      view.setUint32(4, height, true);
      new Uint8Array(body, 8).set(pixels);
      return { id: add(body), width, height, bytes: pixels.length };
    }

    function storeMask({ width, height, pixels }) {
      const id = (nextMask += 1);
      masks.set(id, { width, height, channels: 1, pixels });
      return id;
    }

    const anyOf = (id) => masks.get(id) ?? imageOf(id);
    const blank = (width, height, channels = 4, fill = 0) => ({ width, height, channels, pixels: new Uint8Array(width * height * channels).fill(fill) });
    const at = (image, x, y) => image.channels * (y * image.width + x);
    const inside = (image, x, y) => x >= 0 && y >= 0 && x < image.width && y < image.height;

    function copyInto(target, source, x, y) {
      for (let row = 0; row < source.height; row += 1) {
        for (let column = 0; column < source.width; column += 1) {
          if (!inside(target, x + column, y + row)) continue;
          const from = at(source, column, row);
          target.pixels.set(source.pixels.subarray(from, from + source.channels), at(target, x + column, y + row));
        }
      }
      return target;
    }

    const copyOf = (image) => ({ ...image, pixels: image.pixels.slice() });
    const valueAt = (selection, x, y) => {
      const mask = masks.get(selection.id);
      const [column, row] = [x - selection.x, y - selection.y];
      return inside(mask, column, row) ? mask.pixels[at(mask, column, row)] : 0;
    };

    function shapeValue(shape, x, y) {
      const [cx, cy] = [x + 0.5, y + 0.5];
      if (shape.kind === "rect") return cx >= shape.x && cy >= shape.y && cx < shape.x + shape.width && cy < shape.y + shape.height ? 255 : 0;
      if (shape.kind === "ellipse") {
        const [rx, ry] = [shape.width / 2, shape.height / 2];
        return ((cx - shape.x - rx) / rx) ** 2 + ((cy - shape.y - ry) / ry) ** 2 <= 1 ? 255 : 0;
      }
      if (shape.kind === "alpha") {
        const image = imageOf(shape.image);
        return inside(image, x - shape.x, y - shape.y) ? image.pixels[at(image, x - shape.x, y - shape.y) + 3] : 0;
      }
      if (shape.kind === "polygon") {
        const points = Array.isArray(shape.points[0]) ? shape.points : shape.points.flatMap((_, index, list) => (index % 2 ? [] : [[list[index], list[index + 1]]]));
        let odd = false;
        points.forEach(([x1, y1], index) => {
          const [x2, y2] = points[(index + 1) % points.length];
          if (y1 > cy !== y2 > cy && cx < ((x2 - x1) * (cy - y1)) / (y2 - y1) + x1) odd = !odd;
        });
        return odd ? 255 : 0;
      }
      throw new Error(`no shape ${shape.kind}`);
    }

    function boundsOf(shape) {
      if (shape.kind === "polygon") {
        const flat = shape.points.flat();
        const xs = flat.filter((_, index) => index % 2 === 0);
        const ys = flat.filter((_, index) => index % 2 === 1);
        const [x, y] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
        return { x, y, width: Math.ceil(Math.max(...xs)) - x, height: Math.ceil(Math.max(...ys)) - y };
      }
      if (shape.kind === "alpha") return { x: shape.x, y: shape.y, width: imageOf(shape.image).width, height: imageOf(shape.image).height };
      return shape;
    }

    function around(a, b) {
      const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
      return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
    }

    // A selection of what a function says of each pixel, no larger than it must be.
    function selectionOf(area, value) {
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let y = area.y; y < area.y + area.height; y += 1) {
        for (let x = area.x; x < area.x + area.width; x += 1) {
          if (value(x, y) === 0) continue;
          [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
        }
      }
      if (left === Infinity) return null;
      const mask = blank(right - left, bottom - top, 1);
      for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) mask.pixels[at(mask, x - left, y - top)] = value(x, y);
      return { id: storeMask(mask), x: left, y: top, width: right - left, height: bottom - top };
    }

    function eachSelected({ image, x, y, selection }, change) {
      const made = copyOf(imageOf(image));
      for (let row = 0; row < made.height; row += 1) {
        for (let column = 0; column < made.width; column += 1) {
          const share = valueAt(selection, x + column, y + row) / 255;
          if (share > 0) change(made.pixels, at(made, column, row), share);
        }
      }
      return storeImage(made);
    }

    const commands = {
      async load_tiles({ id, level, tiles }) {
        if (!masks.has(id) && !mock.images.has(id)) return reject("image_unknown", "This picture is not there any more.");
        const image = anyOf(id);
        const scale = 2 ** level;
        const [width, height] = [Math.ceil(image.width / scale), Math.ceil(image.height / scale)];
        const parts = tiles.map(([tx, ty]) => {
          const tile = blank(Math.min(SIDE, width - tx * SIDE), Math.min(SIDE, height - ty * SIDE), image.channels);
          for (let y = 0; y < tile.height; y += 1) {
            for (let x = 0; x < tile.width; x += 1) {
              const from = at(image, Math.min(image.width - 1, (tx * SIDE + x) * scale), Math.min(image.height - 1, (ty * SIDE + y) * scale));
              tile.pixels.set(image.pixels.subarray(from, from + image.channels), at(tile, x, y));
            }
          }
          return tile.pixels;
        });
        const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
        parts.reduce((offset, part) => (body.set(part, offset), offset + part.length), 0);
        return body.buffer;
      },
      async patch_image(bytes, options) {
        const { id, x, y, width, height } = about(options);
        while (mock.holdPatches) await new Promise((done) => setTimeout(done, 10));
        const image = imageOf(id);
        if (!inside(image, x, y) || x + width > image.width || y + height > image.height || bytes.length !== width * height * 4) {
          return reject("internal", `a patch of ${width} × ${height} at ${x}, ${y} does not fit`);
        }
        return storeImage(copyInto(copyOf(image), { width, height, channels: 4, pixels: bytes }, x, y));
      },
      create_image: async ({ width, height, colour }) => {
        const image = blank(width, height);
        if (colour) for (let p = 0; p < image.pixels.length; p += 4) image.pixels.set([...colour, 255].slice(0, 4), p);
        return storeImage(image);
      },
      grow_image: async ({ id, x, y, width, height }) => storeImage(copyInto(blank(width, height), imageOf(id), -x, -y)),
      async patch_mask(bytes, options) {
        const { id, x, y, width, height, fill } = about(options);
        const before = id === null ? null : masks.get(id);
        const area = before ? around({ x: 0, y: 0, width: before.width, height: before.height }, { x, y, width, height }) : { x, y, width, height };
        const mask = blank(area.width, area.height, 1, fill);
        if (before) copyInto(mask, before, -area.x, -area.y);
        copyInto(mask, { width, height, channels: 1, pixels: bytes }, x - area.x, y - area.y);
        return { id: storeMask(mask), ...area, bytes: mask.pixels.length };
      },
      async transform_layer({ transform: { image, mask, x, y, matrix: [a, b, c, d, e, f] } }) {
        const area = a * d - b * c;
        const map = (source, left, top, channels, outside) => {
          const corners = [[0, 0], [source.width, 0], [0, source.height], [source.width, source.height]]
            .map(([w, h]) => [a * (left + w) + c * (top + h) + e, b * (left + w) + d * (top + h) + f]);
          const [x0, y0] = [0, 1].map((axis) => Math.floor(Math.min(...corners.map((corner) => corner[axis])) + 1e-6));
          const [x1, y1] = [0, 1].map((axis) => Math.ceil(Math.max(...corners.map((corner) => corner[axis])) - 1e-6));
          const made = blank(x1 - x0, y1 - y0, channels, outside);
          for (let row = 0; row < made.height; row += 1) {
            for (let column = 0; column < made.width; column += 1) {
              const [px, py] = [x0 + column + 0.5 - e, y0 + row + 0.5 - f];
              const [sx, sy] = [Math.floor((d * px - c * py) / area - left), Math.floor((a * py - b * px) / area - top)];
              if (inside(source, sx, sy)) made.pixels.set(source.pixels.subarray(at(source, sx, sy), at(source, sx, sy) + channels), at(made, column, row));
            }
          }
          return { ...made, x: x0, y: y0 };
        };
        const made = map(imageOf(image), x, y, 4, 0);
        const stored = storeImage(made);
        const turned = mask && masks.has(mask.id) ? map(masks.get(mask.id), mask.x, mask.y, 1, mask.outside) : null;
        return {
          imageId: stored.id, x: made.x, y: made.y, width: made.width, height: made.height, bytes: stored.bytes,
          mask: turned && { id: storeMask(turned), x: turned.x, y: turned.y, width: turned.width, height: turned.height },
        };
      },
      async select({ request: { base, op, shape } }) {
        const bounds = boundsOf(shape);
        const area = base ? around(base, bounds) : bounds;
        return selectionOf(area, (x, y) => {
          const [old, now] = [base ? valueAt(base, x, y) : 0, shapeValue(shape, x, y)];
          return { replace: now, add: Math.max(old, now), subtract: Math.min(old, 255 - now), intersect: Math.min(old, now) }[op];
        });
      },
      async modify_selection({ request: { selection, canvas, change: { kind, by } } }) {
        if (kind === "invert") return selectionOf(canvas, (x, y) => 255 - valueAt(selection, x, y));
        const near = (x, y, wanted) => {
          for (let dy = -by; dy <= by; dy += 1) for (let dx = -by; dx <= by; dx += 1) if (wanted(valueAt(selection, x + dx, y + dy))) return true;
          return false;
        };
        const grown = { x: selection.x - by, y: selection.y - by, width: selection.width + 2 * by, height: selection.height + 2 * by };
        const most = (x, y) => (near(x, y, (value) => value > 127) ? 255 : 0);
        const least = (x, y) => (near(x, y, (value) => value <= 127) ? 0 : 255);
        if (kind === "grow" || kind === "feather") return selectionOf(grown, most);
        if (kind === "shrink") return selectionOf(selection, least);
        return selectionOf(grown, (x, y) => most(x, y) - least(x, y));
      },
      async selection_outline({ id }) {
        const { width, height } = masks.get(id);
        return { lines: [[0, 0, width, 0, width, height, 0, height]] };
      },
      clear_selected: async ({ request }) => eachSelected(request, (pixels, p, share) => (pixels[p + 3] = Math.round(pixels[p + 3] * (1 - share)))),
      fill_selected: async ({ request }) => eachSelected(request, (pixels, p, share) => pixels.set([...request.colour.slice(0, 3), Math.max(pixels[p + 3], Math.round(255 * share))], p)),
      async mask_of({ request: { selection } }) {
        const mask = copyOf(masks.get(selection.id));
        return { ...selection, id: storeMask(mask), bytes: mask.pixels.length };
      },
      async copy_selected({ request: { image, x, y, selection } }) {
        const from = imageOf(image);
        const part = blank(selection.width, selection.height);
        for (let row = 0; row < part.height; row += 1) {
          for (let column = 0; column < part.width; column += 1) {
            const [px, py] = [selection.x + column - x, selection.y + row - y];
            const share = valueAt(selection, selection.x + column, selection.y + row) / 255;
            if (!inside(from, px, py) || share === 0) continue;
            const [r, g, b, a] = from.pixels.subarray(at(from, px, py), at(from, px, py) + 4);
            part.pixels.set([r, g, b, Math.round(a * share)], at(part, column, row));
          }
        }
        const made = storeImage(part);
        return { imageId: made.id, x: selection.x, y: selection.y, width: part.width, height: part.height, bytes: made.bytes };
      },
      apply_mask: async ({ request: { image, x, y, mask } }) => {
        const made = copyOf(imageOf(image));
        const values = masks.get(mask.id);
        for (let row = 0; row < made.height; row += 1) {
          for (let column = 0; column < made.width; column += 1) {
            const [px, py] = [x + column - mask.x, y + row - mask.y];
            const share = (inside(values, px, py) ? values.pixels[at(values, px, py)] : mask.outside ?? 0) / 255;
            made.pixels[at(made, column, row) + 3] = Math.round(made.pixels[at(made, column, row) + 3] * share);
          }
        }
        return storeImage(made);
      },
      lock_pixels: async ({ request: { original, x, y, made, madeX, madeY, selection } }) => {
        const over = imageOf(made);
        const locked = copyOf(imageOf(original));
        for (let row = 0; row < locked.height; row += 1) {
          for (let column = 0; column < locked.width; column += 1) {
            const [px, py] = [x + column - madeX, y + row - madeY];
            if (!inside(over, px, py) || valueAt(selection, x + column, y + row) === 0) continue;
            locked.pixels.set(over.pixels.subarray(at(over, px, py), at(over, px, py) + 4), at(locked, column, row));
          }
        }
        return storeImage(locked);
      },
      async render_tiles({ document, level, tiles }) {
        await new Promise((resolve) => setTimeout(resolve, mock.stepMs));
        const [width, height] = [document.width, document.height].map((side) => Math.ceil(side / 2 ** level));
        const whole = new Uint8Array(composite(document, level === 0 ? null : Math.max(width, height)), 8);
        const image = { width, height, channels: 4, pixels: whole };
        const parts = tiles.map(([tx, ty]) => copyInto(blank(Math.min(SIDE, width - tx * SIDE), Math.min(SIDE, height - ty * SIDE)), image, -tx * SIDE, -ty * SIDE));
        const body = new Uint8Array(parts.reduce((sum, { pixels }) => sum + pixels.length, 0));
        parts.reduce((offset, { pixels }) => (body.set(pixels, offset), offset + pixels.length), 0);
        return body.buffer;
      },
      async flatten_layers({ document }) {
        const whole = new Uint8Array(composite(document, null), 8);
        const image = { width: document.width, height: document.height, channels: 4, pixels: whole };
        let [left, top, right, bottom] = [document.width, document.height, 0, 0];
        for (let y = 0; y < image.height; y += 1) {
          for (let x = 0; x < image.width; x += 1) {
            if (whole[at(image, x, y) + 3] === 0) continue;
            [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
          }
        }
        if (right === 0) return { imageId: 0, x: 0, y: 0, width: 0, height: 0, bytes: 0 };
        const made = storeImage(copyInto(blank(right - left, bottom - top), image, -left, -top));
        return { imageId: made.id, x: left, y: top, width: right - left, height: bottom - top, bytes: made.bytes };
      },
      async sample_pixel({ document, x, y }) {
        const whole = new Uint8Array(composite(document, null), 8);
        return [...whole.subarray(4 * (y * document.width + x), 4 * (y * document.width + x) + 4)];
      },
    };
    return commands;
  };
})();
