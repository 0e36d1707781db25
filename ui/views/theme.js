// @ts-check

/**
 * @param {HTMLElement} page
 * @param {import("../effects/generate.js").Store} store
 * @param {() => void} onChanged after the colours have changed
 */
export function mountTheme(page, store, onChanged) {
  store.observe((state) => state.theme, (theme) => {
    page.dataset.theme = theme;
    onChanged();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChanged);
}
