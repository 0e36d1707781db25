import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { ui } from "./modules.js";

const { complete, offerFor, restOfOffer } = await ui("state/completion.js");
const { BACKGROUNDS, COLOURS, KINDS, KIND_OF_LOOK, MATERIALS } = await ui("state/vocabulary.js");

const check = (prompt, expected) => assert.equal(complete(prompt), expected, JSON.stringify(prompt));

test("a space after a look offers a thing", () => {
  check("a red ", "potion");
  check("a wooden ", "shield");
  check("A GLASS ", "potion");
});

test("other words for the same are understood", () => {
  check("a crimson ", "potion");
  check("a shiny ", "red potion");
  check("a purple glowing ", "gem");
  check("a jewel ", "on a dark background");
  check("an icon of ", "a red potion");
});

test("a space after a thing offers a background", () => {
  check("a red potion ", "on a dark background");
  check("a black bomb ", "on a light background");
  check("a red potion, ", "on a dark background");
});

test("a begun background is finished", () => {
  check("a gem on ", "a dark background");
  check("a gem on a ", "dark background");
  check("a gem on a dark ", "background");
  check("a gem on dark ", "background");
  check("a gem on a black ", "background");
});

test("nothing is offered where nothing fits", () => {
  for (const prompt of ["", " ", "a", "a red", "a red  ", "a photo of ", "a gem on a dark background ", "gem\n", "42 "]) {
    check(prompt, "");
  }
});

test("an article offers a thing that is not there yet", () => {
  check("a ", "red potion");
  check("a red potion and a ", "gem");
});

test("every word of the vocabulary leads somewhere, in known words", () => {
  const known = new Set([...KINDS, ...COLOURS, ...MATERIALS, ...BACKGROUNDS, "on", "a", "background"]);
  for (const word of [...KINDS, ...COLOURS, ...MATERIALS]) {
    const offer = complete(`a ${word} `);
    assert.notEqual(offer, "", word);
    assert.ok(offer.split(" ").every((part) => known.has(part)), `${word}: ${offer}`);
  }
  for (const look of [...COLOURS, ...MATERIALS]) assert.ok(KINDS.includes(KIND_OF_LOOK[look]), look);
});

test("letters that agree keep the rest of the offer, others end it", () => {
  const offer = offerFor("a red ", null);
  assert.deepEqual(offer, { base: "a red ", text: "potion" });
  assert.equal(restOfOffer(offerFor("a red po", offer), "a red po"), "tion");
  assert.equal(restOfOffer(offerFor("a red P", offer), "a red P"), "otion");
  assert.equal(offerFor("a red g", offer), null);
  assert.equal(offerFor("a red potion", offer), null, "all of it is typed");
  assert.equal(offerFor("a re", offer), null);
});

test("the vocabulary is the one that the starter model was trained with", async () => {
  const python = await readFile(new URL("../tools/starter/vocabulary.py", import.meta.url), "utf8");
  const words = (name) => {
    const list = python.split(`\n${name} = `)[1].split(/[\]}]\n/)[0];
    return list.match(/"[a-z]+"/g).map((word) => word.slice(1, -1)).sort();
  };
  assert.deepEqual([...KINDS].sort(), words("KINDS"));
  assert.deepEqual([...COLOURS].sort(), words("COLOURS"));
  assert.deepEqual([...MATERIALS].sort(), words("MATERIALS"));
  assert.deepEqual([...BACKGROUNDS].sort(), words("BACKGROUNDS"));
});
