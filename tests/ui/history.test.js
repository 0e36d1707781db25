import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { createHistory, withHistory } = await ui("state/history.js");

const reduce = withHistory((value, action) => (action.type === "set" ? action.to : value));
const record = (to) => ({ type: "set", to, undo: "record" });
const merge = (to, mergeKey = "slider") => ({ type: "set", to, undo: "merge", mergeKey });
const play = (actions, start = 0) => actions.reduce(reduce, createHistory(start));

test("undo and redo walk through recorded steps", () => {
  let history = play([record(1), record(2)]);
  history = reduce(history, { type: "history/undone" });
  assert.equal(history.present, 1);
  history = reduce(history, { type: "history/undone" });
  assert.equal(history.present, 0);
  assert.equal(reduce(history, { type: "history/undone" }), history, "nothing is before the first step");
  history = reduce(reduce(history, { type: "history/redone" }), { type: "history/redone" });
  assert.equal(history.present, 2);
  assert.equal(reduce(history, { type: "history/redone" }), history, "nothing is after the last step");
});

test("a change after undo forgets what was undone", () => {
  const history = play([record(1), { type: "history/undone" }, record(5)]);
  assert.deepEqual(history.future, []);
  assert.equal(history.present, 5);
});

test("one drag of a slider is one step", () => {
  const history = play([merge(1), merge(2), merge(3)]);
  assert.deepEqual(history.past, [0]);
  assert.equal(reduce(history, { type: "history/undone" }).present, 0);
});

test("two drags are two steps, and so are two sliders", () => {
  assert.deepEqual(play([merge(1), { type: "history/mergeEnded" }, merge(2)]).past, [0, 1]);
  assert.deepEqual(play([merge(1, "a"), merge(2, "b")]).past, [0, 1]);
});

test("a change that is not undoable makes no step", () => {
  const history = play([record(1), { type: "set", to: 9 }]);
  assert.equal(history.present, 9);
  assert.deepEqual(history.past, [0]);
});

test("an action that changes nothing makes no step", () => {
  const history = createHistory(4);
  assert.equal(reduce(history, record(4)), history);
});

test("the oldest steps go when there are too many", () => {
  const history = play(Array.from({ length: 500 }, (_, index) => record(index + 1)));
  assert.equal(history.past.length, 200);
  assert.equal(history.past[199], 499);
});
