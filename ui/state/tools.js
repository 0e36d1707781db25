// @ts-check

/**
 * What the hand holds: the tool, its settings, the colours. Nothing here is part of the document.
 *
 * @typedef {"move" | "select-rect" | "select-ellipse" | "lasso" | "polygon" | "brush" | "eraser" | "crop"
 *   | "eyedropper" | "pan" | "zoom"} ToolName
 * @typedef {[number, number, number]} Colour red, green, blue of 0 to 255
 * @typedef {{ size: number, hardness: number, opacity: number, pressureSize: boolean, pressureOpacity: boolean }} Brush
 *   `size` in pixels of the document, `hardness` and `opacity` 0 to 1
 * @typedef {"replace" | "add" | "subtract" | "intersect"} SelectionOp
 * @typedef {{ op: SelectionOp, feather: number, antialias: boolean }} Selecting
 * @typedef {{ autoSelect: boolean, picks: "layer" | "group", filter: "smooth" | "nearest",
 *   alignTo: "auto" | "layers" | "canvas" | "selection" }} Moving
 * @typedef {{ on: boolean, layers: boolean, canvas: boolean, guides: boolean }} Snapping
 * @typedef {{ rulers: boolean, guides: boolean, pixelGrid: boolean }} Aids
 * @typedef {{ ratio: number | null, keepPixels: boolean }} Cropping `ratio` is width by height
 *
 * @typedef {object} Tool
 * @property {ToolName} active
 * @property {Colour} colour
 * @property {Colour} otherColour
 * @property {Colour[]} recent newest first
 * @property {Brush} brush
 * @property {Brush} eraser
 * @property {"pixels" | "mask"} target what is painted on
 * @property {Selecting} selecting
 * @property {Moving} moving
 * @property {Snapping} snapping
 * @property {Aids} aids
 * @property {Cropping} cropping
 * @property {import("./transform.js").Transform | null} transform what is not yet committed
 * @property {import("./document.js").Rect | null} crop what is to remain
 * @property {number} strokes how many are drawn and not yet part of the document
 */

/** @type {ToolName[]} in the order of the toolbox */
export const TOOLS = [
  "move", "select-rect", "select-ellipse", "lasso", "polygon", "crop", "eyedropper", "brush", "eraser", "pan", "zoom",
];

export const BRUSH_SIZE = { min: 1, max: 2000 };
const RECENT = 16;
const BLACK = /** @type {Colour} */ ([0, 0, 0]);
const WHITE = /** @type {Colour} */ ([255, 255, 255]);

/** @type {Tool} */
export const initialTool = {
  active: "move",
  colour: BLACK,
  otherColour: WHITE,
  recent: [],
  brush: { size: 24, hardness: 0.8, opacity: 1, pressureSize: true, pressureOpacity: false },
  eraser: { size: 40, hardness: 0.8, opacity: 1, pressureSize: true, pressureOpacity: false },
  target: "pixels",
  selecting: { op: "replace", feather: 0, antialias: true },
  moving: { autoSelect: true, picks: "layer", filter: "smooth", alignTo: "auto" },
  snapping: { on: true, layers: true, canvas: true, guides: true },
  aids: { rulers: false, guides: true, pixelGrid: true },
  cropping: { ratio: null, keepPixels: true },
  transform: null,
  crop: null,
  strokes: 0,
};

/**
 * @param {Tool} tool
 * @param {import("./actions.js").Action} action
 * @returns {Tool}
 */
export function reduceTool(tool, action) {
  switch (action.type) {
    case "tool/chosen":
      // What is under way ends with its tool; the effects commit it before.
      return TOOLS.includes(action.name) && action.name !== tool.active
        ? { ...tool, active: action.name, transform: null, crop: null } : tool;
    case "tool/colourChosen":
      return sameColour(tool.colour, action.colour) ? tool : { ...tool, colour: valid(action.colour) };
    case "tool/otherColourChosen":
      return { ...tool, otherColour: valid(action.colour) };
    case "tool/colourUsed":
      return withRecent(tool, action.colour);
    case "tool/coloursSwapped":
      return { ...tool, colour: tool.otherColour, otherColour: tool.colour };
    case "tool/coloursReset":
      return { ...tool, colour: BLACK, otherColour: WHITE };
    case "tool/brushChanged":
      return withBrush(tool, action.part);
    case "tool/brushStepped":
      return withBrush(tool, { size: steppedSize(brushOf(tool).size, action.direction) });
    case "tool/targetChosen":
      return tool.target === action.target ? tool : { ...tool, target: action.target };
    case "tool/selectingChanged":
      return { ...tool, selecting: { ...tool.selecting, ...action.part } };
    case "tool/movingChanged":
      return { ...tool, moving: { ...tool.moving, ...action.part } };
    case "tool/snappingChanged":
      return { ...tool, snapping: { ...tool.snapping, ...action.part } };
    case "tool/aidsChanged":
      return { ...tool, aids: { ...tool.aids, ...action.part } };
    case "tool/croppingChanged":
      return { ...tool, cropping: { ...tool.cropping, ...action.part } };
    case "tool/transformChanged":
      return tool.transform === action.transform ? tool : { ...tool, transform: action.transform };
    case "tool/cropChanged":
      return { ...tool, crop: action.rect };
    case "tool/strokeEnded":
      return { ...tool, strokes: tool.strokes + 1 };
    case "tool/strokeArrived":
      return { ...tool, strokes: tool.strokes - 1 };
    case "history/undone":
    case "history/redone":
    case "history/jumped":
    case "document/opened":
    case "document/cleared":
    case "tabs/shown":
      return tool.transform || tool.crop ? { ...tool, transform: null, crop: null } : tool;
    default:
      return tool;
  }
}

/** The settings of the brush or the eraser, whichever is in the hand. @param {Tool} tool */
export const brushOf = (tool) => (tool.active === "eraser" ? tool.eraser : tool.brush);

/** Whether the hand has something that Undo takes back, though it is no step yet. @param {Tool} tool */
export const hasBegun = (tool) => tool.strokes > 0 || tool.transform !== null || tool.crop !== null;

/** Whether the tool paints. @param {ToolName} name */
export const paints = (name) => name === "brush" || name === "eraser";

/** Whether the tool selects an area. @param {ToolName} name */
export const selects = (name) => name === "select-rect" || name === "select-ellipse" || name === "lasso" || name === "polygon";

/** @param {Colour} a @param {Colour} b */
export const sameColour = (a, b) => a.every((value, index) => value === b[index]);

/**
 * The next size up or down: small ones by pixels, large ones by tenths.
 * @param {number} size
 * @param {1 | -1} direction
 */
export function steppedSize(size, direction) {
  const step = size < 10 || (size === 10 && direction < 0) ? 1 : size < 50 ? 5 : size < 100 ? 10 : size < 300 ? 25 : 100;
  return clampSize(Math.round((size + direction * step) / step) * step);
}

function withBrush(tool, part) {
  const key = tool.active === "eraser" ? "eraser" : "brush";
  const next = { ...tool[key], ...part };
  next.size = clampSize(next.size);
  next.hardness = share(next.hardness);
  next.opacity = share(next.opacity);
  const changed = Object.keys(next).some((name) => next[name] !== tool[key][name]);
  return changed ? { ...tool, [key]: next } : tool;
}

function withRecent(tool, colour) {
  if (tool.recent.length > 0 && sameColour(tool.recent[0], colour)) return tool;
  return { ...tool, recent: [colour, ...tool.recent.filter((other) => !sameColour(other, colour))].slice(0, RECENT) };
}

function valid(colour) {
  return /** @type {Colour} */ (colour.map((value) => Math.min(255, Math.max(0, Math.round(value)))));
}

function clampSize(size) {
  return Math.min(BRUSH_SIZE.max, Math.max(BRUSH_SIZE.min, Number.isFinite(size) ? size : BRUSH_SIZE.min));
}

function share(value) {
  return Math.min(1, Math.max(0, value));
}
