// @ts-check
import { shortKeyText } from "../effects/action-words.js";
import { modelChosen, promptChanged, sizeChanged } from "../state/actions.js";
import { offerFor, restOfOffer } from "../state/completion.js";
import { toSize } from "../state/form.js";
import { modelsFor } from "../state/models.js";
import { selectGenerateBlock } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";
import { mountForecast } from "./forecast-line.js";
import { mountErrorCard } from "./error-card.js";
import { mountPromptHistory } from "./prompt-history.js";
import { mountQueue } from "./queue-panel.js";
import { jobText } from "./progress.js";

/**
 * @typedef {import("../effects/generate.js").Store} Store
 * @typedef {(name: string) => void} Run
 */

/**
 * Prompt, Generate and Cancel, what the job does, and what went wrong.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {Run} run
 */
export function mountPromptPanel(root, store, run) {
  const section = root.appendChild(element("section", { class: "section section-prompt" }));
  const prompt = mountPrompt(section, store, run);
  mountGenerate(section, store, run, prompt);
  mountQueue(section, store);
  mountErrorCard(section, store, {
    id: "error",
    kind: "generate",
    title: strings.generate.failedTitle,
    wayOut: (error, state) => wayOut(error, state, store, run),
  });
}

function mountPrompt(section, store, run) {
  const ghost = element("div", { class: "prompt-ghost", "aria-hidden": "true" });
  const suggestion = element("p", { id: "prompt-suggestion", class: "sr-only", role: "status" });
  const prompt = element("textarea", {
    id: "prompt",
    class: "prompt-text",
    rows: 4,
    placeholder: strings.prompt.placeholder,
    spellcheck: "false",
    autocomplete: "off",
    "aria-autocomplete": "inline",
    "aria-describedby": "prompt-suggestion",
  });
  section.append(
    element("div", { class: "section-head prompt-head" }, [
      element("label", { class: "section-title", for: "prompt", text: strings.prompt.label }),
    ]),
    element("div", { class: "prompt-box" }, [ghost, prompt]),
    suggestion,
  );

  const history = mountPromptHistory(/** @type {HTMLElement} */ (section.querySelector(".prompt-head")), prompt, store);

  /** @type {import("../state/completion.js").Offer | null} */
  let offer = null;

  function showOffer(next) {
    offer = next;
    const rest = offer ? restOfOffer(offer, prompt.value) : "";
    ghost.replaceChildren();
    if (rest !== "") {
      ghost.append(
        element("span", { class: "prompt-ghost-typed", text: prompt.value }),
        element("span", { class: "prompt-ghost-rest", text: rest }),
        element("kbd", { class: "prompt-ghost-key", text: strings.prompt.hint }),
      );
    }
    prompt.classList.toggle("has-offer", rest !== "");
    suggestion.textContent = rest === "" ? "" : strings.prompt.suggestion(rest);
    ghost.scrollTop = prompt.scrollTop;
  }

  function caretAtEnd() {
    return prompt.selectionStart === prompt.value.length && prompt.selectionEnd === prompt.value.length;
  }

  prompt.addEventListener("input", (event) => {
    store.dispatch(promptChanged(prompt.value));
    const deleted = /** @type {InputEvent} */ (event).inputType?.startsWith("delete");
    showOffer(caretAtEnd() && !deleted ? offerFor(prompt.value, offer) : null);
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (event.key === "Tab" && plain && offer) {
      event.preventDefault();
      prompt.setRangeText(restOfOffer(offer, prompt.value), prompt.value.length, prompt.value.length, "end");
      store.dispatch(promptChanged(prompt.value));
      showOffer(null);
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && plain && history.step(event.key === "ArrowUp" ? 1 : -1)) {
      event.preventDefault();
      showOffer(null);
    } else if (event.key === "Escape" && offer) {
      event.preventDefault();
      event.stopPropagation();
      showOffer(null);
    } else if (event.key === "Enter" && plain) {
      event.preventDefault();
      showOffer(null);
      run("generate.start");
    }
  });
  const dismissWhenAway = () => {
    if (offer && !caretAtEnd()) showOffer(null);
  };
  prompt.addEventListener("keyup", dismissWhenAway);
  prompt.addEventListener("click", dismissWhenAway);
  prompt.addEventListener("blur", () => showOffer(null));
  prompt.addEventListener("scroll", () => (ghost.scrollTop = prompt.scrollTop));

  store.observe((state) => state.form.prompt, (text) => {
    if (prompt.value === text) return;
    prompt.value = text;
    showOffer(null);
  });
  return prompt;
}

function mountGenerate(section, store, run, prompt) {
  const startLabel = element("span", { text: strings.generate.start });
  const start = element("button", { type: "button", id: "generate", class: "button-primary", on: { click: generate } }, [
    icon("spark"),
    startLabel,
    element("kbd", { class: "button-key", "aria-hidden": "true", text: shortKeyText("Ctrl+Enter") }),
  ]);
  const cancelLabel = element("span", { text: strings.generate.cancel });
  const cancel = element("button", {
    type: "button",
    id: "cancel",
    class: "button-cancel",
    hidden: true,
    on: { click: () => run("job.cancel") },
  }, [icon("stop"), cancelLabel]);
  const line = element("p", { id: "job-text", class: "job-text", role: "status" });
  section.append(element("div", { class: "generate-row" }, [start, cancel]));
  mountForecast(section, store, "forecast", "generate");
  section.append(line);

  // What is missing is said where it is asked for.
  function generate() {
    const block = selectGenerateBlock(store.getState());
    if (block !== null && block in FIELDS) {
      line.textContent = strings.generate.blocked[block];
      document.getElementById(FIELDS[block])?.focus();
      return;
    }
    run("generate.start");
  }

  const show = () => {
    const state = store.getState();
    const { current, last } = state.jobs;
    const block = selectGenerateBlock(state);
    const making = current?.kind === "generate";
    const unavailable = block !== null && block !== "no-prompt";
    const hadFocus = document.activeElement === cancel;
    cancel.hidden = !making;
    if (hadFocus && cancel.hidden) start.focus();
    startLabel.textContent = current ? strings.create.queueUp : strings.generate.start;
    start.classList.toggle("is-second", making);
    start.setAttribute("aria-disabled", String(unavailable));
    start.title = block === null ? "" : strings.generate.blocked[block];
    // Every step would be too much to hear; the progress bar can be asked.
    line.setAttribute("aria-live", current ? "off" : "polite");
    cancelLabel.textContent = making && current.cancelling ? strings.generate.cancelling : strings.generate.cancel;
    cancel.setAttribute("aria-disabled", String(making && current.cancelling));
    if (making) line.textContent = jobText(current);
    else if (unavailable) line.textContent = strings.generate.blocked[block];
    else if (current) line.textContent = strings.generate.blocked.splitting;
    else if (last?.kind === "generate") line.textContent = "seconds" in last ? strings.generate.done(last.seconds) : strings.generate.cancelled;
    else line.textContent = "";
  };
  store.observe(selectGenerateBlock, show);
  store.observe((state) => state.jobs, show);
}

/** Where what is missing can be given. */
const FIELDS = {
  "no-prompt": "prompt", "no-references": "reference-from-file", "no-selection": "draw-selection", "no-side": "extend-right",
};

/** What may help against an error, with the words for it. */
function wayOut(error, { form, models }, store, run) {
  const smaller = { width: toSize(form.width * 0.75, 64), height: toSize(form.height * 0.75, 64) };
  if (error.code === "out_of_memory" && (smaller.width < form.width || smaller.height < form.height)) {
    return {
      label: strings.generate.smaller(smaller.width, smaller.height),
      perform() {
        store.dispatch(sizeChanged(smaller.width, smaller.height));
        run("generate.start");
      },
    };
  }
  const other = modelsFor(models.list, "generate").find((model) => model.ready && model.id !== form.model);
  if ((error.code === "model_missing" || error.code === "model_broken") && other) {
    return {
      label: strings.generate.useModel(other.name),
      perform() {
        store.dispatch(modelChosen(other));
        run("generate.start");
      },
    };
  }
  return { label: strings.generate.tryAgain, perform: () => run("generate.start") };
}
