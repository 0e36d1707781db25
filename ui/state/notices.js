// @ts-check

/**
 * One short message over the canvas.
 * @typedef {{ key: number, kind: "done" | "error", message: string, notes: string[] }} Notice `notes` are for reading at leisure
 * @typedef {{ current: Notice | null, count: number }} Notices
 */

/** @type {Notices} */
export const noNotices = { current: null, count: 0 };

/**
 * @param {Notices} notices
 * @param {import("./actions.js").Action} action
 * @returns {Notices}
 */
export function reduceNotices(notices, action) {
  switch (action.type) {
    case "notices/shown": {
      const key = notices.count + 1;
      return { current: { key, kind: action.kind, message: action.message, notes: action.notes }, count: key };
    }
    case "notices/dismissed":
      return notices.current?.key === action.key ? { ...notices, current: null } : notices;
    default:
      return notices;
  }
}
