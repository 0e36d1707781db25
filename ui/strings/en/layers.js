// @ts-check

export const layersPanel = {
  groupName: "Group",
  newName: "Layer",
  copySuffix: " copy",
  flattenedName: "Picture",
  nothingBelow: "There is no layer below to merge with. Select several layers, or one with another below it.",
  nothingSelectedHere: (name) => `Nothing of ${name} is inside the selection.`,
  nothingToClipTo: "There is no layer below in the same group to clip to.",
  nothingToCopy: "There are no pixels to copy. Select a layer that has some.",
  maskUnknown: "This mask cannot be changed here.",
  recipeUsed: "The settings are back in the panel at the left.",
  recipeUsedWithoutModel: (model) => `The settings are back in the panel at the left. The model “${model}” is not here, so choose another one.`,
  useAgain: "Use again",
  actions: "What to do with the layers",
  more: "More…",
  menu: (name) => `Actions for ${name}`,
  pixelsOf: (name) => `Work on the pixels of ${name}`,
  maskOf: (name) => `Work on the mask of ${name}`,
  several: (count) => `${count} layers selected`,
  fill: "Fill",
  fillOf: (name) => `Fill of ${name}`,
  locks: "Lock",
};

export const history = {
  title: "History",
  list: "Steps of this document",
  memory: (bytes, limit) => `Steps use ${bytes} of ${limit}`,
  labels: {
    start: "Start", opened: "Open", created: "New", cleared: "Clear", added: "Add layer", newLayer: "New layer", removed: "Delete",
    renamed: "Rename", shown: "Show", hidden: "Hide", solo: "Show only", opacity: "Opacity", fill: "Fill", blend: "Blending",
    clipped: "Clip", unclipped: "Unclip", locked: "Lock", unlocked: "Unlock", reordered: "Reorder", split: "Split into layers",
    duplicated: "Duplicate", grouped: "Group", ungrouped: "Ungroup", merged: "Merge", moved: "Move", pasted: "Paste", cut: "Cut",
    resized: "Canvas size", cropped: "Crop", selected: "Select", deselected: "Deselect", guides: "Guides", painted: "Brush",
    erased: "Eraser", transformed: "Transform", filled: "Fill with colour", masked: "Mask", maskAdded: "Add mask",
    maskRemoved: "Delete mask", maskInverted: "Invert mask", maskApplied: "Apply mask", maskOn: "Mask on", maskOff: "Mask off",
    maskLinked: "Link mask", maskUnlinked: "Unlink mask", aligned: "Align", distributed: "Distribute", pixelsCleared: "Clear",
    flipped: "Flip", rotated: "Rotate", maskPainted: "Paint mask", selectionMoved: "Move selection",
    canvasFlipped: "Flip canvas", canvasRotated: "Rotate canvas", trimmed: "Trim", repainted: "Repaint", extended: "Extend",
    generated: "Generate",
  },
  other: "Change",
};

/** Where the work in view is kept. */
export const kept = {
  nothing: "",
  saved: "Saved",
  copied: "Not saved. A safety copy is kept.",
  nowhere: "Not saved",
  tips: {
    nothing: "",
    saved: "The file holds everything you see.",
    copied: "If the editor ends before you save, your work is offered at the next start.",
    nowhere: "A safety copy is written a few seconds after you stop working.",
  },
};

export const documentTabs = {
  list: "Open documents",
  close: (name) => `Close ${name}`,
  item: (name, unsaved) => (unsaved ? `${name}, not saved` : name),
  add: "New document",
};
