import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { createHistory, historyBytes, stepsOf, withHistory, STEP_BYTES } = await ui("state/history.js");

const reduce = withHistory((value, action) => (action.type === "set" ? action.to : value));
const record = (to) => ({ type: "set", to, undo: "record" });
const merge = (to, mergeKey = "slider") => ({ type: "set", to, undo: "merge", mergeKey });
const pictures = (steps) => steps.map(({ picture }) => picture);
const play = (actions, start = 0) => actions.reduce((history, action) => reduce(history, action), createHistory(start));

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
  assert.deepEqual(pictures(history.past), [0]);
  assert.equal(reduce(history, { type: "history/undone" }).present, 0);
});

test("two drags are two steps, and so are two sliders", () => {
  assert.deepEqual(pictures(play([merge(1), { type: "history/mergeEnded" }, merge(2)]).past), [0, 1]);
  assert.deepEqual(pictures(play([merge(1, "a"), merge(2, "b")]).past), [0, 1]);
});

test("a change that is not undoable makes no step", () => {
  const history = play([record(1), { type: "set", to: 9 }]);
  assert.equal(history.present, 9);
  assert.deepEqual(pictures(history.past), [0]);
});

test("an action that changes nothing makes no step", () => {
  const history = createHistory(4);
  assert.equal(reduce(history, record(4)), history);
});

test("the number of steps has no limit, what they hold has", () => {
  const many = Array.from({ length: 5000 }, (_, index) => record(index + 1));
  assert.equal(play(many).past.length, 5000);
  const limit = 10 * STEP_BYTES;
  const large = (to) => ({ ...record(to), bytes: 4 * STEP_BYTES });
  let history = createHistory(0);
  for (let to = 1; to <= 50; to += 1) {
    history = reduce(history, large(to), limit);
    assert.ok(historyBytes(history) <= limit, `after ${to}`);
    assert.equal(history.present, to);
  }
  assert.deepEqual(pictures(history.past), [49], "the newest steps stay");
});

test("a step that alone is too large stays, since it is what is seen", () => {
  const history = reduce(createHistory(0), { ...record(1), bytes: 100 * STEP_BYTES }, STEP_BYTES);
  assert.deepEqual([history.present, history.past], [1, []]);
});

test("steps say what they are and what they hold; a drag adds up", () => {
  const named = (to, label, bytes) => ({ ...merge(to, "stroke"), label, bytes });
  const history = play([{ ...record(1), label: "added", bytes: 7 }, named(2, "painted", 3), named(3, "painted", 4)]);
  assert.deepEqual(stepsOf(history).map(({ label, bytes }) => [label, bytes % STEP_BYTES]), [["start", 0], ["added", 7], ["painted", 7]]);
});

test("a jump goes to any step and loses none", () => {
  const history = play([record(1), record(2), record(3)]);
  const back = reduce(history, { type: "history/jumped", index: 1 });
  assert.deepEqual([pictures(back.past), back.present, pictures(back.future)], [[0], 1, [2, 3]]);
  assert.deepEqual(pictures(stepsOf(reduce(back, { type: "history/jumped", index: 3 }))), [0, 1, 2, 3]);
  for (const index of [-1, 4, 1.5, undefined]) assert.equal(reduce(back, { type: "history/jumped", index }), back);
});
