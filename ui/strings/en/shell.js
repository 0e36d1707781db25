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
