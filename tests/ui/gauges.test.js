import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { SPAN_MS, gaugesOf, lastRunOf, phasesOf, readingOf, seriesOf, summaryOf, withLook } = await ui("state/gauges.js");
const { createGauges } = await ui("effects/gauges.js");

const look = (at, more = {}) => ({ at, cpu: null, memory: null, ours: null, cards: [], phase: null, ...more });
const during = (at, stage) => look(at, { phase: stage && { stage, done: 0, total: 4 } });

test("looks are kept for two minutes, and those of another clock not at all", () => {
  const looks = [0, 1000, SPAN_MS, SPAN_MS + 500].reduce((list, at) => withLook(list, look(at)), []);
  assert.deepEqual(looks.map(({ at }) => at), [1000, SPAN_MS, SPAN_MS + 500]);
  assert.deepEqual(withLook(looks, look(3)).map(({ at }) => at), [3]);
  assert.deepEqual(withLook(looks, look(9 * SPAN_MS)).map(({ at }) => at), [9 * SPAN_MS]);
});

test("only what can be read is a gauge", () => {
  assert.deepEqual(gaugesOf(undefined), []);
  assert.deepEqual(gaugesOf(look(0)), []);
  const card = { name: "a", load: null, memory: { ours: null, used: 3, total: 8 } };
  const all = look(0, {
    cpu: 0.5, memory: { used: 5, total: 9 }, ours: { cpu: 0.25, anonymous: 7, mapped: 2, diskRead: 0 }, cards: [card, { ...card, load: 0 }],
  });
  assert.deepEqual(gaugesOf(all).map(({ id }) => id), ["cpu", "memory", "card-memory-0", "card-1", "card-memory-1", "disk"]);
  const read = (index) => readingOf(all, gaugesOf(all)[index]);
  assert.deepEqual(read(0), { value: 0.5, ours: 0.25, most: 1 });
  // Two clocks read at two moments: a part is never more than the whole.
  assert.deepEqual(read(1), { value: 5, ours: 5, most: 9, files: 2 });
  assert.deepEqual(read(2), { value: 3, ours: null, most: 8 });
  assert.deepEqual(read(5), { value: 0, ours: null, most: null });
});

test("a chart is told in three numbers", () => {
  const looks = [0.2, 0.8, 0.5].map((cpu, index) => look(index, { cpu }));
  const series = seriesOf([look(0), ...looks], { id: "cpu", kind: "cpu", card: -1 });
  assert.deepEqual(series.map(({ value }) => value), [0.2, 0.8, 0.5]);
  assert.deepEqual(summaryOf(series), { now: 0.5, mean: 0.5, highest: 0.8 });
  assert.equal(summaryOf([]), null);
});

test("phases have a beginning and an end, and the last run is that after the last pause", () => {
  const looks = [
    during(0, null), during(100, "load"), during(300, "denoise"), during(400, null), during(900, "load"), during(1000, "encode"),
    during(1300, "denoise"), during(1600, "load"), during(1700, "denoise"), during(1900, "denoise"),
  ];
  const phases = phasesOf(looks).map(({ stage, from, to }) => [stage, from, to]);
  assert.deepEqual(phases.slice(0, 3), [["load", 100, 300], ["denoise", 300, 400], ["load", 900, 1000]]);
  const run = lastRunOf(looks).map(({ stage, ms }) => [stage, ms]);
  assert.deepEqual(run, [["load", 200], ["encode", 300], ["denoise", 500]]);
  assert.deepEqual(lastRunOf([during(0, null)]), []);
});

test("the shell is asked to look only while somebody sees, and late looks are dropped", async () => {
  const calls = [];
  const gauges = createGauges({
    startTelemetry: async (looks) => calls.push(`start ${looks}`),
    stopTelemetry: async () => {
      calls.push("stop");
      throw new Error("the window is closing");
    },
  });
  const heard = [];
  const stop = gauges.observe((looks) => heard.push(looks.length));
  gauges.add(look(0));
  await gauges.setSeen(true);
  await gauges.setSeen(true);
  gauges.add(look(100));
  gauges.add(look(200));
  await gauges.setSeen(false);
  gauges.add(look(300));
  assert.deepEqual(calls, ["start 1", "stop"]);
  assert.deepEqual(heard, [1, 2]);
  await gauges.setSeen(true);
  stop();
  gauges.add(look(400));
  assert.deepEqual([heard.length, gauges.looks().length], [2, 3]);
  calls.length = 0;
  for (const [reason, holds] of [["panel", true], ["job", true], ["panel", false], ["job", false]]) await gauges.setOften(reason, holds);
  assert.deepEqual(calls, ["start 10", "start 1"], "one reason is enough");
  await gauges.setSeen(false);
  await gauges.setOften("job", true);
  assert.deepEqual(calls.slice(2), ["stop"], "nobody sees it");
});
