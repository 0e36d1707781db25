// @ts-check
import { labelOf, tipOf } from "../effects/action-words.js";
import { EDGES } from "../state/alignment.js";
import { selectedBox } from "../state/selected.js";
import { selectPicture, selectSelectedLayer } from "../state/selectors.js";
import { brushChanged, cropChanged, croppingChanged, movingChanged, selectingChanged, snappingChanged, targetChosen } from "../state/tool-actions.js";
import { BRUSH_SIZE, brushOf, paints, selects } from "../state/tools.js";
import { numbersOf, startTransform } from "../state/transform.js";
import { strings } from "../strings.js";
import { element, iconButton } from "./dom.js";
import { checkOption, choiceOption, commandButton, numberOption, popover, radioOption, sliderOption, toggleOption } from "./option-fields.js";

/** @typedef {import("../effects/generate.js").Store} Store */

/**
 * What can be set of the tool in the hand.
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {{ run: (name: string) => void, act: ReturnType<typeof import("../effects/tools.js").createToolEffects> }} parts
 */
export function mountToolOptions(root, store, { run, act }) {
  root.setAttribute("role", "group");
  const sets = [
    { shows: (active) => active === "move", node: moveSet(store, run, act) },
    { shows: selects, node: selectSet(store, run) },
    { shows: paints, node: brushSet(store) },
    { shows: (active) => active === "crop", node: cropSet(store, run) },
    { shows: (active) => active === "pan" || active === "zoom", node: viewSet(run) },
  ];
  root.append(...sets.map(({ node }) => node));
  store.observe((state) => state.tool.active, (active) => {
    root.setAttribute("aria-label", strings.tools.optionsOf(strings.tools.names[active]));
    for (const { shows, node } of sets) node.hidden = !shows(active);
  });
}

const set = (...children) => element("div", { class: "options-set" }, children);
const group = (...children) => element("div", { class: "options-group" }, children);
const plain = (text, pressed, more = {}) => element("button", { type: "button", class: "button-plain", text, on: { click: pressed }, ...more });

function moveSet(store, run, act) {
  const words = strings.tools.move;
  const { pixels, degrees } = strings.tools;
  let keepsRatio = true;
  /** @type {{ state: any, numbers: any }} */
  let known = { state: null, numbers: null };
  // Several fields ask for the same numbers after every change.
  const numbers = (state) => {
    if (known.state !== state) {
      const found = state.tool.transform ? null : selectedBox(state);
      const transform = state.tool.transform ?? (found && startTransform(found.ids, found.box));
      const { x, y } = selectPicture(state);
      const raw = transform && numbersOf(transform);
      known = { state, numbers: raw && { ...raw, x: raw.x - x, y: raw.y - y } };
    }
    return known.numbers;
  };
  const number = (key, unit, limits = {}) => numberOption({
    id: `transform-${key}`,
    label: words[key],
    hint: words[`${key}Hint`],
    unit,
    limits: { step: 1, ...limits },
    store,
    late: true,
    select: (state) => numbers(state)?.[key] ?? null,
    change: (value) => {
      const picture = selectPicture(store.getState());
      const placed = key === "x" ? value + picture.x : key === "y" ? value + picture.y : value;
      if (numbers(store.getState())?.[key] !== value) act.setNumbers({ [key]: placed }, keepsRatio);
    },
  });
  const ratio = element("button", { type: "button", class: "button-icon", "aria-label": words.ratio, title: words.ratio, "aria-pressed": "true" }, [
    element("span", { class: "icon icon-link", "aria-hidden": "true" }),
  ]);
  ratio.addEventListener("click", () => {
    keepsRatio = !keepsRatio;
    ratio.setAttribute("aria-pressed", String(keepsRatio));
  });

  const picks = choiceOption({
    id: "move-picks",
    label: words.picks,
    bare: true,
    options: [["layer", words.picksLayer], ["group", words.picksGroup], ["nothing", words.picksNothing]],
    store,
    select: ({ tool: { moving } }) => (moving.autoSelect ? moving.picks : "nothing"),
    change: (value) => store.dispatch(movingChanged(value === "nothing" ? { autoSelect: false }
      : { autoSelect: true, picks: /** @type {"layer" | "group"} */ (value) })),
  });
  const smooth = checkOption({
    id: "transform-smooth", label: words.smooth, hint: words.smoothHint, store,
    select: (state) => state.tool.moving.filter === "smooth",
    change: (on) => store.dispatch(movingChanged({ filter: on ? "smooth" : "nearest" })),
  });
  const done = group(
    plain(words.apply, () => run("edit.apply"), { id: "transform-apply" }),
    iconButton("close", words.cancel, () => run("edit.cancel"), { id: "transform-cancel" }),
  );
  done.firstElementChild?.classList.add("is-main");
  const align = alignPopover(store, run);
  const snap = snapPopover(store);
  store.observe((state) => state.tool.transform !== null, (on) => {
    done.hidden = smooth.hidden = !on;
    picks.hidden = align.hidden = snap.hidden = on;
  });
  return set(
    picks,
    group(number("x", pixels), number("y", pixels)),
    group(number("width", pixels, { min: 1 }), ratio, number("height", pixels, { min: 1 })),
    number("angle", degrees),
    group(
      commandButton("layer.flip-horizontal", "flip-horizontal", labelOf("layer.flip-horizontal"), run),
      commandButton("layer.flip-vertical", "flip-vertical", labelOf("layer.flip-vertical"), run),
    ),
    smooth,
    align,
    snap,
    done,
  );
}

function alignPopover(store, run) {
  const words = strings.tools.align;
  const button = (name) => commandButton(name, name.slice("layer.".length), labelOf(name), run);
  const panel = element("div", {}, [
    element("div", { class: "popover-row" }, EDGES.map((edge) => button(`layer.align-${edge}`))),
    element("div", { class: "popover-row" }, [button("layer.distribute-horizontal"), button("layer.distribute-vertical")]),
    choiceOption({
      id: "align-to",
      label: words.to,
      options: /** @type {[string, string][]} */ (Object.entries(words.targets)),
      store,
      select: (state) => state.tool.moving.alignTo,
      change: (alignTo) => store.dispatch(movingChanged({ alignTo: /** @type {any} */ (alignTo) })),
    }),
  ]);
  return popover("align", words.open, panel).place;
}

let snapPanels = 0;

function snapPopover(store) {
  const words = strings.tools.snap;
  const id = (key) => `snap-${key}-${snapPanels}`;
  snapPanels += 1;
  const check = (key) => checkOption({
    id: id(key),
    label: words[key],
    store,
    select: (state) => state.tool.snapping[key],
    change: (on) => store.dispatch(snappingChanged({ [key]: on })),
  });
  return popover(id("open"), words.open, element("div", {}, ["on", "layers", "canvas", "guides"].map(check))).place;
}

function selectSet(store, run) {
  const words = strings.tools.selecting;
  const ops = /** @type {const} */ (["replace", "add", "subtract", "intersect"]);
  const commands = ["select.all", "select.none", "select.invert", "select.grow", "select.shrink", "select.feather", "select.border", "select.alpha"];
  const menu = element("div", { class: "popover-menu" });
  const change = popover("select-change", words.change, menu);
  menu.append(...commands.map((command) => element("button", {
    type: "button",
    text: strings.actions[command]?.[0] ?? command,
    title: tipOf(command),
    on: {
      click() {
        change.close();
        run(command);
      },
    },
  })));
  return set(
    radioOption({
      label: words.op,
      className: "options-group",
      options: ops.map((op) => ({ value: op, label: words.ops[op], icon: `op-${op}` })),
      store,
      select: (state) => state.tool.selecting.op,
      change: (op) => store.dispatch(selectingChanged({ op })),
    }),
    numberOption({
      id: "feather",
      label: words.feather,
      hint: words.featherHint,
      unit: strings.tools.pixels,
      limits: { min: 0, max: 250, step: 1 },
      store,
      select: (state) => state.tool.selecting.feather,
      change: (feather) => store.dispatch(selectingChanged({ feather: Math.min(250, Math.max(0, feather)) })),
    }),
    checkOption({
      id: "antialias", label: words.antialias, store,
      select: (state) => state.tool.selecting.antialias,
      change: (antialias) => store.dispatch(selectingChanged({ antialias })),
    }),
    change.place,
    snapPopover(store),
  );
}

function brushSet(store) {
  const words = strings.tools.brush;
  const { pixels, percentSign } = strings.tools;
  const brush = (state) => brushOf(state.tool);
  const share = (key) => sliderOption({
    id: `brush-${key}`,
    label: words[key],
    unit: percentSign,
    limits: { min: key === "opacity" ? 1 : 0, max: 100, step: 1 },
    range: { min: 0, max: 100, step: 1 },
    store,
    select: (state) => Math.round(brush(state)[key] * 100),
    change: (value) => store.dispatch(brushChanged({ [key]: value / 100 })),
  });
  const pressure = (key) => toggleOption({
    icon: key === "pressureSize" ? "pressure" : "pressure-opacity",
    label: words[key],
    store,
    select: (state) => brush(state)[key],
    change: (on) => store.dispatch(brushChanged({ [key]: on })),
  });
  const most = Math.log2(BRUSH_SIZE.max);
  const target = radioOption({
    label: words.target,
    className: "segments",
    options: [{ value: "pixels", label: words.pixelsTarget }, { value: "mask", label: words.maskTarget, title: words.maskHint }],
    store,
    select: (state) => state.tool.target,
    change: (value) => store.dispatch(targetChosen(/** @type {"pixels" | "mask"} */ (value))),
  });
  store.observe((state) => Boolean(selectSelectedLayer(state)?.mask), (has) => {
    const mask = /** @type {HTMLElement} */ (target.lastElementChild);
    mask.setAttribute("aria-disabled", String(!has));
    mask.title = has ? words.maskHint : words.noMask;
    if (!has && store.getState().tool.target === "mask") store.dispatch(targetChosen("pixels"));
  });
  return set(
    group(sliderOption({
      id: "brush-size",
      label: words.size,
      unit: pixels,
      limits: { min: BRUSH_SIZE.min, max: BRUSH_SIZE.max, step: 1 },
      // Small sizes need as much of the way as large ones.
      range: { min: 0, max: 100, step: 0.1 },
      toRange: (size) => (Math.log2(size) / most) * 100,
      fromRange: (value) => Math.round(2 ** ((value / 100) * most)),
      store,
      select: (state) => brush(state).size,
      change: (size) => store.dispatch(brushChanged({ size })),
    }), pressure("pressureSize")),
    share("hardness"),
    group(share("opacity"), pressure("pressureOpacity")),
    target,
  );
}

function cropSet(store, run) {
  const words = strings.tools.crop;
  const rect = (state) => state.tool.crop ?? (state.frame ? selectPicture(state) : null);
  const side = (key) => numberOption({
    id: `crop-${key}`,
    label: words[key],
    hint: words[`${key}Hint`],
    unit: strings.tools.pixels,
    limits: { min: 1, max: 30_000, step: 1 },
    store,
    late: true,
    select: (state) => rect(state)?.[key] ?? null,
    change: (value) => {
      const now = rect(store.getState());
      if (!now || value === now[key]) return;
      const length = Math.max(1, Math.round(value));
      const { ratio } = store.getState().tool.cropping;
      const { x, y } = now;
      const next = { x, y, width: now.width, height: now.height, [key]: length };
      if (ratio && key === "width") next.height = Math.max(1, Math.round(length / ratio));
      if (ratio && key === "height") next.width = Math.max(1, Math.round(length * ratio));
      store.dispatch(cropChanged(next));
    },
  });
  const done = group(
    plain(words.apply, () => run("edit.apply"), { id: "crop-apply", class: "button-plain is-main" }),
    plain(words.cancel, () => run("edit.cancel"), { id: "crop-cancel" }),
  );
  store.observe((state) => state.tool.crop !== null, (on) => (done.hidden = !on));
  return set(
    choiceOption({
      id: "crop-ratio",
      label: words.ratio,
      options: ["free", "original", "1", "1.3333", "1.5", "1.7778", "0.75", "0.6667", "0.5625"].map((value) => [value, words.ratios[value]]),
      store,
      select: ({ tool: { cropping: { ratio } }, document: { present } }) => {
        if (ratio === null) return "free";
        return Object.keys(words.ratios).find((key) => Number(key) === ratio) ?? (ratio === present.width / present.height ? "original" : "free");
      },
      change: (value) => {
        const { width, height } = selectPicture(store.getState());
        const ratio = value === "free" ? null : value === "original" ? width / height : Number(value);
        store.dispatch(croppingChanged({ ratio }));
      },
    }),
    group(side("width"), side("height")),
    checkOption({
      id: "crop-keep", label: words.keep, hint: words.keepHint, store,
      select: (state) => state.tool.cropping.keepPixels,
      change: (keepPixels) => store.dispatch(croppingChanged({ keepPixels })),
    }),
    snapPopover(store),
    done,
  );
}

function viewSet(run) {
  const words = strings.tools.view;
  return set(plain(words.fit, () => run("view.fit"), { title: tipOf("view.fit") }), plain(words.actual, () => run("view.actual-size"), { title: tipOf("view.actual-size") }));
}
