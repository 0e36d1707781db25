// @ts-check
import { strings } from "../strings.js";
import { element } from "./dom.js";

/**
 * Offers work that was not saved when the editor ended.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 * @param {{ recover: (slot: string) => void, discard: (slot: string) => void }} choices
 */
export function mountRecovery(root, store, { recover, discard }) {
  const words = strings.recovery;
  const place = element("div", { class: "recovery-place" });
  root.append(place);
  store.observe((state) => state.recovery, (list) => {
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren(...(list.length === 0 ? [] : [card(list)]));
    if (hadFocus) /** @type {HTMLElement} */ (place.querySelector("button") ?? root).focus();
  });

  function card(list) {
    return element("section", { id: "recovery", class: "recovery", "aria-labelledby": "recovery-title" }, [
      element("h2", { id: "recovery-title", class: "section-title", text: words.title }),
      element("p", { class: "start-text", text: words.text }),
      element("ul", { class: "recovery-list" }, list.map(item)),
    ]);
  }

  function item({ slot, title, secondsAgo }) {
    const name = title || strings.untitled;
    const button = (label, kind, part, perform) => element("button", {
      type: "button", class: kind, "data-part": part, "aria-label": `${label}: ${name}`, text: label, on: { click: () => perform(slot) },
    });
    return element("li", { class: "recovery-item", "data-slot": slot }, [
      element("span", { class: "layer-words" }, [
        element("span", { class: "layer-name", text: name }),
        element("span", { class: "layer-size", text: words.ago(secondsAgo) }),
      ]),
      button(words.recover, "button-plain is-chosen", "recover", recover),
      button(words.discard, "button-plain", "discard", discard),
    ]);
  }
}
