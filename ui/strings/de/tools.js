// @ts-check

export const tools = {
  toolbox: "Werkzeuge",
  optionsOf: (name) => `Einstellungen des Werkzeugs: ${name}`,
  copySuffix: " Kopie",
  names: {
    "move": "Verschieben", "select-rect": "Rechteck", "select-ellipse": "Ellipse", "lasso": "Lasso", "polygon": "Vieleck", "crop": "Freistellen",
    "eyedropper": "Pipette", "brush": "Pinsel", "eraser": "Radiergummi", "pan": "Hand", "zoom": "Zoom",
  },
  pixels: "px",
  percentSign: "%",
  degrees: "°",

  move: {
    picks: "Was ein Klick auswählt",
    picksLayer: "Wählt Ebenen aus",
    picksGroup: "Wählt Gruppen aus",
    picksNothing: "Wählt nichts aus",
    x: "X", y: "Y", width: "B", height: "H", angle: "Winkel",
    xHint: "Abstand vom linken Rand", yHint: "Abstand vom oberen Rand",
    widthHint: "Breite", heightHint: "Höhe", angleHint: "Winkel, im Uhrzeigersinn",
    ratio: "Verhältnis von Breite und Höhe behalten",
    smooth: "Glätten",
    smoothHint: "Aus behält die harten Pixel von Pixelgrafik",
    apply: "Anwenden",
    cancel: "Abbrechen",
  },

  align: {
    open: "Ausrichten",
    to: "Ausrichten an",
    targets: { auto: "Was passt", layers: "Ausgewählten Ebenen", canvas: "Leinwand", selection: "Auswahl" },
  },

  snap: {
    open: "Einrasten",
    on: "Einrasten",
    layers: "An Ebenen",
    canvas: "An der Leinwand",
    guides: "An Hilfslinien",
  },

  selecting: {
    op: "Eine neue Auswahl",
    ops: {
      replace: "Ersetzt die alte", add: "Kommt hinzu (Umschalt)", subtract: "Wird abgezogen (Alt)", intersect: "Behält, was beide haben (Umschalt+Alt)",
    },
    feather: "Weiche Kante",
    featherHint: "Wie weich der Rand ist",
    antialias: "Glatte Kanten",
    change: "Ändern",
  },

  brush: {
    size: "Größe", hardness: "Härte", opacity: "Deckkraft",
    pressureSize: "Der Druck des Stifts ändert die Größe",
    pressureOpacity: "Der Druck des Stifts ändert die Deckkraft",
    target: "Malen auf",
    pixelsTarget: "Ebene",
    maskTarget: "Maske",
    maskHint: "Schwarz verbirgt, Weiß zeigt",
    noMask: "Die Ebene hat keine Maske",
  },

  crop: {
    ratio: "Seitenverhältnis",
    ratios: { free: "Frei", original: "Wie es ist", 1: "1 : 1", 1.3333: "4 : 3", 1.5: "3 : 2", 1.7778: "16 : 9", 0.75: "3 : 4", 0.6667: "2 : 3", 0.5625: "9 : 16" },
    width: "B", height: "H", widthHint: "Breite", heightHint: "Höhe",
    keep: "Abgeschnittenes behalten",
    keepHint: "Ebenen behalten ihre Pixel außerhalb der Leinwand",
    apply: "Zuschneiden",
    cancel: "Abbrechen",
  },

  view: {
    fit: "Einpassen",
    actual: "100 %",
  },

  colour: {
    title: "Farbe",
    otherTitle: "Andere Farbe",
    close: "Schließen",
    square: "Sättigung und Helligkeit",
    squareValue: (saturation, brightness) => `Sättigung ${saturation} %, Helligkeit ${brightness} %`,
    hue: "Farbton",
    hex: "Hex",
    recent: "Letzte Farben",
    use: (hex) => `${hex} verwenden`,
    front: (hex) => `Farbe ${hex}`,
    back: (hex) => `Andere Farbe ${hex}`,
  },

  amounts: {
    grow: { title: "Auswahl vergrößern", label: "Vergrößern um", done: "Vergrößern" },
    shrink: { title: "Auswahl verkleinern", label: "Verkleinern um", done: "Verkleinern" },
    feather: { title: "Weiche Auswahlkante", label: "Weich auf", done: "Anwenden" },
    border: { title: "Rand auswählen", label: "Breite", done: "Auswählen" },
  },

  canvasSize: {
    title: "Leinwandgröße",
    close: "Schließen",
    width: "Breite",
    height: "Höhe",
    anchor: "Wo das Bild bleibt",
    anchors: [
      "Oben links", "Oben", "Oben rechts", "Links", "Mitte", "Rechts", "Unten links", "Unten", "Unten rechts",
    ],
    now: (width, height) => `Jetzt ${width} × ${height} Pixel`,
    done: "Ändern",
    cancel: "Abbrechen",
  },

  switched: {
    guides: (on) => (on ? "Hilfslinien werden gezeigt." : "Hilfslinien sind ausgeblendet."),
    pixelGrid: (on) => (on ? "Das Pixelraster erscheint ab 1600 %." : "Das Pixelraster ist ausgeblendet."),
    snapping: (on) => (on ? "Einrasten ist an." : "Einrasten ist aus."),
  },
  nothingToTrim: "Es gibt nichts zu beschneiden: das Bild reicht bis an jeden Rand.",

  blocked: {
    "in-place": "Die Ebenen liegen schon dort.",
    "no-layer": "Wählen Sie eine Ebene aus, auf der gemalt werden soll.",
    "no-mask": "Die Ebene hat keine Maske. Fügen Sie eine hinzu, oder malen Sie auf der Ebene.",
    "group": "Eine Gruppe hat keine eigenen Pixel. Wählen Sie eine Ebene darin aus.",
    "hidden": "Die Ebene ist ausgeblendet. Blenden Sie sie zuerst ein.",
    "locked": "Die Ebene ist gesperrt. Entsperren Sie sie zuerst.",
    "position-locked": "Die Ebene ist an ihrem Platz gesperrt. Entsperren Sie sie zuerst.",
    "few-layers": "Wählen Sie drei oder mehr Ebenen aus, um sie zu verteilen.",
    "empty": "Auf dem Bild ist nichts zu sehen.",
  },
};
