// @ts-check
import { strings } from "../strings.js";
import { buildDialog, dialogEnd } from "./dialog.js";
import { element, icon } from "./dom.js";

/**
 * @typedef {import("../state/recent.js").RecentFile} RecentFile
 */

/**
 * The list of recent files; those that are gone are shown as such.
 * @param {RecentFile[]} files
 * @param {(path: string) => void} open
 * @returns {HTMLElement}
 */
export function recentList(files, open) {
  const words = strings.recent;
  return element("ul", { class: "recent-list", "aria-label": words.title }, files.map(({ path, name, folder, missing }) =>
    element("li", {}, [
      element("button", {
        type: "button", class: "recent-file", title: path, "data-path": path,
        "aria-disabled": missing ? "true" : undefined,
        on: { click: () => !missing && open(path) },
      }, [
        icon(missing ? "warning" : "file"),
        element("span", { class: "recent-name", text: name }),
        element("span", { class: "recent-folder", text: missing ? words.missing : folder }),
      ]),
    ])));
}

/**
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {{ open: (path: string) => void, clear: () => void }} choices
 * @returns {{ show: () => void }}
 */
export function mountRecentDialog(root, store, { open, clear }) {
  const words = strings.recent;
  const place = element("div", { class: "recent-place" });
  const clearing = element("button", { type: "button", id: "recent-clear", class: "button-plain", text: words.clear, on: { click: clear } });
  const end = dialogEnd([clearing]);
  const dialog = buildDialog(root, { id: "recent-dialog", title: words.title }, [place, end]);
  store.observe((state) => state.recent, (files) => {
    const choose = (path) => {
      dialog.close();
      open(path);
    };
    place.replaceChildren(files.length > 0 ? recentList(files, choose) : element("p", { class: "recent-none", text: words.none }));
    end.hidden = files.length === 0;
  });
  return {
    show() {
      if (!dialog.open) dialog.showModal();
    },
  };
}
