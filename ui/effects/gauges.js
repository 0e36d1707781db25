// @ts-check
import { withLook } from "../state/gauges.js";

/**
 * What the machine did lately, for as long as somebody can see it. Without a graphics card every look and every
 * drawing costs, so there are ten a second only while they tell something: while the panel is open or a job runs.
 * @typedef {import("../state/gauges.js").Look} Look
 * @typedef {ReturnType<typeof createGauges>} Gauges
 */

const OFTEN = 10;
const SELDOM = 1;

/** @param {{ startTelemetry: (looksASecond: number) => Promise<unknown>, stopTelemetry: () => Promise<unknown> }} ipc */
export function createGauges(ipc) {
  /** @type {Look[]} */
  let looks = [];
  let seen = false;
  let pace = SELDOM;
  /** @type {Set<string>} why there are many looks */
  const reasons = new Set();
  /** @type {Set<(looks: Look[]) => void>} */
  const observers = new Set();

  async function tell() {
    try {
      await (seen ? ipc.startTelemetry(pace) : ipc.stopTelemetry());
    } catch {
      // Without gauges everything else works.
    }
  }

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
      await tell();
    },

    /** Whether there is a reason to look often. @param {"panel" | "job"} reason @param {boolean} holds */
    async setOften(reason, holds) {
      if (holds) reasons.add(reason);
      else reasons.delete(reason);
      const next = reasons.size > 0 ? OFTEN : SELDOM;
      if (next === pace) return;
      pace = next;
      if (seen) await tell();
    },

    /** @param {(looks: Look[]) => void} observer @returns {() => void} what ends it */
    observe(observer) {
      observers.add(observer);
      return () => void observers.delete(observer);
    },
  };
}
