// @ts-check
import { formatsOf } from "../formats.js";

const { duration, memory, number, percent } = formatsOf("en");

const stages = {
  load: "Loading", caption: "Looking", encode: "Reading the prompt", denoise: "Drawing", decode: "Finishing", rebuild: "Rebuilding",
};
const ofDisk = (value) => (value < 1024 ? "0 KB/s" : `${memory(value)}/s`);
const ofGauge = (kind, value) => (kind === "disk" ? ofDisk(value) : kind.endsWith("memory") ? memory(value) : percent(value));
const names = {
  cpu: "Processor", memory: "Memory", card: "Graphics card", "card-memory": "Graphics memory", disk: "Reading from disk",
};

/** What this computer does. */
export const machine = {
  title: "This computer",
  open: "This computer: processor, memory, graphics card",
  idle: "Nothing is being made.",
  lastRun: "How long the last picture took",
  stages,
  names,
  labels: { cpu: "CPU", memory: "RAM", card: "GPU", "card-memory": "VRAM", disk: "Disk" },
  numbered: (name, index) => `${name} ${index}`,
  phase: ({ stage, done, total }) =>
    (stage === "denoise" && total > 0 ? `${stages.denoise}: step ${done} of ${total}` : `${stages[stage] ?? stage}…`),
  lasted: (milliseconds) => duration(milliseconds / 1000),
  short: (kind, { value }) => ofGauge(kind, value),
  now: (kind, { value, most }) => (kind.endsWith("memory") ? `${memory(value)} of ${memory(most)}` : ofGauge(kind, value)),
  ours(kind, { ours, files }) {
    if (ours === null) return "";
    const own = `this program ${ofGauge(kind, ours)}`;
    return files ? `${own} and ${memory(files)} of files` : own;
  },
  describe: (kind, { now, mean, highest }) =>
    `${names[kind]} over the last two minutes: now ${ofGauge(kind, now)}, on average ${ofGauge(kind, mean)}, at most ${ofGauge(kind, highest)}`,
  noCard: "No graphics card is in use here. The processor makes the pictures.",
  card({ name, temperature, watts, wattsLimit, clock, memoryClock }) {
    const power = watts === null ? null : `${Math.round(watts)} W${wattsLimit === null ? "" : ` of ${Math.round(wattsLimit)} W`}`;
    return [
      name,
      temperature === null ? null : `${temperature} °C`,
      power,
      clock === null ? null : `${number(clock)} MHz`,
      memoryClock === null ? null : `memory ${number(memoryClock)} MHz`,
    ].filter((part) => part !== null).join(" · ");
  },
};

/** What the next picture will take. */
export const forecast = {
  plan: ({ needs, available, seconds, onCard, dropsReader, streams }) => [
    `Needs ${memory(needs)} of ${memory(available)}${onCard ? " graphics memory" : ""}`,
    seconds === null ? null : `about ${duration(seconds)}`,
    dropsReader ? "what reads the prompt is put away afterwards" : null,
    streams ? "parts of the model come from the disk in every step, which is slower" : null,
  ].filter((part) => part !== null).join(" · "),
  refused: ({ needs, available, onCard }) =>
    `Does not fit: it needs ${memory(needs)}${onCard ? " of graphics memory" : ""} and may have ${memory(available)}. ${memory(needs - available)} are missing.`,
  smaller: (width, height) => `Use ${width} × ${height}`,
  raise: (bytes) => `Raise the budget to ${memory(bytes)}`,
  other: (name) => `Use ${name}`,
};

/** How much memory the program may take. */
export const budget = {
  title: "Memory budget",
  memory: { label: "Memory budget, GB", hint: "The most that models and pictures may take." },
  card: { label: "Graphics memory budget, GB", hint: "The most that models and pictures may take on the graphics card." },
  note: ({ total, budget: most, others, needs }) => [
    most === null ? `Models may take what is free of ${memory(total)}.` : `Models may take up to ${memory(most)} of ${memory(total)}.`,
    others === null ? null : `Other programs use ${memory(others)}.`,
    needs === null ? null : `The next picture needs ${memory(needs)}.`,
  ].filter((part) => part !== null).join(" "),
  settings: "Settings…",
};

/** What is set for the program as a whole. */
export const preferences = {
  title: "Settings",
  unreadable: "Your settings could not be read, so the usual ones are in use. The file stays as it is until you change something, and is then put aside.",
  preload: "Load at the start",
  preloadNone: "No model",
  unloadAfter: "Put models away when they were not used for",
  minutes: "minutes; 0 keeps them",
  keepInTray: "Keep running when the window is closed",
  trayNote: "The icon in the panel of your desktop brings the window back.",
  noTray: "This needs an icon in the panel of your desktop, for which the package libayatana-appindicator3-1 is missing.",
  startAtLogin: "Start when you log in, without the window",
};

/** Where the window goes when it is closed. */
export const tray = {
  title: "The editor keeps running",
  text: "The window goes, and your work stays open. The icon in the panel of your desktop brings the window back, loads a model, or quits.",
  note: "This is told once. You can change it under Edit, Settings.",
  hide: "OK",
  quit: "Quit Instead",
};
