// The part of ag-psd in bench.py: node bench.mjs FOLDER TARGET.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.AG_PSD ?? "/tmp/agpsd", "package.json"));
const { initializeCanvas, writePsdBuffer } = require("ag-psd");
initializeCanvas(
  () => {
    throw new Error("no canvas here");
  },
  (width, height) => ({ width, height, data: new Uint8ClampedArray(width * height * 4) }),
);

const [folder, target] = process.argv.slice(2);
const pictures = readdirSync(folder).filter((name) => name.endsWith(".raw")).sort();
const read = (name) => {
  const [, left, top, width, height] = name.split(".");
  const bytes = readFileSync(join(folder, name));
  const data = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { left: Number(left), top: Number(top), imageData: { width: Number(width), height: Number(height), data } };
};
const children = pictures.filter((name) => !name.startsWith("merged")).map((name, index) => ({ name: `Layer ${index}`, ...read(name) }));
const { imageData } = read(pictures.find((name) => name.startsWith("merged")));
const psd = { width: imageData.width, height: imageData.height, imageData, children };

const started = performance.now();
const cpu = process.cpuUsage();
writeFileSync(target, writePsdBuffer(psd, { generateThumbnail: false }));
const { user, system } = process.cpuUsage(cpu);
console.log(`written in ${((performance.now() - started) / 1000).toFixed(3)} s, CPU ${((user + system) / 1e6).toFixed(3)}`);
