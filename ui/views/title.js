// @ts-check
import { selectFile, selectIsEmpty, selectIsUnsaved } from "../state/selectors.js";
import { strings } from "../strings.js";

/**
 * The window's title: the document's name, and a dot while it is not saved.
 * @param {Document} page
 * @param {import("../effects/generate.js").Store} store
 */
export function mountTitle(page, store) {
  const title = (state) => {
    if (selectIsEmpty(state) && !selectFile(state)) return strings.name;
    return strings.title(selectFile(state)?.name ?? strings.untitled, selectIsUnsaved(state));
  };
  store.observe(title, (text) => (page.title = text));
}
