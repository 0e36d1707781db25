// @ts-check

/**
 * What the window tells the page before it builds anything; outside of the window nothing is told.
 * @returns {{ language: string | null, version: string }}
 */
export function readStart() {
  const { language = null, version = "" } = /** @type {any} */ (globalThis).__ASSET_EDITOR__ ?? {};
  return { language, version };
}
