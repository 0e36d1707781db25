// @ts-check
import { formatsOf } from "../formats.js";

const { date, plural, size } = formatsOf("en");

/** Where pictures are made. */
export const create = {
  queueUp: "Queue up",
  promptHistory: "Earlier prompts",
  noPrompts: "What you make is listed here.",
  landed: "The picture is there as a new layer.",
  landedElsewhere: "A picture is ready in another tab.",
  offline: "The engine is not there yet. You can write the prompt meanwhile.",
};

export const modes = {
  edit: {
    none: "Edit makes a new picture from one or more others.",
    useLayer: "Use the selected layer",
  },
  repaint: {
    title: "What is repainted",
    about: "Only the selection is painted anew. Everything outside of it stays as it is, to the pixel.",
    none: "Nothing is selected. Draw a selection around what should change.",
    empty: "Make or open a picture first, then select what should change.",
    draw: "Draw a selection",
    all: "Select all of it",
    selected: (width, height) => `Selected: ${size(width, height)}`,
    seen: (width, height) => `The model sees ${size(width, height)} around it.`,
    strength: { label: "Strength", hint: "Lower stays closer to what is there." },
    from: { label: "The model sees", visible: "All visible layers", layer: "Only the selected layer" },
    into: { label: "The result goes", new: "On a new layer", layer: "Into the selected layer" },
    intoNew: "A new layer above the selected one: hide, fade or mask it, and nothing below is lost.",
    intoLayer: "The layer’s own pixels are replaced inside the selection. Undo brings them back.",
  },
  extend: {
    title: "How far",
    about: "The picture grows, and the new part is painted on a layer of its own.",
    empty: "Make or open a picture first, then choose the sides that grow.",
    sides: { left: "Left", top: "Top", right: "Right", bottom: "Bottom" },
    side: (name) => `${name}, pixels`,
    all: "All sides",
    frame: "You can also drag the dashed frame on the canvas.",
    becomes: (width, height) => `The picture becomes ${size(width, height)}.`,
  },
  batch: { label: "Pictures", hint: "Several pictures of one prompt, to choose from.", range: (first, last) => `Seeds ${first} to ${last}.` },
};

export const queue = {
  title: "Waiting",
  list: "Runs that wait",
  modes: { new: "New", edit: "Edit", repaint: "Repaint", extend: "Extend" },
  item: (mode, prompt) => `${mode}: ${prompt}`,
  count: (count) => plural(count, "1 picture", "# pictures"),
  progress: (done, count) => `${done} of ${count} pictures`,
  remove: (prompt) => `Cancel: ${prompt}`,
  drag: "Alt and arrow keys change the order, Delete cancels",
  held: "Waits until the problem is seen. Try again or dismiss it.",
};

export const variations = {
  title: "Choose what to keep",
  list: "Variations",
  item: (index, total, seed) => `Picture ${index} of ${total}, seed ${seed}`,
  coming: "Still being made",
  keep: (count) => plural(count, "Keep", "Keep #"),
  discard: "Discard",
  hint: "Arrow keys compare, Space marks several, Enter keeps.",
  picked: "Marked",
};

export const runs = {
  title: "Earlier pictures",
  none: "Pictures that you make are listed here, also after a restart.",
  list: "Earlier pictures",
  when: (milliseconds) => date(new Date(milliseconds)),
  about: (mode, width, height, seed) => `${queue.modes[mode] ?? mode} · ${size(width, height)} · seed ${seed}`,
  bringBack: "Bring back",
  bringBackOf: (prompt) => `Bring back the prompt and settings of ${prompt}`,
  place: "Place again",
  placeOf: (prompt) => `Place ${prompt} as a layer again`,
  forget: (prompt) => `Forget ${prompt}`,
  broughtBack: "Prompt, settings and references are back.",
  referencesLost: (count) => plural(count, "Prompt and settings are back. 1 reference is not there any more.", "Prompt and settings are back. # references are not there any more."),
  lost: "This picture is not there any more. Bring its settings back and make it again.",
};
