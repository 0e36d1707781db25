// @ts-check
import { preferencesChanged, UNLOAD_AFTER } from "../state/preferences.js";
import { strings } from "../strings.js";
import { buildDialog } from "./dialog.js";
import { element } from "./dom.js";
import { connectNumber, field } from "./fields.js";

/**
 * What is set for the program as a whole. Everything is kept as soon as it is changed.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @returns {{ show: () => void }}
 */
export function mountSettingsDialog(root, store) {
  const words = strings.preferences;
  const minutes = element("input", { id: "unload-after", class: "input input-number", type: "number", step: 1, ...UNLOAD_AFTER });
  const preload = element("select", { id: "preload", class: "select" });
  const tray = check("keep-in-tray", words.keepInTray, "keepInTray");
  const trayNote = element("p", { id: "keep-in-tray-note", class: "note" });
  const login = check("start-at-login", words.startAtLogin, "startAtLogin");
  const dialog = buildDialog(root, { id: "settings-dialog", title: words.title }, [
    element("div", { class: "dialog-body settings" }, [
      field("preload", words.preload, [element("div", { class: "select-box" }, [preload])]),
      field("unload-after", words.unloadAfter, [
        element("div", { class: "settings-minutes" }, [minutes, element("span", { class: "note", text: words.minutes })]),
      ]),
      element("div", { class: "settings-checks" }, [tray.label, trayNote, login.label]),
    ]),
  ]);

  connectNumber(minutes, store, (state) => state.preferences.unloadAfter, (unloadAfter) => preferencesChanged({ unloadAfter }));
  preload.addEventListener("change", () => store.dispatch(preferencesChanged({ preload: preload.value || null })));
  const showModels = () => {
    const { models, preferences } = store.getState();
    const ready = models.list.filter((model) => model.ready);
    const chosen = preferences.preload;
    // One whose files are gone stays chosen until another one is.
    const gone = chosen !== null && !ready.some(({ id }) => id === chosen) ? [{ id: chosen, name: strings.model.unavailable(chosen) }] : [];
    preload.replaceChildren(
      element("option", { value: "", text: words.preloadNone }),
      ...[...ready, ...gone].map(({ id, name }) => element("option", { value: id, text: name })),
    );
    preload.value = chosen ?? "";
  };
  store.observe((state) => state.models, showModels);
  store.observe((state) => state.preferences, ({ keepInTray, startAtLogin, hasTray }) => {
    showModels();
    tray.input.checked = keepInTray;
    tray.input.disabled = !hasTray && !keepInTray;
    trayNote.textContent = hasTray ? words.trayNote : words.noTray;
    login.input.checked = startAtLogin;
  });

  function check(id, text, name) {
    const input = element("input", { id, type: "checkbox", on: { change: () => store.dispatch(preferencesChanged({ [name]: input.checked })) } });
    return { input, label: element("label", { class: "choice" }, [input, element("span", { text })]) };
  }

  return {
    show() {
      if (!dialog.open) dialog.showModal();
    },
  };
}
