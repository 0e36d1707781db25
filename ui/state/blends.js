// @ts-check

/** How a layer meets what lies below it, in the order of the menus that artists know. */
export const BLENDS = [
  ["normal", "dissolve"],
  ["darken", "multiply", "color-burn", "linear-burn", "darker-color"],
  ["lighten", "screen", "color-dodge", "linear-dodge", "lighter-color"],
  ["overlay", "soft-light", "hard-light", "vivid-light", "linear-light", "pin-light", "hard-mix"],
  ["difference", "exclusion", "subtract", "divide"],
  ["hue", "saturation", "color", "luminosity"],
];

/** Only for groups: the layers inside meet what lies below directly. */
export const PASS_THROUGH = "pass-through";
