// @ts-check
import { selectIsEmpty } from "../state/selectors.js";
import { isTextField } from "./dom.js";

/**
 * @typedef {import("../effects/generate.js").Store} Store
 * @typedef {ReturnType<typeof import("../effects/images.js").createImageEffects>} Images
 */

/**
 * Pictures that are dropped or pasted. What falls on the panel for making one is a reference.
 * @param {Document} page
 * @param {Store} store
 * @param {Images} images
 */
export function mountArrivals(page, store, images) {
  const setDragging = (dragging) => page.body.classList.toggle("is-dropping", dragging);
  const targetAt = (element) => {
    if (element?.closest("#make")) return "reference";
    return selectIsEmpty(store.getState()) ? "document" : "layer";
  };

  page.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    setDragging(true);
  });
  page.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) setDragging(false);
  });
  page.addEventListener("drop", (event) => {
    const files = event.dataTransfer?.files;
    if (!files || files.length === 0) return;
    event.preventDefault();
    setDragging(false);
    void images.importFiles(files, targetAt(/** @type {Element} */ (event.target)));
  });

  // While text is written, a copied picture belongs to the prompt: it becomes a reference.
  page.addEventListener("paste", (event) => {
    const { files, types } = /** @type {DataTransfer} */ (event.clipboardData);
    if (!isTextField(event.target)) return;
    if (files.length > 0) {
      event.preventDefault();
      void images.importFiles(files, "reference");
    } else if (types.length === 0) {
      // No text, and nothing that the page may see: Rust can look for a picture.
      void images.paste("reference");
    }
  });

  return {
    setDragging,
    /** @param {{ paths: string[], position: { x: number, y: number } }} drop in device pixels */
    dropped({ paths, position }) {
      setDragging(false);
      const scale = devicePixelRatio || 1;
      const under = position ? page.elementFromPoint(position.x / scale, position.y / scale) : null;
      void images.openPaths(paths, targetAt(under));
    },
  };
}
