// @ts-check
import { modelChosen, sizeChanged, splitModelChosen } from "../state/actions.js";
import { preferencesChanged, raisedBudget } from "../state/preferences.js";
import { strings } from "../strings.js";
import { element } from "./dom.js";

/**
 * What the next run of a kind will take, and what would help where it does not fit.
 * @param {HTMLElement} section
 * @param {import("../effects/generate.js").Store} store
 * @param {string} id
 * @param {import("../state/forecast.js").Forecast["kind"]} kind
 */
export function mountForecast(section, store, id, kind) {
  const words = strings.forecast;
  const text = element("p", { id: `${id}-text`, class: "note" });
  const ways = element("div", { class: "forecast-ways" });
  const box = element("div", { id, class: "forecast", hidden: true }, [text, ways]);
  section.append(box);

  store.observe((state) => state.forecast, (forecast) => {
    box.hidden = forecast?.kind !== kind;
    if (forecast?.kind !== kind) return;
    text.textContent = forecast.fits ? words.plan(forecast) : words.refused(forecast);
    text.classList.toggle("is-problem", !forecast.fits);
    ways.hidden = forecast.fits;
    ways.replaceChildren(...(forecast.fits ? [] : waysOut(forecast)));
  });

  function waysOut({ wouldFit: { size, budget, model }, onCard }) {
    const { form, preferences, models } = store.getState();
    const way = (name, label, action) => element("button", {
      type: "button", id: `${id}-${name}`, class: "button-plain", text: label, on: { click: () => store.dispatch(action) },
    });
    const set = onCard ? "graphicsBudget" : "memoryBudget";
    const other = models.list.find((known) => known.id === model?.id);
    const ways = [];
    if (kind === "generate" && size && (size.width < form.width || size.height < form.height)) {
      ways.push(way("size", words.smaller(size.width, size.height), sizeChanged(size.width, size.height)));
    }
    // Without a budget there is no more than that.
    if (budget !== null && preferences[set] !== null) {
      ways.push(way("budget", words.raise(raisedBudget(budget)), preferencesChanged({ [set]: raisedBudget(budget) })));
    }
    if (other) ways.push(way("model", words.other(other.name), (kind === "split" ? splitModelChosen : modelChosen)(other)));
    return ways;
  }
}
