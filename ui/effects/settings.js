// @ts-check

const THEME_KEY = "theme";
const THEMES = ["system", "light", "dark"];

/**
 * What the window remembers from one start to the next.
 * @param {Storage} storage
 * @returns {"system" | "light" | "dark"}
 */
export function readTheme(storage) {
  try {
    const theme = storage.getItem(THEME_KEY);
    return THEMES.includes(theme ?? "") ? /** @type {any} */ (theme) : "system";
  } catch {
    // Without storage the window still works; it only forgets.
    return "system";
  }
}

/**
 * @param {import("./jobs.js").Store} store
 * @param {Storage} storage
 */
export function keepTheme(store, storage) {
  store.observe((state) => state.theme, (theme) => {
    try {
      storage.setItem(THEME_KEY, theme);
    } catch {
      // As above.
    }
  });
}
