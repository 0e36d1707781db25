// @ts-check
import { isMoving, shareOf } from "../state/library.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";

/**
 * A model that can be got: what it is, and how far it has come.
 * @param {import("../state/library.js").Entry} entry
 * @param {number | null} free bytes
 * @param {{ get: () => void, pause: () => void, discard: () => void, useToken: (token: string) => void }} run
 */
export function downloadRow(entry, free, run) {
  const words = strings.library;
  const offer = /** @type {import("../state/library.js").Offer} */ (entry.offer);
  const button = (id, text, label, click) =>
    element("button", { type: "button", id: `${id}-${entry.id}`, class: "button-plain", "aria-label": label, text, on: { click } });
  const get = button("get", words.get, words.getLabel(entry.name), run.get);
  const pause = button("pause", words.pause, words.pauseLabel(entry.name), run.pause);
  const discard = button("discard", words.discard, words.discardLabel(entry.name), run.discard);
  const bar = element("div", { class: "model-bar", role: "progressbar", "aria-label": words.progress(entry.name), "aria-valuemin": 0, "aria-valuemax": 100 });
  const text = element("p", { class: "note model-progress" });
  const token = tokenField(entry, run.useToken);
  const node = element("li", { class: "model-item", "data-model": entry.id }, [
    element("div", { class: "model-head" }, [
      element("div", {}, [
        element("p", { class: "model-name", text: entry.name }),
        element("p", { text: entry.note }),
        element("p", { class: "note", text: factsOf(entry).join(" · ") }),
      ]),
      element("div", { class: "model-buttons" }, [get, pause, discard]),
    ]),
    bar,
    text,
    token.node,
  ]);
  const isTight = free !== null && offer.size - offer.kept > free;

  /** @param {import("../state/library.js").Download | undefined} download */
  function show(download) {
    const moving = isMoving(download);
    const begun = download !== undefined || offer.kept > 0;
    const hadFocus = node.contains(document.activeElement) ? document.activeElement : null;
    get.hidden = moving;
    pause.hidden = !moving;
    discard.hidden = moving || !begun;
    const again = download?.phase === "failed";
    get.textContent = again ? words.again : begun ? words.goOn : words.get;
    get.setAttribute("aria-label", (again ? words.againLabel : begun ? words.goOnLabel : words.getLabel)(entry.name));
    bar.hidden = !moving && !begun;
    const share = download ? shareOf(download) : offer.size > 0 ? Math.min(1, offer.kept / offer.size) : null;
    bar.classList.toggle("is-unknown", share === null);
    bar.style.setProperty("--share", String(share ?? 0));
    if (share === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    text.textContent = saidOf(download, offer, isTight);
    text.classList.toggle("is-problem", again || (!begun && isTight));
    text.hidden = text.textContent === "";
    token.node.hidden = download?.error?.code !== "access_needed" || !again;
    // What was pressed may have given way to its opposite.
    if (hadFocus instanceof HTMLElement && !hadFocus.checkVisibility()) (moving ? pause : get).focus();
  }

  return { node, show };
}

function factsOf(entry) {
  const words = strings.library;
  const { offer, licences, memory } = entry;
  return [
    (offer.atLeast ? words.atLeast : words.size)(offer.size),
    ...licences.map(({ name }) => name),
    licences.some(({ commercial }) => !commercial) ? words.nonCommercial : null,
    offer.gated ? words.gated : null,
    memory === null ? null : words.runsWith(memory),
  ].filter((fact) => fact !== null);
}

function saidOf(download, offer, isTight) {
  const words = strings.library;
  if (!download) return offer.kept > 0 ? words.kept(offer.kept) : isTight ? words.tooLarge : "";
  const { phase, what, done, total, speed, secondsLeft, error } = download;
  switch (phase) {
    case "preparing":
      return words.what[what];
    case "waiting":
      return words.waiting;
    case "paused":
      return words.paused(done, total);
    case "failed":
      return error?.message ?? "";
    default:
      return [
        words.of(done, total),
        speed > 0 ? words.speed(speed) : null,
        secondsLeft !== null && secondsLeft > 0 ? words.left(secondsLeft) : null,
      ].filter((part) => part !== null).join(" · ");
  }
}

/** Where a publisher wants to know who asks. */
function tokenField(entry, use) {
  const words = strings.library.token;
  const id = `token-${entry.id}`;
  const input = element("input", { id, class: "input", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-hint` });
  const node = element("form", { class: "model-token", hidden: true, novalidate: true }, [
    element("label", { class: "field-label", for: id, text: words.label }),
    element("div", { class: "model-token-row" }, [input, element("button", { type: "submit", class: "button-plain", text: words.use })]),
    element("p", { id: `${id}-hint`, class: "note", text: words.hint }),
  ]);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = input.value;
    input.value = "";
    if (token.trim() === "") input.focus();
    else use(token);
  });
  return { node };
}
