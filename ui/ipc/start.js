// @ts-check

const LANGUAGE = "language";

/**
 * What the window tells the page before it builds anything; outside of the window nothing is told.
 * @returns {{ language: string | null, version: string }}
 */
export function readStart() {
  const { language = null, version = "" } = /** @type {any} */ (globalThis).__ASSET_EDITOR__ ?? {};
  return { language: sessionStorage.getItem(LANGUAGE) ?? language, version };
}

/**
 * Builds the page again in another language. What the window tells was fixed when it was made, so the page
 * tells itself; the next window knows.
 * @param {string} language
 */
export function startAgain(language) {
  sessionStorage.setItem(LANGUAGE, language);
  location.reload();
}
