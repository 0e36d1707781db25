// @ts-check

export const palette = {
  title: "Find an action",
  placeholder: "Type what you want to do",
  list: "Actions",
  count: (found) => (found === 1 ? "1 action" : `${found} actions`),
  none: "No action is called that. Try another word.",
  recent: "Used last",
  run: "runs it",
  move: "chooses",
  close: "closes",
};

export const dialogs = { close: "Close", cancel: "Cancel" };

export const newDocument = {
  title: "New Document",
  name: "Name",
  preset: "Size preset",
  custom: "Own size",
  groups: { game: "Game", interface: "Interface", art: "Art" },
  sizes: {
    "tile-32": "Tile", "tile-64": "Tile", "icon-128": "Icon", "icon-256": "Icon", "icon-512": "Store icon", "sheet-1024": "Sprite sheet",
    "sheet-2048": "Sprite sheet", "screen-1280": "Screen, HD", "screen-1920": "Screen, Full HD", "screen-3840": "Screen, 4K", phone: "Phone",
    "square-1024": "Square", "square-2048": "Large square", portrait: "Portrait", landscape: "Landscape", wide: "Wide",
  },
  size: (name, sides) => `${name}, ${sides}`,
  width: "Width",
  height: "Height",
  swap: "Swap width and height",
  background: "Background",
  backgrounds: { transparent: "Transparent", white: "White", black: "Black", colour: "Colour" },
  colour: "Colour of the background",
  create: "Create",
  wrongSide: (most) => `Width and height must be whole numbers from 1 to ${most}.`,
  backgroundLayer: "Background",
  firstLayer: "Layer 1",
};

export const unsaved = {
  title: "Not saved yet",
  question: (name) => `Save the changes to “${name}”?`,
  text: "Without saving, what you have changed since is lost.",
  others: (count) => (count === 1 ? "Another document is not saved either; it is asked about next." : `${count} more documents are not saved; they are asked about next.`),
  save: "Save",
  discard: "Don’t Save",
  cancel: "Cancel",
};

export const recent = {
  title: "Open Recent",
  missing: "This file was moved, renamed or deleted",
  clear: "Clear list",
  none: "Files that you open or save are listed here.",
};

export const about = {
  title: "About",
  version: (version) => (version ? `Version ${version}` : ""),
  text: "Makes, separates and edits game art with models that run on this computer. Nothing leaves it.",
  licence: "Free software under the Apache License 2.0.",
};

export const language = {
  later: "The language changes the next time the editor starts.",
};
