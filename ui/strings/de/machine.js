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

export const forecast = {
  plan: ({ needs, available, seconds, onCard, dropsReader, streams }) => [
    `Braucht ${memory(needs)} von ${memory(available)}${onCard ? " Grafikspeicher" : ""}`,
    seconds === null ? null : `etwa ${duration(seconds)}`,
    dropsReader ? "was den Prompt liest, wird danach weggeräumt" : null,
    streams ? "Teile des Modells kommen bei jedem Schritt vom Datenträger, das dauert länger" : null,
  ].filter((part) => part !== null).join(" · "),
  refused: ({ needs, available, onCard }) =>
    `Passt nicht: Es braucht ${memory(needs)}${onCard ? " Grafikspeicher" : ""} und darf ${memory(available)} haben. ${memory(needs - available)} fehlen.`,
  smaller: (width, height) => `${width} × ${height} nehmen`,
  raise: (bytes) => `Budget auf ${memory(bytes)} erhöhen`,
  other: (name) => `${name} nehmen`,
};

export const budget = {
  title: "Speicherbudget",
  memory: { label: "Speicherbudget, GB", hint: "So viel dürfen Modelle und Bilder höchstens belegen." },
  card: { label: "Budget des Grafikspeichers, GB", hint: "So viel dürfen Modelle und Bilder auf der Grafikkarte höchstens belegen." },
  note: ({ total, budget: most, others, needs }) => [
    most === null ? `Modelle dürfen nehmen, was von ${memory(total)} frei ist.` : `Modelle dürfen bis zu ${memory(most)} von ${memory(total)} nehmen.`,
    others === null ? null : `Andere Programme belegen ${memory(others)}.`,
    needs === null ? null : `Das nächste Bild braucht ${memory(needs)}.`,
  ].filter((part) => part !== null).join(" "),
  settings: "Einstellungen …",
};

export const preferences = {
  title: "Einstellungen",
  unreadable: "Ihre Einstellungen waren nicht zu lesen, darum gelten die üblichen. Die Datei bleibt, bis Sie etwas ändern, und wird dann beiseitegelegt.",
  preload: "Beim Start laden",
  preloadNone: "Kein Modell",
  unloadAfter: "Modelle wegräumen, wenn sie so lange nicht benutzt wurden",
  minutes: "Minuten; bei 0 bleiben sie",
  keepInTray: "Weiterlaufen, wenn das Fenster geschlossen wird",
  trayNote: "Das Symbol in der Leiste Ihres Desktops holt das Fenster zurück.",
  noTray: "Dafür braucht es ein Symbol in der Leiste Ihres Desktops, für das das Paket libayatana-appindicator3-1 fehlt.",
  startAtLogin: "Beim Anmelden starten, ohne das Fenster",
};

export const tray = {
  title: "Der Editor läuft weiter",
  text: "Das Fenster geht, Ihre Arbeit bleibt offen. Das Symbol in der Leiste Ihres Desktops holt das Fenster zurück, lädt ein Modell oder beendet den Editor.",
  note: "Das wird einmal gesagt. Ändern können Sie es unter Bearbeiten, Einstellungen.",
  hide: "OK",
  quit: "Lieber beenden",
};
