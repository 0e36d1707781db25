// @ts-check
import { actions, keys, menus, submenus, unavailable } from "./en/actions.js";
import { documentTabs, history, kept, layersPanel } from "./en/layers.js";
import { library, loras } from "./en/library.js";
import { about, dialogs, language, newDocument, palette, recent, unsaved } from "./en/shell.js";
import { budget, forecast, machine, preferences, tray } from "./en/machine.js";
import { tools } from "./en/tools.js";
import { create, modes, queue, runs, variations } from "./en/create.js";
import { formatsOf } from "./formats.js";

const formats = formatsOf("en");
const { duration, percent, plural, size } = formats;

/**
 * @param {number | null} seconds
 * @returns {string} "" when it is not known
 */
function timeLeft(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds < 1) return "less than a second left";
  if (seconds < 10) return plural(Math.round(seconds), "about 1 second left", "about # seconds left");
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} seconds left`;
  if (seconds < 3300) return plural(Math.max(1, Math.round(seconds / 60)), "about 1 minute left", "about # minutes left");
  return plural(Math.max(1, Math.round(seconds / 3600)), "about 1 hour left", "about # hours left");
}

/**
 * How long ago.
 * @param {number} seconds
 */
function ago(seconds) {
  if (seconds < 90) return "a minute ago";
  if (seconds < 5400) return plural(Math.round(seconds / 60), "a minute ago", "# minutes ago");
  if (seconds < 129_600) return plural(Math.round(seconds / 3600), "an hour ago", "# hours ago");
  return plural(Math.round(seconds / 86_400), "a day ago", "# days ago");
}

/** English: what the other languages are measured by. */
export const en = {
  formats: { ...formats, timeLeft },

  name: "Veetance Asset Editor",
  untitled: "Untitled",
  title: (name, unsaved) => `${unsaved ? "• " : ""}${name} – Veetance Asset Editor`,
  starting: "Getting ready…",
  startingSlowly: "Still getting ready. The first start takes longer.",

  start: {
    title: "Describe an asset",
    text: "Write what you need, or start with one of these. Or drop a picture here to separate it into layers.",
    examples: ["a red potion", "a green gem on a dark background", "a wooden shield"],
    example: (prompt) => `Make “${prompt}”`,
    openExample: "Open the example",
    recent: "Opened last",
  },

  prompt: {
    label: "Prompt",
    placeholder: "For example: a red potion",
    suggestion: (text) => `Suggestion: ${text}. Press Tab to accept it, Escape to dismiss it.`,
    hint: "Tab",
    negative: "Leave out",
    negativePlaceholder: "What should not be in the picture",
  },

  generate: {
    start: "Generate",
    cancel: "Cancel",
    cancelling: "Cancelling…",
    waiting: "Waiting to start",
    stages: { load: "Loading the model", encode: "Reading the prompt", denoise: "Drawing", decode: "Finishing" },
    step: (done, total) => `Step ${done} of ${total}`,
    done: (seconds) => `Done in ${duration(seconds)}`,
    cancelled: "Cancelled. Your prompt is still here.",
    blocked: {
      starting: "Getting ready…",
      "engine-failed": "The engine did not start. Close the editor and start it again.",
      "no-model": "The model is not ready. Choose another one.",
      "split-in-view": "Choose New, Edit, Repaint or Extend first.",
      "no-prompt": "Write a prompt first.",
      "no-references": "Add a picture to edit.",
      "no-picture": "Make or open a picture first.",
      "no-selection": "Select what to repaint.",
      "no-layer": "Select a layer first.",
      "no-side": "Choose a side to extend.",
      "too-large": "Pictures can be 8192 pixels wide and high at most. Extend by less.",
      "no-memory": "This picture does not fit into the memory.",
      splitting: "A picture is being separated. What you start now is made after it.",
    },
    progress: "Progress of the picture",
    tryAgain: "Try again",
    useModel: (name) => `Use ${name}`,
    smaller: (width, height) => `Use ${size(width, height)}`,
    dismissError: "Dismiss",
    failedTitle: "No picture this time",
  },

  tasks: { label: "What to do", new: "New", edit: "Edit", repaint: "Repaint", extend: "Extend", split: "Split" },

  split: {
    title: "Split into layers",
    layers: { label: "Number of layers", hint: "More layers take longer. Some may come out empty." },
    prompt: { label: "What is in the picture?", placeholder: "Leave empty to let the model look" },
    negative: { label: "Leave out", placeholder: "What should not be in the layers" },
    more: "More settings",
    steps: { label: "Steps", hint: "More steps take longer and can be cleaner." },
    seed: { locked: "Kept for every run.", unlocked: "A new seed for every run." },
    guidance: { label: "Guidance", hint: "How closely the layers follow your description." },
    start: "Split",
    fewer: (layers) => plural(layers, "Use 1 layer", "Use # layers"),
    ready: (layers) => plural(layers, "Makes 1 layer. Your picture is kept.", "Makes # layers. Your picture is kept."),
    cancelled: "Cancelled. Nothing has changed.",
    secondTry: "Trying once more.",
    stages: {
      load: "Loading the model",
      caption: "Looking at the picture",
      encode: "Getting ready to separate",
      denoise: "Separating",
      decode: "Drawing the layers",
      rebuild: "Rebuilding at full size",
    },
    progress: "Progress of the layers",
    blocked: {
      generating: "A picture is being made. Wait until it is done, or cancel it.",
      "engine-failed": "The engine did not start. Close the editor and start it again.",
      starting: "Getting ready…",
      "no-model": "No model here can separate pictures. Put one into the models folder and start again.",
      "model-not-ready": "The model is not complete. Choose another one, or see below what is missing.",
      "no-picture": "Open a picture first, or drop one on the canvas.",
      gone: "The picture of these layers is not here any more. Undo brings it back.",
      group: "Choose one layer in the list at the right. A group cannot be split.",
      "no-pixels": "This layer is empty. Choose another one.",
      "too-small": "This layer is too small to be split. It needs at least 16 × 16 pixels.",
      "no-memory": "This picture does not fit into the memory.",
    },
    caption: (text) => `In the picture: ${text}`,
    list: "New layers",
    appearing: "Layers so far",
    result: (count) => plural(count, "1 new layer", "# new layers"),
    part: (index) => (index === 0 ? "Background" : `Layer ${index}`),
    arrived: "The new layers are there. Keep or discard them under “Split into layers”.",
    passes: "The layers give your picture back.",
    fails: "This did not come out well.",
    keep: "Keep",
    again: "Try again",
    discard: "Discard",
    kept: (count) => plural(count, "1 layer kept. Undo brings the picture back.", "# layers kept. Undo brings the picture back."),
    failedTitle: "The picture could not be split",
  },

  model: {
    label: "Model",
    loading: "Looking for models…",
    choose: "No model chosen",
    none: "No model was found. Put a model folder into the models folder and start again.",
    noneReady: "No model is complete yet. Choose one to see what is missing.",
    notReady: (missing) =>
      missing.length > 0 ? `Not complete. Missing: ${missing.join(", ")}` : "This model is not ready yet.",
    unavailable: (name) => `${name} (not complete)`,
    starterNote: "Starter model: small, for trying out",
    folder: (path) => `Models lie in ${path}. Start again after adding one.`,
  },

  size: {
    label: "Size",
    preset: "Size preset",
    custom: "Own size",
    presets: {
      "icon-64": "Small icon, 64 × 64",
      "icon-128": "Icon, 128 × 128",
      "square-256": "Square, 256 × 256",
      "square-512": "Square, 512 × 512",
      "square-1024": "Square, 1024 × 1024",
      "portrait-768": "Portrait, 768 × 1024",
      "landscape-1024": "Landscape, 1024 × 768",
      "wide-1280": "Wide, 1280 × 720",
    },
    width: "Width",
    height: "Height",
    swap: "Swap width and height",
  },

  steps: { label: "Steps", hint: "More steps take longer and can be cleaner." },
  seed: {
    label: "Seed",
    shuffle: "New seed",
    lock: "Keep this seed",
    locked: "Kept for every picture.",
    unlocked: "A new seed for every picture.",
  },
  guidance: { label: "Guidance", hint: "How closely the picture follows the prompt." },
  reuse: { label: "Skip similar steps", hint: "Faster. The picture turns out a little different." },
  settings: "Settings",

  references: {
    title: "References",
    empty: "Add pictures to work from: from a layer, a file or the clipboard, or drop them here.",
    add: "Add reference",
    fromLayer: "From the selected layer",
    fromFile: "From a file…",
    fromClipboard: "From the clipboard",
    use: (name) => `Use ${name}`,
    earlier: (name) => `Move ${name} up`,
    later: (name) => `Move ${name} down`,
    influence: (name) => `Influence of ${name}`,
    influenceHint: "How much is taken from this picture. 100 % is usual.",
    influenceFixed: "This model takes every reference as it is.",
    reset: "Back to 100 %",
    drag: (name) => `${name}. Drag, or Alt and arrow keys, to change the order`,
    onlyFirst: "Repainting uses the first picture that is on.",
    remove: (name) => `Remove ${name}`,
    item: (index, name) => `Reference ${index}: ${name}`,
  },

  layers: {
    title: "Layers",
    empty: "Pictures that you make or open are listed here.",
    unnamed: "Layer without a name",
    item: (name, details, { hidden, locked }) =>
      [name, ...details, hidden && "hidden", locked && "locked"].filter(Boolean).join(", "),
    children: (count) => plural(count, "Group of 1", "Group of #"),
    marks: ({ clipping, mask, fill }) =>
      [clipping && "clipped", mask && "mask", fill < 1 && `fill ${percent(fill)}`].filter(Boolean),
    show: (name) => `Show ${name}`,
    lock: (name) => `Lock ${name}`,
    rename: (name) => `Rename ${name}`,
    remove: (name) => `Delete ${name}`,
    lockedNotice: (name) => `${name} is locked. Unlock it first.`,
    split: "Split this layer…",
    opacity: "Opacity",
    opacityOf: (name) => `Opacity of ${name}`,
    blend: "Blending",
    blendOf: (name) => `Blending of ${name}`,
    blendGroups: ["Usual", "Darker", "Lighter", "Contrast", "Difference", "Colour"],
    blends: {
      "pass-through": "Pass through", normal: "Normal", dissolve: "Dissolve", darken: "Darken",
      multiply: "Multiply", "color-burn": "Colour burn", "linear-burn": "Linear burn",
      "darker-color": "Darker colour", lighten: "Lighten", screen: "Screen", "color-dodge": "Colour dodge",
      "linear-dodge": "Add", "lighter-color": "Lighter colour", overlay: "Overlay",
      "soft-light": "Soft light", "hard-light": "Hard light", "vivid-light": "Vivid light",
      "linear-light": "Linear light", "pin-light": "Pin light", "hard-mix": "Hard mix",
      difference: "Difference", exclusion: "Exclusion", subtract: "Subtract", divide: "Divide", hue: "Hue",
      saturation: "Saturation", color: "Colour", luminosity: "Brightness",
    },
    recipe({ model, seed, prompt }, known) {
      const name = known ? known.name : model;
      const made = `Made by ${name}, seed ${seed}${prompt ? `: “${prompt}”` : ""}.`;
      return known?.isStarter ? `${made} ${known.note || en.model.starterNote}.` : made;
    },
  },

  canvas: {
    label: "Canvas",
    description:
      "Drag to move, Ctrl and wheel to zoom. With the keyboard: arrow keys to move, plus and minus to zoom, 0 to fit.",
    empty: "Empty canvas",
    picture: (width, height, layers) => `Picture, ${size(width, height)}, ${plural(layers, "1 layer", "# layers")}`,
    working: { generate: "A picture is being made", split: "The picture is being separated into layers" },
    drop: "Drop to add the picture",
  },

  toolbar: {
    label: "Tools",
    create: "Create",
    zoom: (zoom) => `Zoom: ${percent(zoom)}. Show actual size`,
    theme: { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" },
    withKey: (label, key) => `${label} (${key})`,
  },

  status: {
    starting: "Getting ready…",
    ready: (device) => (device ? `Ready · ${device}` : "Ready"),
    failed: "The engine did not start",
    running: { generate: "Making a picture", split: "Separating a picture" },
    size: (width, height) => size(width, height),
  },

  engineFailed: {
    title: "The engine did not start",
    text: "You can open and save pictures, but not make new ones. Close the editor and start it again.",
  },

  shortcuts: {
    title: "Keyboard shortcuts",
    close: "Close",
    groups: [
      {
        title: "Canvas and prompt",
        keys: [
          ["Space+Drag", "Move the view"],
          ["Ctrl+Wheel", "Zoom to the pointer"],
          ["Arrow keys", "Move the view, or what the tool holds"],
          ["Tab", "Accept the suggestion in the prompt"],
          ["Escape", "Cancel, dismiss"],
        ],
      },
      {
        title: "List of layers",
        keys: [
          ["↑ / ↓", "Select the layer above / below"],
          ["→ / ←", "Open / close a group"],
          ["Alt+↑ / Alt+↓", "Move the layer up / down"],
          ["Space", "Show or hide the layer"],
        ],
      },
    ],
  },

  notices: {
    dismiss: "Dismiss",
    saved: (path) => `Saved as ${path}`,
    exported: (path) => `Exported as ${path}`,
    copied: "Picture copied.",
    opened: (name) => `Opened ${name}.`,
    nothingToSave: "There is nothing to save yet. Make or open a picture first.",
    nothingToCopy: "There is nothing to copy yet. Make or open a picture first.",
    nothingToPaste: "There is no picture on the clipboard. Copy one and try again.",
    fileTooLarge: (name) => `${name} is too large. Pictures up to 256 MB can be opened.`,
    imageLost: "A picture could not be shown. Undo the last change, or make it again.",
  },

  recovery: {
    title: "Your work is still here",
    text: "The editor ended before it was saved.",
    ago: (seconds) => `Last changed ${ago(seconds)}`,
    recover: "Recover",
    discard: "Discard",
    failed: (why) => `A safety copy could not be written. Save your work soon. ${why}`,
  },

  exports: {
    title: "Export",
    close: "Close",
    formats: [
      { format: "psd", name: "PSD", text: "All layers, for Photoshop, Krita, Affinity and others" },
      { format: "psb", name: "PSB", text: "As PSD, for pictures above 30,000 pixels" },
      { format: "ora", name: "OpenRaster", text: "All layers, for Krita, GIMP and others" },
      { format: "png", name: "PNG", text: "One picture, with transparency" },
      { format: "webp", name: "WebP", text: "One picture, smaller, with transparency" },
      { format: "jpeg", name: "JPEG", text: "One picture, small, without transparency" },
      { format: "zip", name: "ZIP", text: "Every layer as its own PNG" },
    ],
  },

  unexpected: "Something unexpected happened. Try again; if it stays, start the editor again.",

  tools,
  actions,
  menus,
  submenus,
  unavailable,
  keys,
  palette,
  dialogs,
  newDocument,
  unsaved,
  recent,
  about,
  language,
  library,
  loras,
  machine,
  forecast,
  budget,
  preferences,
  tray,

  layersPanel,
  history,
  documentTabs,
  kept,
  create,
  modes,
  queue,
  runs,
  variations,

  /** What went wrong, in words. @param {{ message?: string }} error */
  errorText: (error) => (error.message ? error.message : en.unexpected),
};
