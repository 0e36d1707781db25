// @ts-check

/**
 * What menus, keys and buttons can ask of the window as a whole, by name.
 * @param {object} parts
 * @param {ReturnType<typeof import("./session.js").createSession>} parts.session
 * @param {ReturnType<typeof import("./images.js").createImageEffects>} parts.images
 * @param {() => void} parts.showNew
 * @param {() => void} parts.showRecent
 * @param {() => void} parts.showAbout
 * @param {() => void} parts.showModels
 * @param {() => void} parts.showSettings
 * @param {() => void} parts.showMachine opens or closes what this computer does
 * @param {() => void} parts.chooseModel brings the choice of the model into view
 * @returns {Record<string, () => void>}
 */
export function createSessionCommands({
  session,
  images,
  showNew,
  showRecent,
  showAbout,
  showModels,
  showSettings,
  showMachine,
  chooseModel,
}) {
  return {
    "file.new": showNew,
    "file.open-recent": () => {
      // Files come and go while the window is open.
      void session.listRecent();
      showRecent();
    },
    "file.place": () => void images.openDialog("layer"),
    "file.close": () => void session.closeTab(),
    "file.quit": () => void session.quit(),
    "view.language-en": () => void session.chooseLanguage("en"),
    "view.language-de": () => void session.chooseLanguage("de"),
    "model.manage": showModels,
    "edit.settings": showSettings,
    "view.machine": showMachine,
    "model.choose": chooseModel,
    "model.show-folder": () => void session.showModelsFolder(),
    "help.example": () => void session.openExample(),
    "help.about": showAbout,
  };
}
