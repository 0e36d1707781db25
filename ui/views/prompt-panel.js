// @ts-check
import { keyText, shortKeyText } from "../effects/action-words.js";
import { modelChosen, promptChanged, sizeChanged } from "../state/actions.js";
import { offerFor, restOfOffer } from "../state/completion.js";
import { toSize } from "../state/form.js";
import { modelsFor } from "../state/models.js";
import { selectGenerateBlock, selectJob } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon } from "./dom.js";
import { mountErrorCard } from "./error-card.js";
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
    element("label", { class: "section-title", for: "prompt", text: strings.prompt.label }),
    element("div", { class: "prompt-box" }, [ghost, prompt]),
    suggestion,
  );

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
  const start = element("button", { type: "button", id: "generate", class: "button-primary", on: { click: generate } }, [
    icon("spark"),
    element("span", { text: strings.generate.start }),
    element("kbd", { class: "button-key", "aria-hidden": "true", text: shortKeyText("Ctrl+Enter") }),
  ]);
  const cancelLabel = element("span", { text: strings.generate.cancel });
  const cancel = element("button", {
    type: "button",
    id: "cancel",
    class: "button-cancel",
    hidden: true,
    on: { click: () => run("job.cancel") },
  }, [icon("stop"), cancelLabel, element("kbd", { class: "button-key", "aria-hidden": "true", text: keyText("Escape") })]);
  const line = element("p", { id: "job-text", class: "job-text", role: "status" });
  section.append(element("div", { class: "generate-row" }, [start, cancel]), line);

  function generate() {
    if (selectGenerateBlock(store.getState()) === "no-prompt") {
      line.textContent = strings.generate.blocked["no-prompt"];
      prompt.focus();
      return;
    }
    run("generate.start");
  }

  store.observe(selectGenerateBlock, (block) => {
    const hadFocus = document.activeElement === start || document.activeElement === cancel;
    start.hidden = block === "running";
    cancel.hidden = block !== "running";
    if (hadFocus) (block === "running" ? cancel : start).focus();
    const unavailable = block !== null && block !== "running" && block !== "no-prompt";
    start.setAttribute("aria-disabled", String(unavailable));
    start.title = block === null ? "" : strings.generate.blocked[block];
    if (!selectJob(store.getState())) line.textContent = unavailable ? strings.generate.blocked[block] : "";
  });
  store.observe((state) => state.jobs, ({ current, last }) => {
    // Every step would be too much to hear; the progress bar can be asked.
    line.setAttribute("aria-live", current ? "off" : "polite");
    if (current?.kind === "split") {
      line.textContent = strings.generate.blocked.splitting;
    } else if (current) {
      line.textContent = jobText(current);
      cancelLabel.textContent = current.cancelling ? strings.generate.cancelling : strings.generate.cancel;
      cancel.setAttribute("aria-disabled", String(current.cancelling));
    } else if (last?.kind === "generate") {
      line.textContent = "seconds" in last ? strings.generate.done(last.seconds) : strings.generate.cancelled;
    } else {
      line.textContent = "";
    }
  });
}

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
