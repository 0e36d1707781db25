import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { createStore } = await ui("state/store.js");

const counting = (state, action) =>
  action.type === "counted" ? { ...state, count: state.count + action.by } : state;

test("an observer hears at once, and then only when its part changes", () => {
  const store = createStore(counting, { count: 1, other: 5 });
  const heard = [];
  store.observe((state) => state.count, (count) => heard.push(count));
  store.dispatch({ type: "counted", by: 0 });
  store.dispatch({ type: "unknown" });
  store.dispatch({ type: "counted", by: 2 });
  assert.deepEqual(heard, [1, 3]);
});

test("an aborted observer hears nothing more", () => {
  const store = createStore(counting, { count: 0 });
  const heard = [];
  const watching = new AbortController();
  store.observe((state) => state.count, (count) => heard.push(count), watching.signal);
  watching.abort();
  store.dispatch({ type: "counted", by: 1 });
  assert.deepEqual(heard, [0]);
});

test("an observer may dispatch, and all observers see the end", () => {
  const store = createStore(counting, { count: 0 });
  const seen = [];
  store.observe((state) => state.count, (count) => {
    if (count === 1) store.dispatch({ type: "counted", by: 10 });
  });
  store.observe((state) => state.count, (count) => seen.push(count));
  store.dispatch({ type: "counted", by: 1 });
  assert.equal(seen[seen.length - 1], 11);
  assert.equal(store.getState().count, 11);
});

test("a reducer that dispatches is refused", () => {
  const store = createStore((state, action) => {
    if (action.type === "wrong") store.dispatch({ type: "counted" });
    return state;
  }, {});
  assert.throws(() => store.dispatch({ type: "wrong" }), /reducer dispatched counted/);
});
