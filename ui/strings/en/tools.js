// @ts-check

/** Tools, their options, colours and what they say. */
export const tools = {
  toolbox: "Tools",
  optionsOf: (name) => `Options of the tool: ${name}`,
  copySuffix: " copy",
  names: {
    "move": "Move", "select-rect": "Rectangle", "select-ellipse": "Ellipse", "lasso": "Lasso", "polygon": "Polygon", "crop": "Crop",
    "eyedropper": "Eyedropper", "brush": "Brush", "eraser": "Eraser", "pan": "Hand", "zoom": "Zoom",
  },
  pixels: "px",
  percentSign: "%",
  degrees: "°",

  move: {
    picks: "What a click selects",
    picksLayer: "Layers",
    picksGroup: "Groups",
    picksNothing: "Nothing",
    x: "X", y: "Y", width: "W", height: "H", angle: "Angle",
    xHint: "Distance from the left edge", yHint: "Distance from the top edge",
    widthHint: "Width", heightHint: "Height", angleHint: "Angle, clockwise",
    ratio: "Keep width and height in proportion",
    smooth: "Smooth",
    smoothHint: "Off keeps the hard pixels of pixel art",
    apply: "Apply",
    cancel: "Cancel",
  },

  align: {
    open: "Align",
    to: "Align to",
    targets: { auto: "What fits", layers: "Selected layers", canvas: "Canvas", selection: "Selection" },
  },

  snap: {
    open: "Snap",
    on: "Snapping",
    layers: "To layers",
    canvas: "To the canvas",
    guides: "To guides",
  },

  selecting: {
    op: "A new selection",
    ops: {
      replace: "Replaces the old one", add: "Is added (Shift)", subtract: "Is taken away (Alt)", intersect: "Keeps what both have (Shift+Alt)",
    },
    feather: "Feather",
    featherHint: "How soft the edge is",
    antialias: "Smooth edges",
    change: "Change",
  },

  brush: {
    size: "Size", hardness: "Hardness", opacity: "Opacity",
    pressureSize: "Pen pressure changes the size",
    pressureOpacity: "Pen pressure changes the opacity",
    target: "Paint on",
    pixelsTarget: "Layer",
    maskTarget: "Mask",
    maskHint: "Black hides, white shows",
    noMask: "The layer has no mask",
  },

  crop: {
    ratio: "Proportions",
    ratios: { free: "Free", original: "As it is", 1: "1 : 1", 1.3333: "4 : 3", 1.5: "3 : 2", 1.7778: "16 : 9", 0.75: "3 : 4", 0.6667: "2 : 3", 0.5625: "9 : 16" },
    width: "W", height: "H", widthHint: "Width", heightHint: "Height",
    keep: "Keep what is cut off",
    keepHint: "Layers keep their pixels outside of the canvas",
    apply: "Crop",
    cancel: "Cancel",
  },

  view: {
    fit: "Fit",
    actual: "100 %",
  },

  colour: {
    title: "Colour",
    otherTitle: "Other colour",
    close: "Close",
    square: "Saturation and brightness",
    squareValue: (saturation, brightness) => `Saturation ${saturation} %, brightness ${brightness} %`,
    hue: "Hue",
    hex: "Hex",
    recent: "Recent colours",
    use: (hex) => `Use ${hex}`,
    front: (hex) => `Colour ${hex}`,
    back: (hex) => `Other colour ${hex}`,
  },

  amounts: {
    grow: { title: "Grow Selection", label: "Grow by", done: "Grow" },
    shrink: { title: "Shrink Selection", label: "Shrink by", done: "Shrink" },
    feather: { title: "Feather Selection", label: "Soften by", done: "Feather" },
    border: { title: "Select Border", label: "Width", done: "Select" },
  },

  canvasSize: {
    title: "Canvas Size",
    close: "Close",
    width: "Width",
    height: "Height",
    anchor: "Where the picture stays",
    anchors: [
      "Top left", "Top", "Top right", "Left", "Middle", "Right", "Bottom left", "Bottom", "Bottom right",
    ],
    now: (width, height) => `Now ${width} × ${height} pixels`,
    done: "Resize",
    cancel: "Cancel",
  },

  switched: {
    guides: (on) => (on ? "Guides are shown." : "Guides are hidden."),
    pixelGrid: (on) => (on ? "The pixel grid is shown from 1600 % on." : "The pixel grid is hidden."),
    snapping: (on) => (on ? "Snapping is on." : "Snapping is off."),
  },
  nothingToTrim: "There is nothing to trim: the picture reaches to every edge.",

  /** Why a tool does nothing, and what to do about it. */
  blocked: {
    "no-layer": "Select a layer to paint on.",
    "no-mask": "The layer has no mask. Add one, or paint on the layer.",
    "group": "A group has no pixels of its own. Select a layer in it.",
    "hidden": "The layer is hidden. Show it first.",
    "locked": "The layer is locked. Unlock it first.",
    "position-locked": "The layer is locked in its place. Unlock it first.",
    "few-layers": "Select three or more layers to distribute them.",
    "in-place": "The layers lie there already.",
    "empty": "There is nothing to see in the picture.",
  },
};
