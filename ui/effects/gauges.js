// @ts-check
import { withLook } from "../state/gauges.js";

/**
 * What the machine did lately, for as long as somebody can see it.
 * @typedef {import("../state/gauges.js").Look} Look
 * @typedef {ReturnType<typeof createGauges>} Gauges
 */

/** @param {{ startTelemetry: () => Promise<unknown>, stopTelemetry: () => Promise<unknown> }} ipc */
export function createGauges(ipc) {
  /** @type {Look[]} */
  let looks = [];
  let seen = false;
  /** @type {Set<(looks: Look[]) => void>} */
  const observers = new Set();

  return {
    /** @returns {Look[]} oldest first */
    looks: () => looks,

    /** @param {Look} look */
    add(look) {
      // One may still be under way after the last was wanted.
      if (!seen) return;
      looks = withLook(looks, look);
      for (const observer of [...observers]) observer(looks);
    },

    /** Whether anybody can see the gauges. @param {boolean} visible */
    async setSeen(visible) {
      if (visible === seen) return;
      seen = visible;
      try {
        await (visible ? ipc.startTelemetry() : ipc.stopTelemetry());
      } catch {
        // Without gauges everything else works.
      }
    },

    /** @param {(looks: Look[]) => void} observer @returns {() => void} what ends it */
    observe(observer) {
      observers.add(observer);
      return () => void observers.delete(observer);
    },
  };
}
