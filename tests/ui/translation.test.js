import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import test from "node:test";
import { ui } from "./modules.js";

const { en } = await ui("strings/en.js");
const { de } = await ui("strings/de.js");

/** Every text's place and what kind of thing it is. */
function shape(value, path = "", found = new Map()) {
  if (value !== null && typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) shape(inner, `${path}.${key}`, found);
  } else {
    found.set(path, typeof value);
  }
  return found;
}

test("every language says everything, in the same places", () => {
  const [english, german] = [shape(en), shape(de)];
  const lacking = (from, others) => [...from.keys()].filter((path) => !others.has(path));
  assert.deepEqual(lacking(english, german), [], "missing in German");
  for (const [path, kind] of english) assert.equal(german.get(path), kind, path);
});

test("the languages differ, and no text is empty in one of them alone", () => {
  const texts = (value, path = "") => Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "string" ? [[`${path}.${key}`, inner]] : inner && typeof inner === "object" ? texts(inner, `${path}.${key}`) : []);
  const german = new Map(texts(de));
  const equal = texts(en).filter(([path, text]) => text.length > 24 && german.get(path) === text && !path.startsWith(".start.examples"));
  assert.deepEqual(equal, [], "not translated");
  for (const [path, text] of texts(en)) assert.equal(german.get(path) === "", text === "", path);
});

test("no text that people read is written in the views", async () => {
  const root = new URL("../../ui/views/", import.meta.url);
  const faults = [];
  for (const file of await readdir(root)) {
    const code = (await readFile(new URL(file, root), "utf8")).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    for (const [, name, text] of code.matchAll(/(\btext|textContent|title|placeholder|"aria-label"|ariaLabel)\s*[:=]\s*["'`]([^"'`$]*)/g)) {
      if (/\p{Letter}{2}/u.test(text) && text !== "seconds") faults.push(`${file}: ${name} “${text}”`);
    }
  }
  assert.deepEqual(faults, []);
});
