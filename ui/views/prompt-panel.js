// @ts-check
import { jobErrorDismissed, modelChosen, promptChanged, sizeChanged } from "../state/actions.js";
import { offerFor, restOfOffer } from "../state/completion.js";
import { toSize } from "../state/form.js";
import { selectGenerateBlock, selectJob, selectJobError } from "../state/selectors.js";
import { strings } from "../strings.js";
import { element, icon, iconButton } from "./dom.js";
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
  mountError(section, store, run);
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
    element("kbd", { class: "button-key", "aria-hidden": "true", text: "Ctrl ↵" }),
  ]);
  const cancelLabel = element("span", { text: strings.generate.cancel });
  const cancel = element("button", {
    type: "button",
    id: "cancel",
    class: "button-cancel",
    hidden: true,
    on: { click: () => run("generate.cancel") },
  }, [icon("stop"), cancelLabel, element("kbd", { class: "button-key", "aria-hidden": "true", text: "Esc" })]);
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
    if (current) {
      line.textContent = jobText(current);
      cancelLabel.textContent = current.cancelling ? strings.generate.cancelling : strings.generate.cancel;
      cancel.setAttribute("aria-disabled", String(current.cancelling));
    } else if (last) {
      line.textContent = "seconds" in last ? strings.generate.done(last.seconds) : strings.generate.cancelled;
    } else {
      line.textContent = "";
    }
  });
}

function mountError(section, store, run) {
  const message = element("p", { class: "error-message" });
  const actions = element("div", { class: "error-actions" });
  const title = element("p", { class: "error-title" });
  // The alert is there from the start, so that a screen reader hears its text arrive.
  const alert = element("div", { id: "error", role: "alert" });
  const card = element("div", { class: "error-card" }, [
    icon("warning"),
    title,
    iconButton("close", strings.generate.dismissError, () => store.dispatch(jobErrorDismissed())),
    message,
    actions,
  ]);
  section.append(alert);

  store.observe(selectJobError, (error, state) => {
    alert.replaceChildren();
    if (!error) return;
    const engineFailed = error.code === "engine_failed";
    title.textContent = engineFailed ? strings.engineFailed.title : strings.generate.failedTitle;
    message.textContent = strings.errorText(error);
    actions.replaceChildren(...(engineFailed ? [] : [wayOut(error, state)]));
    alert.append(card);
  });

  function wayOut(error, { form, models }) {
    const smaller = { width: toSize(form.width * 0.75, 64), height: toSize(form.height * 0.75, 64) };
    if (error.code === "out_of_memory" && (smaller.width < form.width || smaller.height < form.height)) {
      return action(strings.generate.smaller(smaller.width, smaller.height), () => {
        store.dispatch(sizeChanged(smaller.width, smaller.height));
        run("generate.start");
      });
    }
    const other = models.list.find((model) => model.ready && model.id !== form.model);
    if ((error.code === "model_missing" || error.code === "model_broken") && other) {
      return action(strings.generate.useModel(other.name), () => {
        store.dispatch(modelChosen(other));
        run("generate.start");
      });
    }
    return action(strings.generate.tryAgain, () => run("generate.start"));
  }

  function action(label, perform) {
    return element("button", { type: "button", class: "button-plain", text: label, on: { click: perform } });
  }
}
