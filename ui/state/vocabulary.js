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


/** Other words for the same, as people write them. */
export const SYNONYMS = {
  gemstone: "gem", jewel: "gem", diamond: "gem", bottle: "potion", flask: "potion", elixir: "potion", blade: "sword",
  token: "coin", toadstool: "mushroom", parchment: "scroll", spellbook: "book", tome: "book", fire: "flame",
  fireball: "flame", droplet: "drop", crescent: "moon", ax: "axe", mallet: "hammer", blossom: "flower",
  crimson: "red", scarlet: "red", emerald: "green", cyan: "teal", turquoise: "teal", violet: "purple",
  magenta: "pink", grey: "gray", gold: "yellow", golden: "yellow", silver: "gray", bronze: "brown", copper: "brown",
  metallic: "metal", steel: "metal", iron: "metal", crystal: "glass", rock: "stone", wood: "wooden",
};

/** Words before a thing that say little about how it looks. */
export const FILLERS = [
  "shiny", "cute", "small", "big", "little", "large", "magic", "magical", "simple", "nice", "beautiful", "old",
  "ancient", "glossy", "bright", "fancy", "rare", "epic", "legendary", "enchanted", "glowing", "cartoon", "stylized",
  "tiny", "cool",
];

/** Words that stand before "of" when a picture is asked for. */
export const PICTURES = ["icon", "sprite", "picture", "drawing", "illustration", "image", "asset", "render", "art"];
