// @ts-check
import { formatsOf } from "../formats.js";

const { date, plural, size } = formatsOf("de");

export const create = {
  queueUp: "Anstellen",
  promptHistory: "Frühere Prompts",
  noPrompts: "Was Sie erzeugen, steht hier.",
  landed: "Das Bild ist als neue Ebene da.",
  landedElsewhere: "In einem anderen Tab ist ein Bild fertig.",
  offline: "Die Engine ist noch nicht da. Den Prompt können Sie schon schreiben.",
};

export const modes = {
  edit: {
    none: "Bearbeiten macht aus einem oder mehreren Bildern ein neues.",
    useLayer: "Ausgewählte Ebene verwenden",
  },
  repaint: {
    title: "Was neu gemalt wird",
    about: "Nur die Auswahl wird neu gemalt. Alles außerhalb bleibt, wie es ist, bis aufs Pixel.",
    none: "Nichts ist ausgewählt. Ziehen Sie eine Auswahl um das, was sich ändern soll.",
    empty: "Erzeugen oder öffnen Sie zuerst ein Bild, und wählen Sie dann aus, was sich ändern soll.",
    draw: "Auswahl ziehen",
    all: "Alles auswählen",
    selected: (width, height) => `Ausgewählt: ${size(width, height)}`,
    seen: (width, height) => `Das Modell sieht ${size(width, height)} darum herum.`,
    strength: { label: "Stärke", hint: "Weniger bleibt näher an dem, was da ist." },
    from: { label: "Das Modell sieht", visible: "Alle sichtbaren Ebenen", layer: "Nur die ausgewählte Ebene" },
    into: { label: "Das Ergebnis kommt", new: "Auf eine neue Ebene", layer: "In die ausgewählte Ebene" },
    intoNew: "Eine neue Ebene über der ausgewählten: ausblenden, abschwächen oder maskieren, und darunter geht nichts verloren.",
    intoLayer: "Die Pixel der Ebene werden innerhalb der Auswahl ersetzt. Rückgängig holt sie zurück.",
  },
  extend: {
    title: "Wie weit",
    about: "Das Bild wächst, und der neue Teil wird auf eine eigene Ebene gemalt.",
    empty: "Erzeugen oder öffnen Sie zuerst ein Bild, und wählen Sie dann die Seiten, die wachsen.",
    sides: { left: "Links", top: "Oben", right: "Rechts", bottom: "Unten" },
    side: (name) => `${name}, Pixel`,
    all: "Alle Seiten",
    frame: "Auf der Leinwand ziehen",
    becomes: (width, height) => `Das Bild wird ${size(width, height)} groß.`,
  },
  batch: { label: "Bilder", hint: "Mehrere Bilder zu einem Prompt, zur Auswahl.", range: (first, last) => `Seeds ${first} bis ${last}.` },
};

export const queue = {
  title: "Wartend",
  list: "Läufe, die warten",
  modes: { new: "Neu", edit: "Bearbeiten", repaint: "Neu malen", extend: "Erweitern" },
  item: (mode, prompt) => `${mode}: ${prompt}`,
  count: (count) => plural(count, "1 Bild", "# Bilder"),
  progress: (done, count) => `${done} von ${count} Bildern`,
  remove: (prompt) => `Abbrechen: ${prompt}`,
  drag: "Alt und Pfeiltasten ändern die Reihenfolge, Entf bricht ab",
  held: "Wartet, bis der Fehler gesehen ist. Versuchen Sie es noch einmal, oder schließen Sie ihn.",
};

export const variations = {
  title: "Auswählen, was bleibt",
  list: "Varianten",
  item: (index, total, seed) => `Bild ${index} von ${total}, Seed ${seed}`,
  coming: "Wird noch erzeugt",
  keep: (count) => plural(count, "Behalten", "# behalten"),
  discard: "Verwerfen",
  hint: "Pfeiltasten vergleichen, die Leertaste markiert mehrere, Eingabe behält.",
  picked: "Markiert",
};

export const runs = {
  title: "Frühere Bilder",
  none: "Bilder, die Sie erzeugen, stehen hier, auch nach einem Neustart.",
  list: "Frühere Bilder",
  when: (milliseconds) => date(new Date(milliseconds)),
  about: (mode, width, height, seed) => `${queue.modes[mode] ?? mode} · ${size(width, height)} · Seed ${seed}`,
  bringBack: "Zurückholen",
  bringBackOf: (prompt) => `Prompt und Einstellungen von ${prompt} zurückholen`,
  place: "Wieder platzieren",
  placeOf: (prompt) => `${prompt} wieder als Ebene platzieren`,
  forget: (prompt) => `${prompt} vergessen`,
  broughtBack: "Prompt, Einstellungen und Referenzen sind wieder da.",
  referencesLost: (count) => plural(count, "Prompt und Einstellungen sind wieder da. 1 Referenz gibt es nicht mehr.", "Prompt und Einstellungen sind wieder da. # Referenzen gibt es nicht mehr."),
  lost: "Dieses Bild gibt es nicht mehr. Holen Sie seine Einstellungen zurück und erzeugen Sie es neu.",
};
