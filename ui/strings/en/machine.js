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
