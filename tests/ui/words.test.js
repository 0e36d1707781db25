import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import test from "node:test";
import { ui } from "./modules.js";

const { duration, percent, strings, timeLeft } = await ui("strings.js");
const { SIZE_PRESETS } = await ui("state/form.js");
const { parseImage } = await ui("ipc/commands.js");
const { toIpcError } = await ui("ipc/client.js");

test("the time left is rounded the more the longer it is", () => {
  const words = [null, Number.NaN, 0, 0.4, 1.2, 4.4, 12, 52, 58, 61, 130, 3000, 3599, 9000].map(timeLeft);
  assert.deepEqual(words, [
    "", "", "less than a second left", "less than a second left", "about 1 second left", "about 4 seconds left",
    "about 10 seconds left", "about 50 seconds left", "about 1 minute left", "about 1 minute left",
    "about 2 minutes left", "about 50 minutes left", "about 1 hour left", "about 3 hours left",
  ]);
});

test("durations and zoom are short", () => {
  assert.deepEqual([0.01, 3.24, 42.4, 125].map(duration), ["0.1 s", "3.2 s", "42 s", "2 min 5 s"]);
  assert.deepEqual([0.025, 0.333, 1, 4].map(percent), ["2.5 %", "33 %", "100 %", "400 %"]);
});

test("every size that is offered has a name that says it", () => {
  for (const { id, width, height } of SIZE_PRESETS) {
    assert.ok(strings.size.presets[id].endsWith(`${width} × ${height}`), id);
  }
});

test("an error without words still says what to do", () => {
  assert.equal(strings.errorText(toIpcError("panicked")), strings.unexpected);
  assert.equal(strings.errorText(toIpcError({ code: "busy", message: "Wait." })), "Wait.");
  assert.equal(toIpcError({ code: "busy", message: "Wait." }).code, "busy");
});

test("an image's raw body is read, and a cut one refused", () => {
  const body = new Uint8Array([2, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const { width, height, pixels } = parseImage(body.buffer);
  assert.deepEqual([width, height, [...pixels]], [2, 1, [1, 2, 3, 4, 5, 6, 7, 8]]);
  assert.throws(() => parseImage(body.slice(0, 12).buffer));
  assert.throws(() => parseImage(new ArrayBuffer(4)));
});

test("every icon that is named is drawn, and every drawn one is used", async () => {
  const root = new URL("../../ui/", import.meta.url);
  const drawn = (await readdir(new URL("styles/icons/", root))).map((name) => name.replace(".svg", "")).sort();
  const css = await readFile(new URL("styles/icons.css", root), "utf8");
  const named = [...css.matchAll(/\.icon-([a-z-]+) \{ --icon: url\("icons\/([a-z-]+)\.svg"\)/g)].map((match) => match[2]);
  assert.deepEqual([...named, "mark"].sort(), drawn);
});
