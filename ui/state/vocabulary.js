// @ts-check

/** Words for game and interface assets; the starter model knows all of them. */
export const KINDS = [
  "gem", "potion", "sword", "shield", "coin", "key", "heart", "star", "chest", "crown", "mushroom", "scroll",
  "ring", "apple", "skull", "bomb", "candle", "book", "leaf", "flame", "drop", "moon", "arrow", "button", "axe",
  "hammer", "bell", "flower",
];

export const COLOURS = [
  "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white", "black", "gray",
];

export const MATERIALS = ["metal", "glass", "stone", "wooden", "plain"];

export const BACKGROUNDS = ["light", "dark"];

/** What people most often draw in a colour or of a material. */
export const KIND_OF_LOOK = {
  red: "potion", orange: "flame", yellow: "star", green: "gem", teal: "gem", blue: "potion", purple: "gem",
  pink: "heart", brown: "chest", white: "moon", black: "bomb", gray: "sword",
  metal: "sword", glass: "potion", stone: "heart", wooden: "shield", plain: "button",
};

