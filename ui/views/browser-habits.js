// @ts-check
import { isTextField } from "./dom.js";

/**
 * Switches off what a web page does and an editor does not: its context menu, which would offer to
 * reload the window, and dragging the pictures of the interface.
 * @param {Document} page
 */
export function quietBrowser(page) {
  page.addEventListener("contextmenu", (event) => {
    if (!isTextField(event.target)) event.preventDefault();
  });
  page.addEventListener("dragstart", (event) => {
    if (!isTextField(event.target)) event.preventDefault();
  });
}
