// @ts-check

/** German. */
export const de = {};
