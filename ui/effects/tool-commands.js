// @ts-check
import { rotation, scaling } from "../state/affine.js";
import { EDGES } from "../state/alignment.js";
import { guidesChanged, noticeShown, redone, undone } from "../state/actions.js";
import { noGuides } from "../state/document.js";
import { aidsChanged, brushStepped, coloursReset, coloursSwapped, snappingChanged } from "../state/tool-actions.js";
import { TOOLS } from "../state/tools.js";
import { strings } from "../strings.js";

/**
 * The commands of tools, by name.
 * @param {object} parts
 * @param {import("./jobs.js").Store} parts.store
 * @param {ReturnType<typeof import("./tools.js").createToolEffects>} parts.act
 * @param {{ settled: () => Promise<void>, isSettled: () => boolean }} parts.strokes that are not yet part of the document
 * @param {(kind: import("./selecting.js").Change) => Promise<number | null>} parts.askAmount
 * @param {() => void} parts.showCanvasSize
 * @param {() => void} parts.showColours
 * @returns {Record<string, () => void>}
 */
export function createToolCommands({ store, act, strokes, askAmount, showCanvasSize, showColours }) {
  const tool = () => store.getState().tool;
  const toggle = (key) => () => {
    store.dispatch(aidsChanged({ [key]: !tool().aids[key] }));
    // Rulers are seen at once; of the others there may be none in view.
    if (key !== "rulers") store.dispatch(noticeShown("done", strings.tools.switched[key](tool().aids[key])));
  };
  const modify = (kind) => async () => {
    const by = await askAmount(kind);
    if (by !== null) await act.modify(kind, by);
  };
  // A step that is still on its way comes before the one that takes it back.
  const inOrder = (action) => () => {
    if (tool().transform || tool().crop) act.cancel();
    else if (strokes.isSettled()) store.dispatch(action());
    else void strokes.settled().then(() => store.dispatch(action()));
  };
  return {
    ...Object.fromEntries(TOOLS.map((name) => [`tool.${name}`, () => act.choose(name)])),
    ...Object.fromEntries(EDGES.map((edge) => [`layer.align-${edge}`, () => act.align(edge)])),
    "edit.undo": inOrder(undone),
    "edit.redo": inOrder(redone),
    "edit.transform": act.startTransform,
    "edit.apply": () => void act.apply(),
    "edit.cancel": act.cancel,
    "edit.clear": () => void act.clear(),
    "edit.fill": () => void act.fill(),
    "edit.crop": () => void act.cropToSelection(),
    "edit.trim": () => void act.trim(),
    "edit.canvas-size": showCanvasSize,
    "edit.canvas-flip-horizontal": () => void act.mapCanvas(scaling(-1, 1), "canvasFlipped"),
    "edit.canvas-flip-vertical": () => void act.mapCanvas(scaling(1, -1), "canvasFlipped"),
    "edit.canvas-rotate-left": () => void act.mapCanvas(rotation(-90), "canvasRotated"),
    "edit.canvas-rotate-right": () => void act.mapCanvas(rotation(90), "canvasRotated"),
    "edit.canvas-rotate-half": () => void act.mapCanvas(rotation(180), "canvasRotated"),
    "layer.flip-horizontal": () => void act.flip("horizontal"),
    "layer.flip-vertical": () => void act.flip("vertical"),
    "layer.rotate-left": () => void act.turn(-90),
    "layer.rotate-right": () => void act.turn(90),
    "layer.distribute-horizontal": () => act.distribute("horizontal"),
    "layer.distribute-vertical": () => act.distribute("vertical"),
    "select.all": () => void act.selectAll(),
    "select.none": act.selectNothing,
    "select.invert": () => void act.invert(),
    "select.alpha": () => void act.selectAlpha(),
    "select.grow": modify("grow"),
    "select.shrink": modify("shrink"),
    "select.feather": modify("feather"),
    "select.border": modify("border"),
    "tool.swap-colours": () => store.dispatch(coloursSwapped()),
    "tool.default-colours": () => store.dispatch(coloursReset()),
    "tool.brush-smaller": () => store.dispatch(brushStepped(-1)),
    "tool.brush-larger": () => store.dispatch(brushStepped(1)),
    "tool.colour": showColours,
    "view.rulers": toggle("rulers"),
    "view.guides": toggle("guides"),
    "view.pixel-grid": toggle("pixelGrid"),
    "view.guides-clear": () => store.dispatch(guidesChanged(noGuides)),
    "view.snapping": () => {
      store.dispatch(snappingChanged({ on: !tool().snapping.on }));
      store.dispatch(noticeShown("done", strings.tools.switched.snapping(tool().snapping.on)));
    },
  };
}
