// @ts-check

/** Every word that users read, in one place. */

const number = new Intl.NumberFormat("en");

/**
 * @param {number | null} seconds
 * @returns {string} "" when it is not known
 */
export function timeLeft(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds < 1) return "less than a second left";
  if (seconds < 10) return plural(Math.round(seconds), "about 1 second left", "about # seconds left");
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} seconds left`;
  if (seconds < 3300) return plural(Math.max(1, Math.round(seconds / 60)), "about 1 minute left", "about # minutes left");
  return plural(Math.max(1, Math.round(seconds / 3600)), "about 1 hour left", "about # hours left");
}

/**
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0.1, seconds).toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** @param {number} width @param {number} height */
export function size(width, height) {
  return `${width} × ${height}`;
}

/** @param {number} zoom */
export function percent(zoom) {
  const value = zoom * 100;
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}

function plural(count, one, many) {
  return count === 1 ? one : many.replace("#", number.format(count));
}

export const strings = {
  name: "Veetance Asset Editor",
  starting: "Getting ready…",
  startingSlowly: "Still getting ready. The first start takes longer.",

  start: {
    title: "Describe an asset",
    text: "Write what you need, or start with one of these. You can also drop a picture here.",
    examples: ["a red potion", "a green gem on a dark background", "a wooden shield"],
    example: (prompt) => `Make “${prompt}”`,
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
      "engine-failed": "The engine did not start",
      "no-model": "The model is not ready",
      "no-prompt": "Write a prompt first",
      running: "",
    },
    progress: "Progress of the picture",
    tryAgain: "Try again",
    useModel: (name) => `Use ${name}`,
    smaller: (width, height) => `Use ${size(width, height)}`,
    dismissError: "Dismiss",
    failedTitle: "No picture this time",
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
  settings: "Settings",

  references: {
    title: "References",
    empty: "Add pictures to work from.",
    add: "Add reference",
    fromLayer: "From the selected layer",
    fromFile: "From a file…",
    fromClipboard: "From the clipboard",
    use: (name) => `Use ${name}`,
    earlier: (name) => `Move ${name} to the left`,
    later: (name) => `Move ${name} to the right`,
    remove: (name) => `Remove ${name}`,
    item: (index, name) => `Reference ${index}: ${name}`,
  },

  layers: {
    title: "Layers",
    empty: "Pictures that you make or open are listed here.",
    show: (name) => `Show ${name}`,
    select: (name) => `Select ${name}`,
    rename: (name) => `Rename ${name}`,
    remove: (name) => `Delete ${name}`,
    opacity: "Opacity",
    opacityOf: (name) => `Opacity of ${name}`,
  },

  canvas: {
    label: "Canvas",
    description:
      "Drag to move, Ctrl and wheel to zoom. With the keyboard: arrow keys to move, plus and minus to zoom, 0 to fit.",
    empty: "Empty canvas",
    picture: (width, height, layers) => `Picture, ${size(width, height)}, ${plural(layers, "1 layer", "# layers")}`,
    generating: "A picture is being made",
    drop: "Drop to add the picture",
  },

  toolbar: {
    label: "Tools",
    create: "Create",
    new: "New",
    open: "Open…",
    save: "Save As PNG…",
    undo: "Undo",
    redo: "Redo",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    fit: "Fit in window",
    zoom: (zoom) => `Zoom: ${percent(zoom)}. Show actual size`,
    theme: { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" },
    shortcuts: "Keyboard shortcuts",
    withKey: (label, key) => `${label} (${key})`,
  },

  status: {
    starting: "Getting ready…",
    ready: (device) => (device ? `Ready · ${device}` : "Ready"),
    failed: "The engine did not start",
    running: "Making a picture",
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
        title: "Make",
        keys: [
          ["Ctrl+Enter", "Generate"],
          ["Escape", "Cancel, dismiss"],
          ["Tab", "Accept the suggestion in the prompt"],
        ],
      },
      {
        title: "File and edit",
        keys: [
          ["Ctrl+N", "New"],
          ["Ctrl+O", "Open"],
          ["Ctrl+S", "Save as PNG"],
          ["Ctrl+Shift+E", "Export"],
          ["Ctrl+C / Ctrl+V", "Copy / paste a picture"],
          ["Ctrl+Z", "Undo"],
          ["Ctrl+Shift+Z", "Redo"],
        ],
      },
      {
        title: "View",
        keys: [
          ["Space+Drag", "Move the view"],
          ["Ctrl+Wheel", "Zoom to the pointer"],
          ["Ctrl+0", "Fit in window"],
          ["Ctrl+1", "Actual size"],
          ["Ctrl++ / Ctrl+−", "Zoom in / out"],
        ],
      },
      {
        title: "Layers",
        keys: [
          ["↑ / ↓", "Select the layer above / below"],
          ["Alt+↑ / Alt+↓", "Move the layer up / down"],
          ["F2", "Rename"],
          ["Delete", "Delete the layer"],
        ],
      },
    ],
  },

  notices: {
    dismiss: "Dismiss",
    saved: (path) => `Saved as ${path}`,
    copied: "Picture copied.",
    opened: (name) => `Opened ${name}. Undo brings the picture before back.`,
    nothingToSave: "There is nothing to save yet. Make or open a picture first.",
    nothingToCopy: "There is nothing to copy yet. Make or open a picture first.",
    nothingToPaste: "There is no picture on the clipboard. Copy one and try again.",
    fileTooLarge: (name) => `${name} is too large. Pictures up to 256 MB can be opened.`,
    imageLost: "A picture could not be shown. Undo the last change, or make it again.",
  },

  unexpected: "Something unexpected happened. Try again; if it stays, start the editor again.",

  /** What went wrong, in words. @param {{ message?: string }} error */
  errorText: (error) => (error.message ? error.message : strings.unexpected),
};
