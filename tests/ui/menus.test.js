import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { nativeMenus, nativeNames, PLACE } from "../tools/menus/menus.mjs";
import { ui } from "./modules.js";

const { ACTIONS, actionOf, nativeKey } = await ui("state/action-table.js");

test("the native menu has the names, words and keys of the page's table", async () => {
  const written = await readFile(PLACE, "utf8");
  assert.equal(written, nativeMenus(), "run: node tests/tools/menus/write.mjs");
});

test("every action of the menus is in the native menu once, and the others are not", () => {
  const names = nativeNames();
  assert.equal(new Set(names).size, names.length);
  // The list of recent files is a menu of its own there, and the dialog of formats another.
  const elsewhere = ["file.open-recent", "file.export"];
  const expected = ACTIONS.filter(({ name, menu }) => !["tool", "make"].includes(menu) && !elsewhere.includes(name)).map(({ name }) => name);
  assert.deepEqual([...names].sort(), expected.sort());
});

test("a key of the native menu is no key that a text field needs", () => {
  for (const name of nativeNames()) {
    const key = nativeKey(actionOf(name));
    if (key) assert.doesNotMatch(key, /^(Ctrl\+[ACVXZY]|Ctrl\+Shift\+Z|Delete|Backspace|.)$/, name);
  }
});
