import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const actions = await ui("state/actions.js");
const { pathToSave } = await ui("state/files.js");
const { initialState, reduce } = await ui("state/reducer.js");
const { selectFile, selectIsUnsaved, selectKept } = await ui("state/selectors.js");
const { createStore } = await ui("state/store.js");
const { imageAsDocument } = await ui("state/wire.js");
const { exportAs, placeDocument, save, saveAs } = await ui("effects/documents.js");
const { createAutosave, discardRecovered, findRecovered, recover } = await ui("effects/recovery.js");

const settle = () => new Promise((done) => setTimeout(done, 2));
const opened = (path, id = 1) => ({
  path, name: path.split("/").pop(), document: imageAsDocument({ id, name: "a", width: 8, height: 8 }), notes: [],
});
const newStore = () => createStore(reduce, initialState({ seed: 1, theme: "system" }));

test("a change makes a document unsaved, saving and undoing make it saved again", async () => {
  const store = newStore();
  const unsaved = () => selectIsUnsaved(store.getState());
  assert.equal(unsaved(), false, "an empty window");
  placeDocument(store, opened("/a/cat.psd"));
  assert.equal(unsaved(), false);
  store.dispatch(actions.layerFaded(1, 0.5));
  assert.equal(unsaved(), true);
  store.dispatch(actions.undone());
  assert.equal(unsaved(), false, "undone to what is in the file");
  store.dispatch(actions.redone());
  await save(store, { saveDocument: async (_document, path) => ({ path, notes: [] }) });
  assert.equal(unsaved(), false);
});

test("looking into a group is nothing to save", () => {
  const store = newStore();
  const document = { width: 8, height: 8, layers: [{ id: 1, kind: "group", name: "g", children: [] }] };
  placeDocument(store, { path: "/a/b.psd", name: "b.psd", document, notes: [] });
  store.dispatch(actions.groupExpanded(1, false));
  assert.equal(selectIsUnsaved(store.getState()), false);
});

test("Save writes to the file it knows when that can hold layers, else it asks", async () => {
  const asked = [];
  const ipc = { saveDocument: async (_document, path, name) => (asked.push([path, name]), { path: "/a/cat.ora", notes: [] }) };
  const store = newStore();
  placeDocument(store, opened("/a/cat.png"));
  await save(store, ipc);
  await save(store, ipc);
  await saveAs(store, ipc);
  assert.deepEqual(asked, [[null, "cat.png"], ["/a/cat.ora", "cat.ora"], [null, "cat.ora"]]);
  assert.equal(pathToSave({ path: "/A/X.PSB" }), "/A/X.PSB");
});

test("each tab has its own file, so that none is written over by mistake", async () => {
  const store = newStore();
  placeDocument(store, opened("/a/one.psd", 1));
  assert.equal(store.getState().tabs.list.length, 1, "the first file takes the empty tab");
  placeDocument(store, opened("/a/two.psd", 2));
  assert.equal(selectFile(store.getState()).path, "/a/two.psd");
  store.dispatch(actions.tabShown(1));
  assert.equal(selectFile(store.getState()).path, "/a/one.psd");
  assert.equal(selectIsUnsaved(store.getState()), false);
  store.dispatch(actions.documentCleared());
  assert.equal(selectFile(store.getState()), undefined, "a new document is in no file");
  store.dispatch(actions.undone());
  await saveAs(store, { saveDocument: async () => ({ path: "/a/three.ora", notes: [] }) });
  store.dispatch(actions.layerFaded(1, 0.5));
  store.dispatch(actions.undone());
  assert.equal(selectFile(store.getState()).path, "/a/three.ora", "undo does not bring the old file back");
  store.dispatch(actions.tabShown(2));
  assert.equal(selectFile(store.getState()).path, "/a/two.psd");
});

test("a selection, guides and open groups are nothing to save", () => {
  const store = newStore();
  placeDocument(store, opened("/a/cat.psd"));
  store.dispatch(actions.selectionChanged({ id: 2 ** 41, x: 0, y: 0, width: 4, height: 4 }));
  store.dispatch(actions.guidesChanged({ vertical: [4], horizontal: [] }));
  assert.equal(selectIsUnsaved(store.getState()), false);
  assert.equal(store.getState().document.past.length, 2, "but they are steps of undo");
  store.dispatch(actions.layerFaded(1, 0.5));
  assert.equal(selectIsUnsaved(store.getState()), true);
});

test("what is changed while it is written is not saved yet", async () => {
  const store = newStore();
  placeDocument(store, opened("/a/cat.psd"));
  store.dispatch(actions.layerFaded(1, 0.5));
  await save(store, {
    saveDocument: async (_document, path) => {
      store.dispatch(actions.layerFaded(1, 0.2));
      return { path, notes: [] };
    },
  });
  assert.equal(selectIsUnsaved(store.getState()), true);
});

test("an export leaves the document unsaved, and what a format cannot hold is told", async () => {
  const store = newStore();
  placeDocument(store, opened("/a/cat.psd"));
  store.dispatch(actions.layerFaded(1, 0.5));
  await exportAs(store, { exportDocument: async (_document, format) => ({ path: `/a/cat.${format}`, notes: ["One note."] }) }, "jpeg");
  assert.equal(selectIsUnsaved(store.getState()), true);
  assert.deepEqual(store.getState().notices.current.notes, ["One note."]);
});

/** Time that the test moves. */
function clock() {
  let now = 0;
  let due = [];
  return {
    now: () => now,
    after(work, ms) {
      const timer = { work, at: now + ms };
      due.push(timer);
      return () => (due = due.filter((other) => other !== timer));
    },
    async pass(ms) {
      now += ms;
      const ready = due.filter(({ at }) => at <= now);
      due = due.filter(({ at }) => at > now);
      ready.forEach(({ work }) => work());
      await settle();
    },
  };
}

function recovering() {
  const calls = [];
  const ipc = {
    autosave: async (document, slot, title) => void calls.push(`write ${slot} ${title} ${document.layers[0].opacity}`),
    forgetRecovered: async (slot) => void calls.push(`forget ${slot}`),
    saveDocument: async () => ({ path: "/a/cat.ora", notes: [] }),
    listRecovered: async () => [{ slot: "old", title: "dog.psd", secondsAgo: 60 }],
    openRecovered: async () => ({ ...opened("/x/dog.psd", 5), path: null }),
  };
  const time = clock();
  const store = newStore();
  const autosave = createAutosave(store, ipc, { slot: "mine", after: time.after, now: time.now });
  return { calls, ipc, time, store, autosave };
}

test("unsaved work is written when it rests, once for many changes", async () => {
  const { calls, time, store } = recovering();
  placeDocument(store, opened("/a/cat.psd"));
  await time.pass(60_000);
  assert.deepEqual(calls, [], "what was only opened is in its file");
  for (const opacity of [0.9, 0.8, 0.7]) {
    store.dispatch(actions.layerFaded(1, opacity));
    await time.pass(1000);
  }
  assert.deepEqual(calls, []);
  await time.pass(4000);
  assert.deepEqual(calls, ["write mine-1 cat.psd 0.7"]);
  await time.pass(60_000);
  assert.equal(calls.length, 1, "nothing has changed since");
});

test("work that never rests is written all the same", async () => {
  const { calls, time, store } = recovering();
  placeDocument(store, opened("/a/cat.psd"));
  for (let second = 0; second < 25; second += 1) {
    store.dispatch(actions.layerFaded(1, 0.9 - second / 100));
    await time.pass(1000);
  }
  assert.equal(calls.length, 1);
});

test("the copy goes when the work is saved", async () => {
  const { calls, ipc, time, store } = recovering();
  placeDocument(store, opened("/a/cat.psd"));
  store.dispatch(actions.layerFaded(1, 0.5));
  await time.pass(5000);
  await save(store, ipc);
  await settle();
  assert.deepEqual(calls, ["write mine-1 cat.psd 0.5", "forget mine-1"]);
});

test("every tab has a copy of its own, which goes when the tab is closed", async () => {
  const { calls, time, store } = recovering();
  placeDocument(store, opened("/a/cat.psd", 1));
  store.dispatch(actions.layerFaded(1, 0.5));
  placeDocument(store, opened("/a/dog.psd", 2));
  store.dispatch(actions.layerFaded(1, 0.25));
  store.dispatch(actions.selectionChanged({ id: 2 ** 41, x: 0, y: 0, width: 4, height: 4 }));
  await time.pass(5000);
  assert.deepEqual(calls.splice(0), ["write mine-1 cat.psd 0.5", "write mine-2 dog.psd 0.25"]);
  assert.equal(selectKept(store.getState()), "copied");
  store.dispatch(actions.tabShown(1));
  store.dispatch(actions.selectionChanged({ id: 2 ** 41, x: 0, y: 0, width: 4, height: 4 }));
  await time.pass(60_000);
  assert.deepEqual(calls.splice(0), [], "looking at another tab and selecting change no copy");
  store.dispatch(actions.tabClosed(1));
  await time.pass(5000);
  assert.deepEqual(calls, ["forget mine-1"]);
  store.dispatch(actions.layerFaded(1, 0.5));
  assert.equal(selectKept(store.getState()), "nowhere");
  assert.deepEqual(Object.keys(store.getState().copies), ["2"]);
});

test("a copy that cannot be written is told once", async () => {
  const { ipc, time, store } = recovering();
  ipc.autosave = async () => { throw { code: "io", message: "The disk is full." }; };
  placeDocument(store, opened("/a/cat.psd"));
  store.dispatch(actions.layerFaded(1, 0.5));
  await time.pass(5000);
  const { current } = store.getState().notices;
  assert.match(current.message, /The disk is full/);
  store.dispatch(actions.layerFaded(1, 0.4));
  await time.pass(5000);
  assert.equal(store.getState().notices.current, current);
});

test("recovered work is unsaved, in no file, and its old copy goes after there is a new one", async () => {
  const { calls, ipc, store, autosave } = recovering();
  await findRecovered(store, ipc);
  assert.equal(store.getState().recovery.length, 1);
  await recover(store, ipc, autosave, "old");
  assert.deepEqual(store.getState().recovery, []);
  assert.equal(selectIsUnsaved(store.getState()), true);
  assert.deepEqual([selectFile(store.getState()).path, selectFile(store.getState()).name], [null, "dog.psd"]);
  assert.deepEqual(calls, ["write mine-1 dog.psd 1", "forget old"]);
});

test("recovered work that is discarded is forgotten", async () => {
  const { calls, ipc, store } = recovering();
  await findRecovered(store, ipc);
  await discardRecovered(store, ipc, "old");
  assert.deepEqual([store.getState().recovery, calls], [[], ["forget old"]]);
});
