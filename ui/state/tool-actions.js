// @ts-check

/**
 * What can happen to the tools; `ui/state/tools.js` decides what it means.
 * @typedef {import("./tools.js").ToolName} ToolName
 * @typedef {import("./tools.js").Colour} Colour
 */

/** @param {ToolName} name */
export const toolChosen = (name) => ({ type: "tool/chosen", name });
/** @param {Colour} colour */
export const colourChosen = (colour) => ({ type: "tool/colourChosen", colour });
/** A colour that was painted with is offered again. @param {Colour} colour */
export const colourUsed = (colour) => ({ type: "tool/colourUsed", colour });
/** @param {Colour} colour */
export const otherColourChosen = (colour) => ({ type: "tool/otherColourChosen", colour });
export const coloursSwapped = () => ({ type: "tool/coloursSwapped" });
export const coloursReset = () => ({ type: "tool/coloursReset" });
/** Of the brush or the eraser, whichever is in the hand. @param {Partial<import("./tools.js").Brush>} part */
export const brushChanged = (part) => ({ type: "tool/brushChanged", part });
/** @param {1 | -1} direction */
export const brushStepped = (direction) => ({ type: "tool/brushStepped", direction });
/** @param {"pixels" | "mask"} target */
export const targetChosen = (target) => ({ type: "tool/targetChosen", target });
/** @param {Partial<import("./tools.js").Selecting>} part */
export const selectingChanged = (part) => ({ type: "tool/selectingChanged", part });
/** @param {Partial<import("./tools.js").Moving>} part */
export const movingChanged = (part) => ({ type: "tool/movingChanged", part });
/** @param {Partial<import("./tools.js").Snapping>} part */
export const snappingChanged = (part) => ({ type: "tool/snappingChanged", part });
/** @param {Partial<import("./tools.js").Aids>} part */
export const aidsChanged = (part) => ({ type: "tool/aidsChanged", part });
/** @param {import("./transform.js").Transform | null} transform */
export const transformChanged = (transform) => ({ type: "tool/transformChanged", transform });
/** @param {import("./document.js").Rect | null} rect in the document */
export const cropChanged = (rect) => ({ type: "tool/cropChanged", rect });
/** A stroke is drawn and on its way into the document. */
export const strokeEnded = () => ({ type: "tool/strokeEnded" });
/** It is part of the document, or never will be. */
export const strokeArrived = () => ({ type: "tool/strokeArrived" });
/** @param {Partial<import("./tools.js").Cropping>} part */
export const croppingChanged = (part) => ({ type: "tool/croppingChanged", part });
