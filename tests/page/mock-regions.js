// Pictures that are fitted to a model, and what is kept between starts.
// Loaded by mock.js, which gives its pictures.
window.__MOCK_REGIONS__ = ({ images, options, kept }) => {
  const read = (id) => {
    const bytes = new Uint8Array(images.get(id));
    const view = new DataView(bytes.buffer);
    return { width: view.getUint32(0, true), height: view.getUint32(4, true), pixels: bytes.subarray(8) };
  };
  const write = (width, height, at) => {
    const bytes = new Uint8Array(8 + width * height * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, width, true);
    view.setUint32(4, height, true);
    for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) bytes.set(at(x, y), 8 + 4 * (y * width + x));
    const id = images.size + 1;
    images.set(id, bytes.buffer);
    return { id, width, height, bytes: 4 * width * height };
  };
  const pixelOf = ({ width, height, pixels }, x, y) =>
    (x < 0 || y < 0 || x >= width || y >= height ? [0, 0, 0, 0] : [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)]);
  return {
    fit_image({ image, width, height, fill }) {
      const from = read(image);
      return { ...write(width, height, (x, y) => {
        const [r, g, b, a] = pixelOf(from, Math.floor((x * from.width) / width), Math.floor((y * from.height) / height));
        return fill && a === 0 ? [255, 255, 255, 255] : [r, g, b, fill ? 255 : a];
      }), name: "" };
    },
    load_kept: ({ name }) => JSON.parse(kept.getItem(`kept ${name}`) ?? "null"),
    save_kept: ({ name, value }) => kept.setItem(`kept ${name}`, JSON.stringify(value)),
    keep_picture({ id }) {
      const { width, height, pixels } = read(id);
      const file = `${String(id).padStart(16, "0")}.png`;
      kept.setItem(`picture ${file}`, JSON.stringify({ width, height, pixels: [...pixels] }));
      return file;
    },
    open_kept_picture({ file, name }) {
      const there = options.lost ? null : JSON.parse(kept.getItem(`picture ${file}`) ?? "null");
      if (!there) return null;
      const { id, width, height } = write(there.width, there.height, (x, y) => there.pixels.slice(4 * (y * there.width + x), 4 * (y * there.width + x) + 4));
      return { id, width, height, name };
    },
  };
};
