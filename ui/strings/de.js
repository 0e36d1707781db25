// @ts-check
import { actions, keys, menus, submenus, unavailable } from "./de/actions.js";
import { create, modes, queue, runs, variations } from "./de/create.js";
import { documentTabs, history, kept, layersPanel } from "./de/layers.js";
import { library, loras } from "./de/library.js";
import { about, dialogs, language, newDocument, palette, recent, unsaved } from "./de/shell.js";
import { budget, forecast, machine, preferences, tray } from "./de/machine.js";
import { tools } from "./de/tools.js";
import { formatsOf } from "./formats.js";

const formats = formatsOf("de");
const { duration, percent, plural, size } = formats;

/**
 * @param {number | null} seconds
 * @returns {string}
 */
function timeLeft(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds < 1) return "noch unter einer Sekunde";
  if (seconds < 10) return plural(Math.round(seconds), "noch etwa 1 Sekunde", "noch etwa # Sekunden");
  if (seconds < 55) return `noch etwa ${Math.round(seconds / 5) * 5} Sekunden`;
  if (seconds < 3300) return plural(Math.max(1, Math.round(seconds / 60)), "noch etwa 1 Minute", "noch etwa # Minuten");
  return plural(Math.max(1, Math.round(seconds / 3600)), "noch etwa 1 Stunde", "noch etwa # Stunden");
}

/** @param {number} seconds */
function ago(seconds) {
  if (seconds < 90) return "vor einer Minute";
  if (seconds < 5400) return plural(Math.round(seconds / 60), "vor einer Minute", "vor # Minuten");
  if (seconds < 129_600) return plural(Math.round(seconds / 3600), "vor einer Stunde", "vor # Stunden");
  return plural(Math.round(seconds / 86_400), "vor einem Tag", "vor # Tagen");
}

/** German. What Rust says is English; its kind of mistake is told in German first. */
const KINDS = {
  invalid_request: "Eine Einstellung passt nicht.",
  model_missing: "Das Modell fehlt.",
  model_broken: "Die Dateien des Modells sind beschädigt.",
  out_of_memory: "Der Arbeitsspeicher reicht nicht.",
  image_unknown: "Dieses Bild ist nicht mehr da.",
  image_unreadable: "Die Datei lässt sich nicht öffnen.",
  file_not_allowed: "Diese Datei wurde nicht ausgewählt.",
  file_write_failed: "Die Datei lässt sich nicht schreiben.",
  clipboard: "Die Zwischenablage antwortet nicht.",
  busy: "Erst muss etwas anderes zu Ende gehen.",
};

/** German. */
export const de = {
  formats: { ...formats, timeLeft },

  name: "Veetance Asset Editor",
  untitled: "Unbenannt",
  title: (name, unsaved) => `${unsaved ? "• " : ""}${name} – Veetance Asset Editor`,
  starting: "Wird vorbereitet …",
  startingSlowly: "Wird noch vorbereitet. Der erste Start dauert länger.",

  start: {
    title: "Beschreiben Sie ein Asset",
    text: "Schreiben Sie auf Englisch, was Sie brauchen, oder beginnen Sie mit einem Beispiel. Oder ziehen Sie ein Bild hierher, um es in Ebenen zu zerlegen.",
    // The models read English.
    examples: ["a red potion", "a green gem on a dark background", "a wooden shield"],
    example: (prompt) => `„${prompt}“ erzeugen`,
    openExample: "Beispiel öffnen",
    recent: "Zuletzt geöffnet",
  },

  prompt: {
    label: "Prompt",
    placeholder: "Zum Beispiel: a red potion",
    suggestion: (text) => `Vorschlag: ${text}. Tab übernimmt ihn, Esc verwirft ihn.`,
    hint: "Tab",
    negative: "Weglassen",
    negativePlaceholder: "Was nicht im Bild sein soll",
  },

  generate: {
    start: "Erzeugen",
    cancel: "Abbrechen",
    cancelling: "Wird abgebrochen …",
    waiting: "Wartet auf den Start",
    stages: { load: "Modell wird geladen", encode: "Prompt wird gelesen", denoise: "Wird gezeichnet", decode: "Wird fertiggestellt" },
    step: (done, total) => `Schritt ${done} von ${total}`,
    done: (seconds) => `Fertig nach ${duration(seconds)}`,
    cancelled: "Abgebrochen. Ihr Prompt ist noch da.",
    blocked: {
      starting: "Wird vorbereitet …",
      "engine-failed": "Die Engine ist nicht gestartet. Schließen Sie den Editor und starten Sie ihn neu.",
      "no-model": "Das Modell ist nicht bereit. Wählen Sie ein anderes.",
      "no-prompt": "Schreiben Sie zuerst einen Prompt.",
      "split-in-view": "Wählen Sie zuerst Neu, Bearbeiten, Neu malen oder Erweitern.",
      "no-references": "Fügen Sie ein Bild hinzu, das bearbeitet werden soll.",
      "no-picture": "Erzeugen oder öffnen Sie zuerst ein Bild.",
      "no-selection": "Wählen Sie aus, was neu gemalt werden soll.",
      "no-layer": "Wählen Sie zuerst eine Ebene aus.",
      "no-memory": "Dieses Bild passt nicht in den Speicher.",
      "no-side": "Wählen Sie eine Seite, die wächst.",
      "too-large": "Bilder können höchstens 8192 Pixel breit und hoch sein. Erweitern Sie um weniger.",
      splitting: "Gerade wird ein Bild zerlegt. Was Sie jetzt starten, kommt danach.",
    },
    progress: "Fortschritt des Bildes",
    tryAgain: "Noch einmal",
    useModel: (name) => `${name} verwenden`,
    smaller: (width, height) => `${size(width, height)} verwenden`,
    dismissError: "Schließen",
    failedTitle: "Diesmal kein Bild",
  },

  tasks: {
    label: "Was zu tun ist", make: "Erzeugen", new: "Neu", edit: "Ändern", repaint: "Ersetzen", extend: "Erweitern", split: "Zerlegen",
  },

  split: {
    title: "In Ebenen zerlegen",
    layers: { label: "Anzahl der Ebenen", hint: "Mehr Ebenen dauern länger. Manche können leer bleiben." },
    prompt: { label: "Was ist auf dem Bild?", placeholder: "Leer lassen: das Modell sieht selbst nach" },
    negative: { label: "Weglassen", placeholder: "Was nicht in den Ebenen sein soll" },
    more: "Weitere Einstellungen",
    steps: { label: "Schritte", hint: "Mehr Schritte dauern länger und können sauberer werden." },
    seed: { locked: "Bleibt für jeden Lauf gleich.", unlocked: "Für jeden Lauf ein neuer Seed." },
    guidance: { label: "Führung", hint: "Wie eng sich die Ebenen an Ihre Beschreibung halten." },
    start: "Zerlegen",
    fewer: (layers) => plural(layers, "1 Ebene verwenden", "# Ebenen verwenden"),
    ready: (layers) => plural(layers, "Ergibt 1 Ebene. Ihr Bild bleibt erhalten.", "Ergibt # Ebenen. Ihr Bild bleibt erhalten."),
    cancelled: "Abgebrochen. Nichts hat sich geändert.",
    secondTry: "Ein zweiter Versuch.",
    stages: {
      load: "Modell wird geladen",
      caption: "Bild wird angesehen",
      encode: "Zerlegen wird vorbereitet",
      denoise: "Wird zerlegt",
      decode: "Ebenen werden gezeichnet",
      rebuild: "Wird in voller Größe aufgebaut",
    },
    progress: "Fortschritt der Ebenen",
    blocked: {
      generating: "Gerade wird ein Bild erzeugt. Warten Sie, bis es fertig ist, oder brechen Sie ab.",
      "engine-failed": "Die Engine ist nicht gestartet. Schließen Sie den Editor und starten Sie ihn neu.",
      starting: "Wird vorbereitet …",
      "no-model": "Hier gibt es kein Modell, das Bilder zerlegt. Legen Sie eines in den Modellordner und starten Sie neu.",
      "model-not-ready": "Das Modell ist unvollständig. Wählen Sie ein anderes, oder sehen Sie unten, was fehlt.",
      "no-picture": "Öffnen Sie zuerst ein Bild, oder ziehen Sie eines auf die Leinwand.",
      gone: "Das Bild dieser Ebenen ist nicht mehr da. Rückgängig holt es zurück.",
      group: "Wählen Sie rechts eine einzelne Ebene. Eine Gruppe lässt sich nicht zerlegen.",
      "no-pixels": "Diese Ebene ist leer. Wählen Sie eine andere.",
      "too-small": "Diese Ebene ist zu klein. Zum Zerlegen braucht sie mindestens 16 × 16 Pixel.",
      "no-memory": "Dieses Bild passt nicht in den Speicher.",
    },
    caption: (text) => `Auf dem Bild: ${text}`,
    list: "Neue Ebenen",
    appearing: "Ebenen bisher",
    result: (count) => plural(count, "1 neue Ebene", "# neue Ebenen"),
    part: (index) => (index === 0 ? "Hintergrund" : `Ebene ${index}`),
    arrived: "Die neuen Ebenen sind da. Behalten oder verwerfen Sie sie unter „In Ebenen zerlegen“.",
    passes: "Die Ebenen ergeben wieder Ihr Bild.",
    fails: "Das ist nicht gut geworden.",
    keep: "Behalten",
    again: "Noch einmal",
    discard: "Verwerfen",
    kept: (count) => plural(count, "1 Ebene behalten. Rückgängig holt das Bild zurück.", "# Ebenen behalten. Rückgängig holt das Bild zurück."),
    failedTitle: "Das Bild ließ sich nicht zerlegen",
  },

  model: {
    label: "Modell",
    loading: "Modelle werden gesucht …",
    choose: "Kein Modell gewählt",
    none: "Kein Modell gefunden. Legen Sie einen Modellordner in den Ordner für Modelle und starten Sie neu.",
    noneReady: "Noch ist kein Modell vollständig. Wählen Sie eines, um zu sehen, was fehlt.",
    notReady: (missing) =>
      missing.length > 0 ? `Unvollständig. Es fehlt: ${missing.join(", ")}` : "Dieses Modell ist noch nicht bereit.",
    unavailable: (name) => `${name} (unvollständig)`,
    starterNote: "Startmodell: klein, zum Ausprobieren",
    folder: (path) => `Modelle liegen in ${path}. Starten Sie neu, wenn eines dazugekommen ist.`,
  },

  size: {
    label: "Größe",
    preset: "Voreinstellung der Größe",
    custom: "Eigene Größe",
    presets: {
      "icon-64": "Kleines Symbol, 64 × 64",
      "icon-128": "Symbol, 128 × 128",
      "square-256": "Quadrat, 256 × 256",
      "square-512": "Quadrat, 512 × 512",
      "square-1024": "Quadrat, 1024 × 1024",
      "portrait-768": "Hochformat, 768 × 1024",
      "landscape-1024": "Querformat, 1024 × 768",
      "wide-1280": "Breit, 1280 × 720",
    },
    width: "Breite",
    height: "Höhe",
    swap: "Breite und Höhe tauschen",
  },

  steps: { label: "Schritte", hint: "Mehr Schritte dauern länger und können sauberer werden." },
  seed: {
    label: "Seed",
    shuffle: "Neuer Seed",
    lock: "Diesen Seed behalten",
    locked: "Bleibt für jedes Bild gleich.",
    unlocked: "Für jedes Bild ein neuer Seed.",
  },
  guidance: { label: "Führung", hint: "Wie eng sich das Bild an den Prompt hält." },
  reuse: { label: "Ähnliche Schritte auslassen", hint: "Schneller. Das Bild fällt etwas anders aus." },
  settings: "Einstellungen",

  references: {
    title: "Referenzen",
    empty: "Fügen Sie Bilder hinzu, von denen ausgegangen wird.",
    add: "Referenz hinzufügen",
    fromLayer: "Aus der ausgewählten Ebene",
    fromFile: "Aus einer Datei …",
    fromClipboard: "Aus der Zwischenablage",
    use: (name) => `${name} verwenden`,
    earlier: (name) => `${name} nach vorn schieben`,
    later: (name) => `${name} nach hinten schieben`,
    influence: (name) => `Einfluss von ${name}`,
    influenceHint: "Wie viel von diesem Bild genommen wird. 100 % ist üblich.",
    influenceFixed: "Dieses Modell nimmt jede Referenz, wie sie ist.",
    reset: "Zurück auf 100 %",
    drag: (name) => `${name}. Ziehen, oder Alt und Pfeiltasten, ändert die Reihenfolge`,
    onlyFirst: "Neu malen verwendet das erste Bild, das eingeschaltet ist.",
    remove: (name) => `${name} entfernen`,
    item: (index, name) => `Referenz ${index}: ${name}`,
  },

  layers: {
    title: "Ebenen",
    empty: "Bilder, die Sie erzeugen oder öffnen, stehen hier.",
    unnamed: "Ebene ohne Namen",
    item: (name, details, { hidden, locked }) =>
      [name, ...details, hidden && "ausgeblendet", locked && "gesperrt"].filter(Boolean).join(", "),
    children: (count) => plural(count, "Gruppe mit 1", "Gruppe mit #"),
    marks: ({ clipping, mask, fill }) =>
      [clipping && "beschränkt", mask && "Maske", fill < 1 && `Fläche ${percent(fill)}`].filter(Boolean),
    show: (name) => `${name} einblenden`,
    lock: (name) => `${name} sperren`,
    rename: (name) => `${name} umbenennen`,
    remove: (name) => `${name} löschen`,
    lockedNotice: (name) => `${name} ist gesperrt. Entsperren Sie die Ebene zuerst.`,
    split: "Diese Ebene zerlegen …",
    opacity: "Deckkraft",
    opacityOf: (name) => `Deckkraft von ${name}`,
    blend: "Mischen",
    blendOf: (name) => `Mischmodus von ${name}`,
    blendGroups: ["Üblich", "Dunkler", "Heller", "Kontrast", "Differenz", "Farbe"],
    blends: {
      "pass-through": "Hindurchwirken", normal: "Normal", dissolve: "Sprenkeln", darken: "Abdunkeln",
      multiply: "Multiplizieren", "color-burn": "Farbig nachbelichten", "linear-burn": "Linear nachbelichten",
      "darker-color": "Dunklere Farbe", lighten: "Aufhellen", screen: "Negativ multiplizieren", "color-dodge": "Farbig abwedeln",
      "linear-dodge": "Addieren", "lighter-color": "Hellere Farbe", overlay: "Ineinanderkopieren",
      "soft-light": "Weiches Licht", "hard-light": "Hartes Licht", "vivid-light": "Strahlendes Licht",
      "linear-light": "Lineares Licht", "pin-light": "Lichtpunkt", "hard-mix": "Hart mischen",
      difference: "Differenz", exclusion: "Ausschluss", subtract: "Subtrahieren", divide: "Dividieren", hue: "Farbton",
      saturation: "Sättigung", color: "Farbe", luminosity: "Helligkeit",
    },
    recipe({ model, seed, prompt }, known) {
      const name = known ? known.name : model;
      const made = `Erzeugt mit ${name}, Seed ${seed}${prompt ? `: „${prompt}“` : ""}.`;
      return known?.isStarter ? `${made} ${de.model.starterNote}.` : made;
    },
  },

  canvas: {
    label: "Leinwand",
    description:
      "Ziehen verschiebt, Strg und Rad zoomt. Mit der Tastatur: Pfeiltasten verschieben, Plus und Minus zoomen, 0 passt ein.",
    empty: "Leere Leinwand",
    picture: (width, height, layers) => `Bild, ${size(width, height)}, ${plural(layers, "1 Ebene", "# Ebenen")}`,
    working: { generate: "Ein Bild wird erzeugt", split: "Das Bild wird in Ebenen zerlegt" },
    drop: "Loslassen, um das Bild hinzuzufügen",
  },

  toolbar: {
    label: "Werkzeuge",
    create: "Erzeugen",
    zoom: (zoom) => `Zoom: ${percent(zoom)}. Originalgröße zeigen`,
    theme: { system: "Farbschema: wie das System", light: "Farbschema: hell", dark: "Farbschema: dunkel" },
    withKey: (label, key) => `${label} (${key})`,
  },

  status: {
    starting: "Wird vorbereitet …",
    ready: (device) => (device ? `Bereit · ${device}` : "Bereit"),
    failed: "Die Engine ist nicht gestartet",
    running: { generate: "Ein Bild wird erzeugt", split: "Ein Bild wird zerlegt" },
    size: (width, height) => size(width, height),
  },

  engineFailed: {
    title: "Die Engine ist nicht gestartet",
    text: "Sie können Bilder öffnen und speichern, aber keine neuen erzeugen. Schließen Sie den Editor und starten Sie ihn neu.",
  },

  shortcuts: {
    title: "Tastenkürzel",
    close: "Schließen",
    groups: [
      {
        title: "Leinwand und Prompt",
        keys: [
          ["Leertaste+Ziehen", "Ansicht verschieben"],
          ["Strg+Rad", "Zum Zeiger zoomen"],
          ["Pfeiltasten", "Ansicht verschieben, oder was das Werkzeug hält"],
          ["Tab", "Vorschlag im Prompt übernehmen"],
          ["Esc", "Abbrechen, schließen"],
        ],
      },
      {
        title: "Liste der Ebenen",
        keys: [
          ["↑ / ↓", "Ebene darüber / darunter auswählen"],
          ["→ / ←", "Gruppe öffnen / schließen"],
          ["Alt+↑ / Alt+↓", "Ebene nach oben / unten schieben"],
          ["Leertaste", "Ebene ein- oder ausblenden"],
        ],
      },
    ],
  },

  notices: {
    dismiss: "Schließen",
    saved: (path) => `Gespeichert als ${path}`,
    exported: (path) => `Exportiert als ${path}`,
    copied: "Bild kopiert.",
    opened: (name) => `${name} geöffnet.`,
    nothingToSave: "Es gibt noch nichts zu speichern. Erzeugen oder öffnen Sie zuerst ein Bild.",
    nothingToCopy: "Es gibt noch nichts zu kopieren. Erzeugen oder öffnen Sie zuerst ein Bild.",
    nothingToPaste: "In der Zwischenablage ist kein Bild. Kopieren Sie eines und versuchen Sie es noch einmal.",
    fileTooLarge: (name) => `${name} ist zu groß. Bilder bis 256 MB lassen sich öffnen.`,
    imageLost: "Ein Bild konnte nicht gezeigt werden. Machen Sie die letzte Änderung rückgängig, oder erzeugen Sie es neu.",
  },

  recovery: {
    title: "Ihre Arbeit ist noch da",
    text: "Der Editor endete, bevor sie gespeichert war.",
    ago: (seconds) => `Zuletzt geändert ${ago(seconds)}`,
    recover: "Wiederherstellen",
    discard: "Verwerfen",
    failed: (why) => `Eine Sicherheitskopie ließ sich nicht schreiben. Speichern Sie Ihre Arbeit bald. ${why}`,
  },

  exports: {
    title: "Exportieren",
    close: "Schließen",
    formats: [
      { format: "psd", name: "PSD", text: "Alle Ebenen, für Photoshop, Krita, Affinity und andere" },
      { format: "psb", name: "PSB", text: "Wie PSD, für Bilder über 30.000 Pixel" },
      { format: "ora", name: "OpenRaster", text: "Alle Ebenen, für Krita, GIMP und andere" },
      { format: "png", name: "PNG", text: "Ein Bild, mit Transparenz" },
      { format: "webp", name: "WebP", text: "Ein Bild, kleiner, mit Transparenz" },
      { format: "jpeg", name: "JPEG", text: "Ein Bild, klein, ohne Transparenz" },
      { format: "zip", name: "ZIP", text: "Jede Ebene als eigenes PNG" },
    ],
  },

  unexpected: "Etwas Unerwartetes ist geschehen. Versuchen Sie es noch einmal; bleibt es dabei, starten Sie den Editor neu.",

  actions,
  menus,
  submenus,
  unavailable,
  keys,
  palette,
  dialogs,
  newDocument,
  unsaved,
  recent,
  about,
  language,
  library,
  loras,
  machine,
  forecast,
  budget,
  preferences,
  tray,
  layersPanel,
  history,
  documentTabs,
  tools,
  create,
  modes,
  queue,
  runs,
  variations,
  kept,

  /** What went wrong, in words. @param {{ code?: string, message?: string }} error */
  errorText({ code = "", message }) {
    if (!message) return de.unexpected;
    return KINDS[code] ? `${KINDS[code]} (${message})` : message;
  },
};
