// The layer tree of a PSD as ag-psd sees it.
//
// node read_ag_psd.mjs FILE... prints one line of JSON for each file: {"file", "tree"} or {"file", "error"}.
// AG_PSD names the folder that ag-psd is installed in.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.AG_PSD ?? process.cwd(), "package.json"));
const { initializeCanvas, readPsd } = require("ag-psd");
initializeCanvas(
  () => {
    throw new Error("no canvas here");
  },
  (width, height) => ({ width, height, data: new Uint8ClampedArray(width * height * 4) }),
);

// ag-psd's names that are not ours with blanks for dashes.
const NAMES = { "linear dodge": "linear-dodge" };

for (const file of process.argv.slice(2)) {
  console.log(JSON.stringify(readFile(file)));
}

function readFile(file) {
  try {
    const bytes = readFileSync(file);
    // ag-psd refuses a merged image of 16 bits that has alpha.
    const skipCompositeImageData = bytes.readUInt16BE(22) !== 8;
    const psd = readPsd(bytes, { useImageData: true, skipThumbnail: true, skipCompositeImageData });
    const { width, height } = psd;
    const depth = psd.bitsPerChannel ?? 8;
    return { file, tree: { width, height, depth, layers: (psd.children ?? []).map((layer) => readLayer(layer)) } };
  } catch (error) {
    return { file, error: String(error.message ?? error) };
  }
}

function readLayer(layer) {
  const found = {
    kind: layer.children ? "group" : "pixels",
    id: layer.id ?? 0,
    name: layer.name ?? "",
    visible: !layer.hidden,
    opacity: Math.round((layer.opacity ?? 1) * 255),
    fill: Math.round((layer.fillOpacity ?? 1) * 255),
    blend: NAMES[layer.blendMode] ?? layer.blendMode.replaceAll(" ", "-"),
    clipping: Boolean(layer.clipping),
    lock: {
      transparency: Boolean(layer.transparencyProtected || layer.protected?.transparency),
      pixels: Boolean(layer.protected?.composite),
      position: Boolean(layer.protected?.position),
    },
    mask: readMask(layer.mask),
  };
  if (layer.children) {
    return { ...found, expanded: Boolean(layer.opened), children: layer.children.map((child) => readLayer(child)) };
  }
  const { left = 0, top = 0, right = 0, bottom = 0, imageData } = layer;
  return {
    ...found,
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    sha256: imageData ? hash(imageData.data) : null,
  };
}

function readMask(mask) {
  if (!mask) return null;
  const { left = 0, top = 0, right = 0, bottom = 0 } = mask;
  return {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    outside: mask.defaultColor ?? 0,
    enabled: !mask.disabled,
    linked: !mask.positionRelativeToLayer,
    sha256: mask.imageData ? hash(everyFourth(mask.imageData.data)) : null,
  };
}

function everyFourth(rgba) {
  return rgba.filter((_, index) => index % 4 === 0);
}

function hash(samples) {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
}
