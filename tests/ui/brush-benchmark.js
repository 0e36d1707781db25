// What a batch of dabs costs from the pointer event until the tiles are ready to be drawn:
//   node tests/ui/brush-benchmark.js
import { ui } from "./modules.js";

const { createPainter } = await ui("canvas/tools/brush/painter.js");

const SIDE = 2048;
const known = new Map();
const tiles = {
  get: (id, level, tx, ty) => known.get(`${tx},${ty}`) ?? null,
  load: async () => {},
};
for (let ty = 0; ty < SIDE / 256; ty += 1) {
  for (let tx = 0; tx < SIDE / 256; tx += 1) known.set(`${tx},${ty}`, new Uint8ClampedArray(256 * 256 * 4).fill(128));
}
const rect = { x: 0, y: 0, width: SIDE, height: SIDE };
const target = { documentId: 1, layerId: 1, kind: "pixels", id: 1, outside: 0, image: rect, room: rect };

console.log("size  hardness  events  median ms  95 % ms  longest ms");
for (const size of [10, 50, 200, 500, 1000]) {
  for (const hardness of [0, 1]) {
    const painter = createPainter({ tiles, canvas: { setLive() {}, clearLive() {} }, commit: async () => {}, onFailed: console.error });
    const settings = {
      size, hardness, opacity: 0.8, pressureSize: false, pressureOpacity: false, mode: "paint", colour: [10, 200, 90], value: 0, selection: null,
    };
    const times = [];
    const sample = (step) => ({ x: 1024 + 700 * Math.cos(step / 20), y: 1024 + 700 * Math.sin(step / 13), pressure: 1 });
    painter.begin(target, settings, sample(0), false);
    for (let step = 1; step <= 240; step += 1) {
      // Four coalesced places in each event, as from a tablet of 240 Hz at 60 frames a second.
      const start = performance.now();
      painter.extend([0.25, 0.5, 0.75, 1].map((part) => sample(step - 1 + part)));
      times.push(performance.now() - start);
    }
    painter.end();
    await painter.settled();
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(2).padStart(9);
    console.log(`${String(size).padStart(4)}  ${String(hardness).padStart(8)}  ${times.length.toString().padStart(6)}  ${at(0.5)}  ${at(0.95)}  ${at(1)}`);
  }
}
