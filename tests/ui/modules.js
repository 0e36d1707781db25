import { register } from "node:module";

// ui/ is served as it is and has no package.json; Node is told here that its files are ES modules.
const hooks = `
  import { readFile } from "node:fs/promises";
  export async function load(url, context, next) {
    if (!/\\/ui\\/.*\\.js$/.test(new URL(url).pathname)) return next(url, context);
    return { format: "module", source: await readFile(new URL(url)), shortCircuit: true };
  }
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const root = new URL("../../ui/", import.meta.url);

/**
 * @param {string} path in ui/
 */
export const ui = (path) => import(new URL(path, root).href);
