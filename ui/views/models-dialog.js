// @ts-check
import { incompleteModels, offeredModels, openLicences, readyModels } from "../state/library.js";
import { strings } from "../strings.js";
import { buildDialog } from "./dialog.js";
import { element } from "./dom.js";
import { mountLicenceDialog } from "./licence-dialog.js";
import { downloadRow } from "./download-row.js";

/**
 * The models of this computer, those that can be got, and folders that are linked.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {ReturnType<typeof import("../effects/library.js").createLibrary>} library
 * @returns {{ show: () => void }}
 */
export function mountModelsDialog(root, store, library) {
  const words = strings.library;
  const licence = mountLicenceDialog(root, (id, accepted) => void library.get(id, accepted));
  const problem = element("p", { id: "models-problem", class: "note is-problem", role: "alert" });
  const notices = element("div", { class: "models-notices" });
  const room = element("p", { id: "models-room", class: "note" });
  const there = section("models-there", words.there);
  const offered = section("models-offered", words.offered, [room]);
  const incomplete = section("models-incomplete", words.incomplete);
  const add = element("button", { type: "button", id: "models-add-folder", class: "button-plain", text: words.addFolder, on: { click: () => void library.addFolder() } });
  const hint = element("p", { class: "note" });
  const linked = section("models-linked", words.linked, [hint]);
  linked.node.append(element("div", { class: "models-add" }, [add]));
  const dialog = buildDialog(root, { id: "models-dialog", title: words.title, kind: "dialog-models" }, [
    element("div", { class: "dialog-body models-body" }, [problem, notices, there.node, offered.node, incomplete.node, linked.node]),
  ]);
  /** @type {Map<string, ReturnType<typeof downloadRow>>} */
  let rows = new Map();

  store.observe((state) => state.library, ({ status, message, models }) => {
    problem.textContent = message ?? "";
    if (status === "unknown" && models.length === 0) room.textContent = words.loading;
  });
  store.observe((state) => state.library.models, () => {
    const { library: known } = store.getState();
    keepingFocus(() => {
      there.fill(readyModels(known).map(thereItem));
      rows = new Map(offeredModels(known).map((entry) => [entry.id, downloadRow(entry, known.free, {
        get: () => (openLicences(entry).length > 0 ? licence.ask(entry) : void library.get(entry.id)),
        pause: () => library.pause(entry.id),
        discard: () => void library.discard(entry.id),
        useToken: (token) => void library.useToken(entry.id, token),
      })]));
      offered.fill([...rows.values()].map(({ node }) => node));
      incomplete.fill(incompleteModels(known).map(incompleteItem));
    });
    showDownloads(known.downloads);
    const free = known.free === null ? [] : [words.free(known.free)];
    if (known.status === "listed") room.textContent = [words.intoFolder(known.folder), ...free].join(" · ");
    notices.replaceChildren(...known.notices.map((text) => element("p", { class: "note is-problem", text })));
  });
  store.observe((state) => state.library.linked, (folders) => {
    hint.textContent = folders.length > 0 ? words.linkedHint : words.noLinked;
    keepingFocus(() => linked.fill(folders.map((folder) => linkedItem(folder, library.unlink)), true));
  });
  store.observe((state) => state.library.downloads, showDownloads);

  function showDownloads(downloads) {
    for (const [id, row] of rows) row.show(downloads[id]);
  }

  // A list that is made anew must not drop the reader to the top of the page.
  function keepingFocus(work) {
    const id = dialog.contains(document.activeElement) ? document.activeElement?.id : null;
    work();
    if (!id || dialog.contains(document.activeElement)) return;
    (document.getElementById(id) ?? add).focus();
  }

  return {
    show() {
      void library.list();
      if (!dialog.open) dialog.showModal();
    },
  };
}

/** A heading with a list that hides when it is empty. */
function section(id, title, children = []) {
  const list = element("ul", { id, class: "models-list", "aria-labelledby": `${id}-title` });
  const node = element("section", { class: "models-section" }, [element("h3", { id: `${id}-title`, class: "models-title", text: title }), ...children, list]);
  return {
    node,
    fill(items, stays = id === "models-offered") {
      list.replaceChildren(...items);
      node.hidden = items.length === 0 && !stays;
    },
  };
}

function thereItem(entry) {
  const words = strings.library;
  const facts = [entry.size > 0 ? words.size(entry.size) : null, ...entry.licences.map(({ name }) => name)].filter((fact) => fact !== null);
  return element("li", { class: "model-item", "data-model": entry.id }, [
    element("p", { class: "model-name", text: entry.name }),
    element("p", { text: entry.note }),
    element("p", { class: "note", text: facts.join(" · ") }),
    ...(entry.isStarter ? [] : [element("p", { class: "note model-place", text: [...new Set(entry.places)].join(" · ") })]),
  ]);
}

function incompleteItem(entry) {
  return element("li", { class: "model-item", "data-model": entry.id }, [
    element("p", { class: "model-name", text: entry.name }),
    element("p", { class: "note", text: strings.model.notReady(entry.missing) }),
  ]);
}

function linkedItem(folder, unlink) {
  const words = strings.library;
  const texts = folder.problem
    ? [element("p", { class: "note is-problem", text: words.problems[folder.problem] })]
    : [element("p", { class: "note", text: words.found(folder) })];
  if (folder.cut) texts.push(element("p", { class: "note is-problem", text: words.cut }));
  const unusable = folder.unusable.length > 0
    ? [element("details", { class: "model-unusable" }, [
        element("summary", { text: words.unusable(folder.unusable.length) }),
        element("ul", {}, folder.unusable.map(({ path, reason }) => element("li", { class: "note", text: `${path}: ${reason}` }))),
      ])]
    : [];
  return element("li", { class: "model-item", "data-folder": folder.folder }, [
    element("div", { class: "model-head" }, [
      element("p", { class: "model-name", text: folder.folder }),
      element("button", { type: "button", class: "button-plain", "aria-label": words.unlinkLabel(folder.folder), text: words.unlink, on: { click: () => void unlink(folder.folder) } }),
    ]),
    ...texts,
    ...unusable,
  ]);
}
