import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { ACTIONS, actionOf, nativeKey } = await ui("state/action-table.js");
const { findActions } = await ui("state/action-search.js");
const { actionOfPress, isPlainPress, namesOfPress } = await ui("state/keys.js");
const { keyText, labelOf, searchEntries, tipOf, whyNot } = await ui("effects/action-words.js");
const { createCheck, createRecentActions } = await ui("effects/running.js");
const { createCommands, createRunner } = await ui("effects/commands.js");
const { createSessionCommands } = await ui("effects/session-commands.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { createStore } = await ui("state/store.js");
const actions = await ui("state/actions.js");
const { strings } = await ui("strings.js");

const image = { id: 1, width: 8, height: 8, name: "a" };
const empty = initialState({ seed: 1, theme: "system" });
const withPicture = reduce(empty, actions.layerAdded(image));
const press = (key, held = {}) =>
  ({ key, code: held.code ?? "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });
const ctrl = { ctrlKey: true };
const shift = { shiftKey: true };

test("every action has a name, a label, a menu, and tells why it cannot be done in words", () => {
  const names = ACTIONS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, "names are given once");
  assert.deepEqual(Object.keys(strings.actions).filter((name) => !names.includes(name)), [], "labels without an action");
  for (const { name, menu, when } of ACTIONS) {
    assert.ok(strings.actions[name], `${name} has no label`);
    assert.ok(strings.menus[menu], `${menu} has no title`);
    for (const state of [empty, withPicture]) {
      if (when(state) === null) continue;
      assert.notEqual(whyNot(name, state), strings.unexpected, `${name}: no words for ${when(state)}`);
    }
  }
});

test("every command has a row in the table", () => {
  const parts = { store: createStore(reduce, empty), ipc: {}, images: {}, session: {} };
  const commands = Object.keys({ ...createCommands(parts), ...createSessionCommands(parts) });
  assert.deepEqual(commands.filter((name) => !actionOf(name)), []);
});

test("a key means one action, or several of which one can be done at a time", () => {
  const taken = new Map();
  for (const { name, keys } of ACTIONS) for (const key of keys) taken.set(key, [...(taken.get(key) ?? []), name]);
  const shared = [...taken].filter(([, names]) => names.length > 1).map(([key, names]) => [key, names]);
  assert.deepEqual(shared, [
    ["Delete", ["edit.clear", "layer.remove"]],
    ["Ctrl+Enter", ["generate.start", "split.start", "split.keep"]],
  ]);
});

test("a key press is found in the table however it is typed", () => {
  const check = (event, state, name) => assert.equal(actionOfPress(event, state)?.name ?? null, name);
  check(press("z", ctrl), withPicture, "edit.undo");
  check(press("Z", { ...ctrl, ...shift }), withPicture, "edit.redo");
  check(press("z", { metaKey: true }), withPicture, "edit.undo");
  check(press("+", ctrl), withPicture, "view.zoom-in");
  check(press("*", { ...ctrl, ...shift, code: "Equal" }), withPicture, null);
  check(press("=", { ...ctrl, code: "Equal" }), withPicture, "view.zoom-in");
  check(press("?", shift), empty, "help.shortcuts");
  check(press("F1"), empty, "help.shortcuts");
  check(press("k", ctrl), empty, "help.palette");
  check(press("Delete"), withPicture, "layer.remove");
  check(press("b"), empty, "tool.brush");
  check(press("B", shift), empty, null);
  check(press("b", { altKey: true }), empty, null);
  check(press("{", { ...ctrl, ...shift, code: "BracketLeft" }), withPicture, null);
  check(press("[", { ...ctrl, code: "BracketLeft" }), withPicture, "layer.lower");
  check(press("ü", { ...ctrl, code: "BracketLeft" }), withPicture, "layer.lower");
  assert.deepEqual(namesOfPress(press("s", { ...ctrl, ...shift, altKey: true })), ["Ctrl+Alt+Shift+S"]);
});

test("letters alone are plain, combinations are not", () => {
  assert.equal(isPlainPress(press("b")), true);
  assert.equal(isPlainPress(press("b", ctrl)), false);
  assert.equal(isPlainPress(press("F2")), false);
});

test("keys that belong to text fields are not in the native menu", () => {
  assert.equal(nativeKey(actionOf("edit.copy")), null);
  assert.equal(nativeKey(actionOf("select.all")), null);
  assert.equal(nativeKey(actionOf("tool.brush")), null);
  assert.equal(nativeKey(actionOf("file.save")), "Ctrl+S");
  assert.equal(nativeKey(actionOf("help.shortcuts")), "F1");
});

test("keys and tips are written as on keyboards", () => {
  assert.equal(keyText("Ctrl++"), "Ctrl++");
  assert.equal(keyText("Ctrl+PageUp"), "Ctrl+Page Up");
  assert.equal(tipOf("edit.undo"), "Undo (Ctrl+Z)");
  assert.equal(labelOf("file.open"), "Open");
});

test("actions are found by the words of Photoshop, Krita and plain English, the best first", () => {
  const entries = searchEntries();
  const first = (query) => findActions(entries, query)[0]?.name;
  for (const [query, name] of [
    ["undo", "edit.undo"], ["step back", "edit.undo"], ["marquee", "tool.select-rect"], ["contract", "select.shrink"],
    ["deselect", "select.none"], ["flatten", "layer.flatten"], ["jpg", "file.export-jpeg"], ["mirror", "layer.flip-horizontal"],
    ["free transform", "edit.transform"], ["dark", "view.theme-dark"], ["german", "view.language-de"], ["dup lay", "layer.duplicate"],
    ["center", "layer.align-center"], ["photoshop", "file.export-psd"], ["place", "file.place"],
  ]) assert.equal(first(query), name, query);
  assert.deepEqual(findActions(entries, "xyzzy"), []);
  assert.equal(findActions(entries, "").length, entries.length);
});

test("what was used last comes first among equals, and before everything while nothing is typed", () => {
  const entries = searchEntries();
  assert.equal(findActions(entries, "", ["view.fit", "edit.undo"])[0].name, "view.fit");
  assert.equal(findActions(entries, "", ["view.fit", "edit.undo"])[1].name, "edit.undo");
  assert.equal(findActions(entries, "export as", ["file.export-webp"])[0].name, "file.export-webp");
  assert.equal(findActions(entries, "undo", ["edit.redo"])[0].name, "edit.undo", "a better match stays before");
});

test("an action that cannot be done says why and is not run", () => {
  const store = createStore(reduce, empty);
  const run = [];
  const used = [];
  const names = ["file.save", "edit.undo", "file.open", "generate.start"];
  const commands = Object.fromEntries(names.map((name) => [name, () => run.push(name)]));
  const runner = createRunner(commands, () => 0, { mayRun: createCheck(store), onRun: (name) => used.push(name) });
  for (const name of names) runner(name, "page");
  assert.deepEqual(run, ["file.open", "generate.start"]);
  assert.deepEqual(used, run);
  assert.equal(store.getState().notices.current.message, strings.unavailable["no-picture"]);
  store.dispatch(actions.noticeDismissed(store.getState().notices.current.key));
  runner("edit.undo", "page");
  assert.equal(store.getState().notices.current, null, "nothing to undo needs no words");
});

test("the actions used last survive a start, and a damaged memory does not", () => {
  const memory = new Map();
  const storage = { getItem: (key) => memory.get(key) ?? null, setItem: (key, value) => memory.set(key, value) };
  const recent = createRecentActions(storage);
  for (const name of ["a", "b", "a", "c"]) recent.used(name);
  assert.deepEqual(createRecentActions(storage).list(), ["c", "a", "b"]);
  for (let index = 0; index < 40; index += 1) recent.used(`x${index}`);
  assert.equal(recent.list().length, 12);
  memory.set("recent-actions", "{");
  assert.deepEqual(createRecentActions(storage).list(), []);
});
