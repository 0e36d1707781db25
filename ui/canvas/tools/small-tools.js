// @ts-check
import { viewportZoomed } from "../../state/actions.js";
import { nextStop } from "../../state/viewport.js";

/** @typedef {import("./hand.js").Context} Context @typedef {import("./hand.js").Press} Press */

/**
 * Takes the colour that is seen under the pointer; with Alt it becomes the other colour.
 * @param {Context} context
 */
export function createEyedropper({ act }) {
  const take = (press) => act.pickColour(Math.floor(press.x), Math.floor(press.y), press.alt && !press.lent);
  return {
    down: take,
    move: take,
    up() {},
    cancel() {},
    cursor: () => "pick",
    draw() {},
  };
}

/**
 * A click zooms in, with Alt out; a drag to the side zooms as far as it goes.
 * @param {Context} context
 */
export function createZoomTool({ store }) {
  /** @type {{ from: Press, last: number, far: boolean } | null} */
  let drag = null;
  return {
    /** @param {Press} press */
    down(press) {
      drag = { from: press, last: press.view.x, far: false };
    },
    /** @param {Press} press */
    move(press) {
      if (!drag) return;
      const { scale } = store.getState().viewport;
      if (!drag.far && Math.abs(press.view.x - drag.from.view.x) < 4 * scale) return;
      drag.far = true;
      store.dispatch(viewportZoomed(Math.exp((press.view.x - drag.last) / (120 * scale)), drag.from.view));
      drag.last = press.view.x;
    },
    /** @param {Press} press */
    up(press) {
      const { zoom } = store.getState().viewport;
      if (drag && !drag.far) store.dispatch(viewportZoomed(nextStop(zoom, press.alt ? -1 : 1) / zoom, press.view));
      drag = null;
    },
    cancel() {
      drag = null;
    },
    /** @param {Press} press */
    cursor: (press) => (press.alt ? "zoom-out" : "zoom-in"),
    draw() {},
  };
}

/** The hand: `pan.js` moves the view itself. */
export function createHandTool() {
  return { down() {}, move() {}, up() {}, cancel() {}, cursor: () => "hand", draw() {} };
}
