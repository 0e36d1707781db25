// @ts-check
import { guidesChanged, noticeShown } from "../state/actions.js";
import { selectPicture } from "../state/selectors.js";
import { colourChosen, cropChanged, otherColourChosen, toolChosen, transformChanged } from "../state/tool-actions.js";
import { toWire } from "../state/wire.js";
import { strings } from "../strings.js";
import { createArranging } from "./arranging.js";
import { createPainting } from "./painting.js";
import { createSelecting } from "./selecting.js";

/**
 * What tools ask for, beyond what they show while the pointer is down.
 * @param {import("./jobs.js").Store} store
 * @param {any} ipc
 * @param {object} outside
 * @param {{ share: (newId: number, oldId: number, changed: import("../state/document.js").Rect) => void }} outside.tiles
 * @param {(images: { id: number, width: number, height: number }[]) => Promise<void>} outside.ready resolves when new images can be shown
 */
export function createToolEffects(store, ipc, { tiles, ready }) {
  const selecting = createSelecting(store, ipc);
  const painting = createPainting(store, ipc, tiles);
  const arranging = createArranging(store, ipc, { ready });
  /** @type {{ x: number, y: number, other: boolean } | null} */
  let asked = null;
  let asking = false;

  async function askColour() {
    if (asking) return;
    asking = true;
    while (asked) {
      const { x, y, other } = asked;
      asked = null;
      const picture = selectPicture(store.getState());
      try {
        const [red, green, blue, alpha] = await ipc.samplePixel(toWire(picture), x - picture.x, y - picture.y);
        // Where nothing is, there is no colour.
        if (alpha > 0) store.dispatch((other ? otherColourChosen : colourChosen)([red, green, blue]));
      } catch (error) {
        store.dispatch(noticeShown("error", strings.errorText(error)));
      }
    }
    asking = false;
  }

  async function applyCrop() {
    const { crop, cropping } = store.getState().tool;
    if (!crop) return;
    store.dispatch(cropChanged(null));
    await arranging.resizeCanvas(crop, "cropped", !cropping.keepPixels);
  }

  return {
    ...selecting,
    ...painting,
    ...arranging,

    /** @param {number} id */
    loadOutline: (id) => ipc.selectionOutline(id),

    /** The newest place wins while an answer is on its way. @param {number} x @param {number} y @param {boolean} other */
    pickColour(x, y, other) {
      const { x: left, y: top, width, height } = selectPicture(store.getState());
      if (x < left || y < top || x >= left + width || y >= top + height) return;
      asked = { x, y, other };
      void askColour();
    },

    /** @param {import("../state/document.js").Guides} guides */
    setGuides: (guides) => store.dispatch(guidesChanged(guides)),

    /** What is under way becomes part of the document. */
    async apply() {
      await arranging.commitTransform();
      await applyCrop();
    },

    /** What is under way is forgotten. */
    cancel() {
      store.dispatch(transformChanged(null));
      store.dispatch(cropChanged(null));
    },

    /** @param {import("../state/tools.js").ToolName} name */
    choose(name) {
      const { transform, active } = store.getState().tool;
      if (name === active) return;
      if (!transform) {
        store.dispatch(toolChosen(name));
        return;
      }
      void arranging.commitTransform().then(() => store.dispatch(toolChosen(name)));
    },

    /** Only what can be seen remains. */
    async trim() {
      const picture = selectPicture(store.getState());
      try {
        const { x, y, width, height } = await ipc.flattenLayers(toWire(picture));
        if (width === 0 || height === 0) store.dispatch(noticeShown("error", strings.tools.blocked.empty));
        else if (width === picture.width && height === picture.height) store.dispatch(noticeShown("done", strings.tools.nothingToTrim));
        else await arranging.resizeCanvas({ x: picture.x + x, y: picture.y + y, width, height }, "trimmed", false);
      } catch (error) {
        store.dispatch(noticeShown("error", strings.errorText(error)));
      }
    },

    async cropToSelection() {
      const { selection, ...picture } = selectPicture(store.getState());
      if (!selection) return;
      const x = Math.max(picture.x, selection.x);
      const y = Math.max(picture.y, selection.y);
      const width = Math.min(picture.x + picture.width, selection.x + selection.width) - x;
      const height = Math.min(picture.y + picture.height, selection.y + selection.height) - y;
      if (width > 0 && height > 0) await arranging.resizeCanvas({ x, y, width, height }, "cropped", false);
    },
  };
}
