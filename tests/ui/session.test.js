import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { createStore } = await ui("state/store.js");
const { createSession } = await ui("effects/session.js");
const { colourOf, NEW_SIZES, presetOf, sideOf } = await ui("state/new-document.js");
const words = await ui("strings.js");
const { bestLanguage, useLanguage } = words;

const opened = (name) => ({
  path: null, name, notes: [], document: { width: 8, height: 8, layers: [{ id: 1, name, image: 5, x: 0, y: 0, width: 8, height: 8 }] },
});

/** A window with documents that have no file, and what becomes of it. */
function desk(names, answers, more = {}) {
  const store = createStore(reduce, initialState({ seed: 1, theme: "system" }));
  for (const name of names) {
    store.dispatch(actions.documentOpened({ ...opened(name), recovered: true }));
  }
  const asked = [];
  const log = [];
  const ipc = {
    listRecent: async () => [{ path: "/a.ora", name: "a.ora", folder: "/", missing: false }],
    saveDocument: async (_document, _path, name) => (log.push(`save ${name}`), { path: `/${name}.ora`, notes: [] }),
    closeWindow: async () => void log.push("closed"),
    chooseLanguage: async (language) => void log.push(language),
    ...more,
  };
  const session = createSession(store, ipc, {
    ask: async (name, remaining) => (asked.push([name, remaining]), answers.shift()),
    settle: async () => void log.push("settled"),
    startAgain: (language) => log.push(`again in ${language}`),
  });
  const tabs = () => store.getState().tabs.list.length;
  return { store, session, asked, log, tabs };
}

test("nothing unsaved: the window closes without a question", async () => {
  const { session, asked, log } = desk([], []);
  await session.quit();
  assert.deepEqual(asked, []);
  assert.deepEqual(log, ["settled", "closed"]);
});

test("every unsaved document is asked about in turn, saved or thrown away", async () => {
  const { session, asked, log } = desk(["dragon", "castle"], ["save", "discard"]);
  await session.quit();
  assert.deepEqual(asked, [["dragon", 2], ["castle", 1]]);
  assert.deepEqual(log, ["save dragon", "settled", "closed"]);
});

test("one cancel keeps the window and what has not been asked about", async () => {
  const { session, store, log, tabs } = desk(["dragon", "castle"], ["cancel"]);
  await session.quit();
  assert.deepEqual(log, []);
  assert.equal(tabs(), 2);
  assert.equal(store.getState().tabs.active, store.getState().tabs.list[0].key, "what is asked about is in view");
});

test("a save that was given up, or failed, does not close", async () => {
  for (const saveDocument of [async () => null, async () => { throw { code: "file_write_failed", message: "The disk is full." }; }]) {
    const { session, log } = desk(["dragon"], ["save"], { saveDocument });
    await session.quit();
    assert.deepEqual(log, []);
  }
});

test("closing one document leaves the others", async () => {
  const { session, store, tabs } = desk(["dragon", "castle"], ["discard"]);
  await session.closeTab();
  assert.equal(tabs(), 1);
  assert.equal(store.getState().document.present.layers[0].name, "dragon");
});

test("closing a document ends the run that is for it, and no other", async () => {
  const cancelled = [];
  const { session, store } = desk(["dragon", "castle"], ["discard", "discard"], { cancel: async (id) => void cancelled.push(id) });
  const [dragon, castle] = store.getState().tabs.list.map(({ key }) => key);
  store.dispatch(actions.jobSubmitted({ steps: 4, width: 8, height: 8, tab: castle }));
  const { key } = store.getState().jobs.current;
  store.dispatch(actions.jobAccepted(key, 9));
  await session.closeTab(dragon);
  assert.deepEqual(cancelled, []);
  await session.closeTab(castle);
  assert.deepEqual(cancelled, [9]);
  assert.ok(store.getState().jobs.current.cancelling);
});

test("two wishes to close ask once", async () => {
  let answer;
  const { session, store } = desk(["dragon"], []);
  const slow = createSession(store, {}, { ask: () => new Promise((done) => (answer = done)), settle: async () => {}, startAgain: () => {} });
  const first = slow.closeTab();
  await slow.closeTab();
  answer("cancel");
  await first;
  assert.equal(store.getState().tabs.list.length, 1);
  assert.ok(session);
});

test("a recent file that cannot be opened is told, and the list is asked for again", async () => {
  const { session, store } = desk([], [], { openRecent: async () => { throw { code: "image_unreadable", message: "It is gone." }; } });
  await session.openRecent("/b.ora");
  assert.equal(store.getState().notices.current.message, "It is gone.");
  assert.deepEqual(store.getState().recent.map(({ name }) => name), ["a.ora"]);
});

test("another language builds an untouched window anew and leaves open work alone", async () => {
  const untouched = desk([], []);
  await untouched.session.chooseLanguage("de");
  assert.deepEqual(untouched.log, ["de", "again in de"]);
  const working = desk(["dragon"], []);
  await working.session.chooseLanguage("de");
  assert.deepEqual(working.log, ["de"]);
  assert.equal(working.store.getState().notices.current.message, words.strings.language.later);
});

test("the first wish that there is a language for is met", () => {
  assert.equal(bestLanguage(["fr-FR", "de-AT", "en"]), "de");
  assert.equal(bestLanguage(["fr"]), "en");
  assert.equal(bestLanguage([]), "en");
  useLanguage("de");
  assert.equal(words.strings.actions["edit.undo"][0], "Rückgängig");
  useLanguage("xx");
  assert.equal(words.strings.actions["edit.undo"][0], "Undo");
});

test("new documents have sides that are pixels, and presets with names", () => {
  assert.deepEqual(["1", "30000", "0", "30001", "2.5", "", "x", "1e3"].map(sideOf), [1, 30000, null, null, null, null, null, 1000]);
  assert.deepEqual(colourOf("#ff8001"), [255, 128, 1]);
  assert.equal(presetOf(1024, 1024, "square-1024"), "square-1024");
  assert.equal(presetOf(1024, 1024, ""), "sheet-1024");
  assert.equal(presetOf(7, 7), "");
  for (const { id, sizes } of NEW_SIZES) {
    assert.ok(words.strings.newDocument.groups[id], id);
    for (const size of sizes) assert.ok(words.strings.newDocument.sizes[size.id], size.id);
  }
});
