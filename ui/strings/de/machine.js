// @ts-check
import { formatsOf } from "../formats.js";

const { duration, memory, number, percent } = formatsOf("de");

const stages = {
  load: "Laden", caption: "Ansehen", encode: "Prompt lesen", denoise: "Malen", decode: "Fertigstellen", rebuild: "Zusammensetzen",
};
const ofDisk = (value) => (value < 1024 ? "0 KB/s" : `${memory(value)}/s`);
const ofGauge = (kind, value) => (kind === "disk" ? ofDisk(value) : kind.endsWith("memory") ? memory(value) : percent(value));
const names = {
  cpu: "Prozessor", memory: "Arbeitsspeicher", card: "Grafikkarte", "card-memory": "Grafikspeicher", disk: "Lesen vom Datenträger",
};

export const machine = {
  title: "Dieser Rechner",
  open: "Dieser Rechner: Prozessor, Speicher, Grafikkarte",
  idle: "Gerade wird nichts erzeugt.",
  lastRun: "Wie lange das letzte Bild gebraucht hat",
  stages,
  names,
  labels: { cpu: "CPU", memory: "RAM", card: "GPU", "card-memory": "VRAM", disk: "Disk" },
  numbered: (name, index) => `${name} ${index}`,
  phase: ({ stage, done, total }) =>
    (stage === "denoise" && total > 0 ? `${stages.denoise}: Schritt ${done} von ${total}` : `${stages[stage] ?? stage} …`),
  lasted: (milliseconds) => duration(milliseconds / 1000),
  short: (kind, { value }) => ofGauge(kind, value),
  now: (kind, { value, most }) => (kind.endsWith("memory") ? `${memory(value)} von ${memory(most)}` : ofGauge(kind, value)),
  ours(kind, { ours, files }) {
    if (ours === null) return "";
    const own = `dieses Programm ${ofGauge(kind, ours)}`;
    return files ? `${own} und ${memory(files)} an Dateien` : own;
  },
  describe: (kind, { now, mean, highest }) =>
    `${names[kind]} in den letzten zwei Minuten: jetzt ${ofGauge(kind, now)}, im Mittel ${ofGauge(kind, mean)}, höchstens ${ofGauge(kind, highest)}`,
  noCard: "Hier ist keine Grafikkarte im Einsatz. Der Prozessor erzeugt die Bilder.",
  card({ name, temperature, watts, wattsLimit, clock, memoryClock }) {
    const power = watts === null ? null : `${Math.round(watts)} W${wattsLimit === null ? "" : ` von ${Math.round(wattsLimit)} W`}`;
    return [
      name,
      temperature === null ? null : `${temperature} °C`,
      power,
      clock === null ? null : `${number(clock)} MHz`,
      memoryClock === null ? null : `Speicher ${number(memoryClock)} MHz`,
    ].filter((part) => part !== null).join(" · ");
  },
};
