// @ts-check

export const palette = {
  title: "Aktion suchen",
  placeholder: "Schreiben Sie, was Sie tun möchten",
  list: "Aktionen",
  count: (found) => (found === 1 ? "1 Aktion" : `${found} Aktionen`),
  none: "So heißt keine Aktion. Versuchen Sie ein anderes Wort.",
  recent: "Zuletzt verwendet",
  run: "ausführen",
  move: "auswählen",
  close: "schließen",
};

export const dialogs = { close: "Schließen", cancel: "Abbrechen" };

export const newDocument = {
  title: "Neues Dokument",
  name: "Name",
  preset: "Voreinstellung der Größe",
  custom: "Eigene Größe",
  groups: { game: "Spiel", interface: "Oberfläche", art: "Kunst" },
  sizes: {
    "tile-32": "Kachel", "tile-64": "Kachel", "icon-128": "Symbol", "icon-256": "Symbol", "icon-512": "Store-Symbol",
    "sheet-1024": "Sprite-Blatt", "sheet-2048": "Sprite-Blatt", "screen-1280": "Bildschirm, HD", "screen-1920": "Bildschirm, Full HD",
    "screen-3840": "Bildschirm, 4K", phone: "Telefon", "square-1024": "Quadrat", "square-2048": "Großes Quadrat", portrait: "Hochformat",
    landscape: "Querformat", wide: "Breit",
  },
  size: (name, sides) => `${name}, ${sides}`,
  width: "Breite",
  height: "Höhe",
  swap: "Breite und Höhe tauschen",
  background: "Hintergrund",
  backgrounds: { transparent: "Transparent", white: "Weiß", black: "Schwarz", colour: "Farbe" },
  colour: "Farbe des Hintergrunds",
  create: "Anlegen",
  wrongSide: (most) => `Breite und Höhe müssen ganze Zahlen von 1 bis ${most} sein.`,
  backgroundLayer: "Hintergrund",
  firstLayer: "Ebene 1",
};

export const unsaved = {
  title: "Noch nicht gespeichert",
  question: (name) => `Änderungen an „${name}“ speichern?`,
  text: "Ohne Speichern geht verloren, was Sie seitdem geändert haben.",
  others: (count) => (count === 1
    ? "Noch ein Dokument ist nicht gespeichert; danach wird als Nächstes gefragt."
    : `${count} weitere Dokumente sind nicht gespeichert; danach wird als Nächstes gefragt.`),
  save: "Speichern",
  discard: "Nicht speichern",
  cancel: "Abbrechen",
};

export const recent = {
  title: "Zuletzt geöffnet",
  missing: "Diese Datei wurde verschoben, umbenannt oder gelöscht",
  clear: "Liste leeren",
  none: "Dateien, die Sie öffnen oder speichern, stehen hier.",
};

export const about = {
  title: "Über",
  version: (version) => (version ? `Version ${version}` : ""),
  text: "Erzeugt, zerlegt und bearbeitet Spielgrafik mit Modellen, die auf diesem Rechner laufen. Nichts verlässt ihn.",
  licence: "Freie Software unter der Apache-Lizenz 2.0.",
};

export const language = {
  later: "Die Sprache wechselt beim nächsten Start des Editors.",
};
