// @ts-check
import { apply, boundsOf, corners, multiply, rotation, scaling, translation } from "../state/affine.js";
import {
  canvasResized, guidesChanged, inTab, layersDuplicated, layersOffset, layersReplaced, layersSelected, mergeEnded, noticeShown,
  selectionChanged,
} from "../state/actions.js";
import { align, distribute } from "../state/alignment.js";
import { movable } from "../state/layer-changes.js";
import { boxesOf, selectedBox, selectedTop, withInner } from "../state/selected.js";
import { selectPicture } from "../state/selectors.js";
import { toolChosen, transformChanged } from "../state/tool-actions.js";
import { aboutMiddle, flipped, isUnchanged, matrixOf, moveBy, startTransform, withNumbers } from "../state/transform.js";
import { lockOf, walk } from "../state/tree.js";
import { strings } from "../strings.js";

/**
 * Where layers lie and how large they are.
 * @typedef {import("./jobs.js").Store} Store
 * @typedef {import("../state/affine.js").Matrix} Matrix
 */

/**
 * @param {Store} store
 * @param {any} ipc
 * @param {{ ready: (images: { id: number, width: number, height: number }[]) => Promise<void> }} outside `ready` resolves when new images can be shown
 */
export function createArranging(store, ipc, { ready }) {
  let counter = 0;
  /** @type {Promise<void> | null} */
  let committing = null;
  const say = (key) => store.dispatch(noticeShown("error", strings.tools.blocked[key]));

  function mayMove(ids) {
    const may = movable(selectPicture(store.getState()), ids).length > 0;
    if (!may) say("position-locked");
    return may;
  }

  function mayTransform(ids) {
    const { layers } = selectPicture(store.getState());
    const free = withInner(store.getState(), ids).every(({ id }) => {
      const lock = lockOf(layers, id);
      return !lock.pixels && !lock.position;
    });
    if (!free) say("locked");
    return free;
  }

  /** What a map makes of layers, as one step. @param {number[]} ids @param {Matrix} matrix */
  async function replaced(ids, matrix) {
    const { filter } = store.getState().tool.moving;
    const list = [];
    let bytes = 0;
    for (const layer of withInner(store.getState(), ids)) {
      if (layer.kind !== "pixels" || layer.imageId === 0) continue;
      const linked = layer.mask?.linked ? layer.mask : null;
      const made = await ipc.transformLayer({ image: layer.imageId, mask: linked, x: layer.x, y: layer.y, matrix, filter });
      bytes += made.bytes;
      const mask = linked && made.mask ? { ...linked, ...made.mask } : layer.mask;
      list.push({ id: layer.id, imageId: made.imageId, x: made.x, y: made.y, width: made.width, height: made.height, mask });
    }
    await ready(list.map(({ imageId, width, height }) => ({ id: imageId, width, height })));
    return { list, bytes };
  }

  async function transformBy(ids, matrix, label) {
    const tab = store.getState().tabs.active;
    try {
      const { list, bytes } = await replaced(ids, matrix);
      if (list.length > 0) store.dispatch(inTab(tab, layersReplaced(list, label, bytes)));
      return true;
    } catch (error) {
      store.dispatch(noticeShown("error", strings.errorText(error)));
      return false;
    }
  }

  function offsetBy({ ids, box, centre }) {
    const [dx, dy] = [centre.x - box.x - box.width / 2, centre.y - box.y - box.height / 2];
    store.dispatch(layersOffset(ids, dx, dy));
    store.dispatch(transformChanged(null));
  }

  const isMoveOnly = ({ scaleX, scaleY, angle }) => scaleX === 1 && scaleY === 1 && angle % 360 === 0;

  /** Resolves when what was begun is part of the document. */
  function commitTransform() {
    const { transform } = store.getState().tool;
    if (!transform) return Promise.resolve();
    if (committing) return committing;
    if (isUnchanged(transform)) store.dispatch(transformChanged(null));
    else if (isMoveOnly(transform)) offsetBy(transform);
    else {
      committing = transformBy(transform.ids, matrixOf(transform), "transformed").then((done) => {
        committing = null;
        // A frame that was changed meanwhile is another transform.
        if (done && store.getState().tool.transform === transform) store.dispatch(transformChanged(null));
      });
      return committing;
    }
    return Promise.resolve();
  }

  // A map of what is selected, at once; a transform that is under way takes it up.
  async function mapSelected(label, matrix, change) {
    const { transform } = store.getState().tool;
    if (transform) {
      store.dispatch(transformChanged(change(transform)));
      return;
    }
    const found = selectedBox(store.getState());
    if (!found || !mayTransform(found.ids)) return;
    await transformBy(found.ids, onWholePixels(found.box, aboutMiddle(found.box, matrix)), label);
  }

  function moveEach(offsets, label) {
    if (offsets.length === 0) {
      say("in-place");
      return;
    }
    const mergeKey = `${label} ${(counter += 1)}`;
    for (const { id, dx, dy } of offsets) store.dispatch({ ...layersOffset([id], dx, dy, mergeKey), label });
    store.dispatch(mergeEnded());
  }

  function alignTarget() {
    const state = store.getState();
    const picture = selectPicture(state);
    const found = selectedBox(state);
    const { alignTo } = state.tool.moving;
    const several = selectedTop(state).length > 1;
    if (alignTo === "layers" && found) return found.box;
    if (alignTo === "canvas") return picture;
    if (picture.selection && (alignTo === "selection" || alignTo === "auto")) return picture.selection;
    return alignTo === "auto" && several && found ? found.box : picture;
  }

  return {
    mayMove,
    mayTransform,
    commitTransform,
    isCommitting: () => committing !== null,

    /** A drag that only moved is done when the button is let go. */
    commitMove() {
      const { transform } = store.getState().tool;
      if (transform && isMoveOnly(transform)) void commitTransform();
    },

    /** @param {number[]} ids @param {number | null} primary */
    selectLayers: (ids, primary) => store.dispatch(layersSelected(ids, primary)),
    duplicate: () => store.dispatch(layersDuplicated(selectedTop(store.getState()), strings.tools.copySuffix)),

    /** @param {number} dx @param {number} dy */
    nudge(dx, dy) {
      const state = store.getState();
      if (state.tool.transform) {
        store.dispatch(transformChanged(moveBy(state.tool.transform, dx, dy)));
        return;
      }
      const ids = selectedTop(state);
      if (ids.length > 0 && mayMove(ids)) store.dispatch(layersOffset(ids, dx, dy, `nudge ${ids.join()}`));
    },

    /** Handles around what is selected. */
    startTransform() {
      const state = store.getState();
      const found = selectedBox(state);
      if (!found || !mayTransform(found.ids)) return;
      if (state.tool.active !== "move") store.dispatch(toolChosen("move"));
      if (!store.getState().tool.transform) store.dispatch(transformChanged(startTransform(found.ids, found.box)));
    },

    /** Numbers that were written. @param {Parameters<typeof withNumbers>[1]} numbers @param {boolean} keepRatio */
    setNumbers(numbers, keepRatio) {
      const state = store.getState();
      const found = selectedBox(state);
      const transform = state.tool.transform ?? (found && startTransform(found.ids, found.box));
      if (!transform) return;
      const places = Object.keys(numbers).every((key) => key === "x" || key === "y");
      if (!(places ? mayMove : mayTransform)(transform.ids)) return;
      const next = withNumbers(transform, numbers, keepRatio);
      if (state.tool.transform || !places) store.dispatch(transformChanged(next));
      else if (!isUnchanged(next)) offsetBy(next);
    },

    /** @param {"horizontal" | "vertical"} axis */
    flip: (axis) => mapSelected("flipped", axis === "horizontal" ? scaling(-1, 1) : scaling(1, -1), (transform) => flipped(transform, axis)),
    /** @param {90 | -90 | 180} degrees */
    turn: (degrees) => mapSelected("rotated", rotation(degrees), (transform) => withNumbers(transform, { angle: transform.angle + degrees })),

    /** @param {import("../state/alignment.js").Edge} edge */
    align(edge) {
      const state = store.getState();
      const ids = selectedTop(state);
      if (ids.length > 0 && mayMove(ids)) moveEach(align(boxesOf(state, ids), edge, alignTarget()), "aligned");
    },

    /** @param {"horizontal" | "vertical"} direction */
    distribute(direction) {
      const state = store.getState();
      const ids = selectedTop(state);
      if (ids.length < 3) say("few-layers");
      else moveEach(distribute(boxesOf(state, ids), direction), "distributed");
    },

    /**
     * The whole picture is turned or mirrored: every layer, guides and its rectangle, as one step.
     * @param {Matrix} map
     * @param {string} label
     */
    async mapCanvas(map, label) {
      const state = store.getState();
      const picture = selectPicture(state);
      const ids = picture.layers.map(({ id }) => id);
      if (ids.length > 0 && !mayTransform(ids)) return;
      const { x, y, width, height } = picture;
      const frame = { x, y, width, height };
      // About the corner, so that the picture stays where it begins.
      const turned = boundsOf(corners(frame).map((point) => apply(map, point)));
      const matrix = multiply(translation(x - turned.x, y - turned.y), map);
      const tab = state.tabs.active;
      try {
        const { list, bytes } = await replaced(ids, matrix);
        const mergeKey = `${label} ${(counter += 1)}`;
        const join = (action) => store.dispatch(inTab(tab, { ...action, undo: "merge", mergeKey, label }));
        join(layersReplaced(list, label, bytes));
        join(canvasResized({ x, y, width: turned.width, height: turned.height }, label));
        join(guidesChanged(mapGuides(picture.guides, matrix)));
        if (picture.selection) join(selectionChanged(null, label));
        store.dispatch(inTab(tab, mergeEnded()));
      } catch (error) {
        store.dispatch(noticeShown("error", strings.errorText(error)));
      }
    },

    /**
     * The picture's rectangle; nothing moves.
     * @param {import("../state/document.js").Rect} rect
     * @param {string} label
     * @param {boolean} cutsLayers whether what is outside is lost
     */
    async resizeCanvas(rect, label, cutsLayers) {
      const state = store.getState();
      const tab = state.tabs.active;
      const mergeKey = `${label} ${(counter += 1)}`;
      const join = (action) => store.dispatch(inTab(tab, { ...action, undo: "merge", mergeKey, label }));
      try {
        const cut = cutsLayers ? await cutLayers(ipc, selectPicture(state), rect) : { list: [], bytes: 0 };
        if (cut.list.length > 0) join(layersReplaced(cut.list, label, cut.bytes));
        join(canvasResized(rect, label));
        store.dispatch(inTab(tab, mergeEnded()));
      } catch (error) {
        store.dispatch(noticeShown("error", strings.errorText(error)));
      }
    },
  };
}

// What lies half in: outside of the new rectangle its pixels are cut away. What lies whole outside stays as it is.
async function cutLayers(ipc, picture, rect) {
  const list = [];
  let bytes = 0;
  for (const layer of walk(picture.layers)) {
    if (layer.kind !== "pixels" || layer.imageId === 0 || lockOf(picture.layers, layer.id).pixels) continue;
    const x = Math.max(layer.x, rect.x);
    const y = Math.max(layer.y, rect.y);
    const width = Math.min(layer.x + layer.width, rect.x + rect.width) - x;
    const height = Math.min(layer.y + layer.height, rect.y + rect.height) - y;
    if (width <= 0 || height <= 0 || (width === layer.width && height === layer.height)) continue;
    const made = await ipc.growImage({ id: layer.imageId, x: x - layer.x, y: y - layer.y, width, height });
    bytes += made.bytes;
    list.push({ id: layer.id, imageId: made.id, x, y, width, height, mask: layer.mask });
  }
  return { list, bytes };
}

// A quarter turn about a middle between pixels would smear them.
function onWholePixels(box, matrix) {
  const { x, y } = boundsOf(corners(box).map((point) => apply(matrix, point)));
  return multiply(translation(Math.floor(x + 1e-6) - x, Math.floor(y + 1e-6) - y), matrix);
}

function mapGuides({ vertical, horizontal }, matrix) {
  const turns = matrix[0] === 0;
  const [x, y] = [vertical.map((at) => apply(matrix, { x: at, y: 0 })), horizontal.map((at) => apply(matrix, { x: 0, y: at }))];
  const ofX = x.map((point) => Math.round(turns ? point.y : point.x));
  const ofY = y.map((point) => Math.round(turns ? point.x : point.y));
  return turns ? { vertical: ofY, horizontal: ofX } : { vertical: ofX, horizontal: ofY };
}
