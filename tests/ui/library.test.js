import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const library = await ui("state/library.js");
const { noLibrary, reduceLibrary } = library;

const entry = (id, more = {}) => ({
  id, name: id, note: "", ready: false, missing: [], isStarter: false, places: [], size: 0, memory: null, licences: [], offer: null, ...more,
});
const reply = (models) => ({ models, linked: [], loras: [], notices: [], free: 1, folder: "/models" });
const after = (actions, from = noLibrary) => actions.reduce(reduceLibrary, from);
const told = (event, data = {}) => library.downloadTold("a", { event, data });

test("models are sorted into those that are there, those that can be got, and the rest", () => {
  const offer = (size) => ({ size, atLeast: false, kept: 0, gated: false, page: "" });
  const known = after([library.libraryListed(reply([
    entry("large", { offer: offer(9) }), entry("here", { ready: true }), entry("small", { offer: offer(3) }), entry("half"),
  ]))]);
  assert.deepEqual(library.readyModels(known).map(({ id }) => id), ["here"]);
  assert.deepEqual(library.offeredModels(known).map(({ id }) => id), ["small", "large"]);
  assert.deepEqual(library.incompleteModels(known).map(({ id }) => id), ["half"]);
});

test("a download goes from its start over a pause to its end", () => {
  const running = after([library.downloadBegan("a"), told("preparing", { what: "asking" }), told("progress", { done: 5, total: 20, speed: 2, secondsLeft: 7.5 })]);
  assert.equal(library.isMoving(running.downloads.a), true);
  assert.equal(library.shareOf(running.downloads.a), 0.25);
  const paused = after([told("paused")], running);
  assert.deepEqual({ ...paused.downloads.a, what: "" }, { phase: "paused", what: "", done: 5, total: 20, speed: 0, secondsLeft: null, error: null });
  const again = after([library.downloadBegan("a")], paused);
  assert.equal(again.downloads.a.done, 5, "what came is still seen");
  assert.deepEqual(after([told("finished")], again).downloads, {});
});

test("a failed download keeps its reason until it is tried again", () => {
  const error = { code: "access_needed", message: "Sign in." };
  const failed = after([library.downloadBegan("a"), told("failed", error)]);
  assert.deepEqual(failed.downloads.a.error, error);
  assert.equal(library.isMoving(failed.downloads.a), false);
  assert.equal(after([library.downloadBegan("a")], failed).downloads.a.error, null);
  assert.deepEqual(after([library.downloadForgotten("a")], failed).downloads, {});
});

test("what is told of a download that is no more changes nothing", () => {
  assert.equal(after([told("progress", { done: 1, total: 2, speed: 1, secondsLeft: 1 })]), noLibrary);
});

test("only terms that were not accepted are asked about", () => {
  const licences = [{ id: "x", accepted: true }, { id: "y", accepted: false }];
  assert.deepEqual(library.openLicences(entry("a", { licences })).map(({ id }) => id), ["y"]);
});

const loras = await ui("state/loras.js");

test("a LoRA that does not fit the model in use is kept and left out", () => {
  const found = [{ path: "/a", name: "a", fits: ["x"] }, { path: "/b", name: "b", fits: ["y"] }];
  const chosen = [loras.loraAdded(found[0]), loras.loraAdded(found[1]), loras.loraAdded(found[0]), loras.loraWeighed("/a", 9)].reduce(loras.reduceLoras, []);
  assert.deepEqual(chosen.map(({ path, strength }) => [path, strength]), [["/a", 2], ["/b", 1]]);
  const used = (model) => loras.usedLoras({ loras: chosen, library: { ...noLibrary, loras: found }, form: { model } }).map(({ name }) => name);
  assert.deepEqual([used("x"), used("y"), used(null)], [["a"], ["b"], []]);
  assert.deepEqual(loras.reduceLoras(chosen, loras.loraRemoved("/a")).map(({ name }) => name), ["b"]);
});
