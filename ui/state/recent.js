// @ts-check

/**
 * Files that were opened or saved last. Rust keeps the list.
 * @typedef {{ path: string, name: string, folder: string, missing: boolean }} RecentFile
 */

/** @param {RecentFile[]} files */
export const recentListed = (files) => ({ type: "recent/listed", files });

/**
 * @param {RecentFile[]} files
 * @param {import("./actions.js").Action} action
 * @returns {RecentFile[]}
 */
export const reduceRecent = (files, action) => (action.type === "recent/listed" ? action.files : files);
