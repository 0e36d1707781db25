// @ts-check

export const layersPanel = {
  groupName: "Gruppe",
  newName: "Ebene",
  copySuffix: " Kopie",
  flattenedName: "Bild",
  nothingBelow: "Darunter liegt keine Ebene zum Zusammenfügen. Wählen Sie mehrere Ebenen aus, oder eine mit einer anderen darunter.",
  nothingSelectedHere: (name) => `Von ${name} liegt nichts in der Auswahl.`,
  nothingToClipTo: "In derselben Gruppe liegt keine Ebene darunter, auf die zugeschnitten werden kann.",
  nothingToCopy: "Es gibt keine Pixel zum Kopieren. Wählen Sie eine Ebene aus, die welche hat.",
  maskUnknown: "Diese Maske kann hier nicht geändert werden.",
  recipeUsed: "Die Einstellungen stehen wieder links im Bereich.",
  recipeUsedWithoutModel: (model) => `Die Einstellungen stehen wieder links im Bereich. Das Modell „${model}“ ist nicht hier, wählen Sie ein anderes.`,
  useAgain: "Wieder verwenden",
  actions: "Was mit den Ebenen geschehen soll",
  more: "Mehr…",
  menu: (name) => `Aktionen für ${name}`,
  pixelsOf: (name) => `An den Pixeln von ${name} arbeiten`,
  maskOf: (name) => `An der Maske von ${name} arbeiten`,
  several: (count) => `${count} Ebenen ausgewählt`,
  fill: "Füllung",
  fillOf: (name) => `Füllung von ${name}`,
  locks: "Sperren",
};

export const history = {
  title: "Verlauf",
  list: "Schritte dieses Dokuments",
  memory: (bytes, limit) => `Schritte brauchen ${bytes} von ${limit}`,
  labels: {
    pixelsCleared: "Löschen", maskPainted: "Maske malen", selectionMoved: "Auswahl verschieben", canvasFlipped: "Leinwand spiegeln",
    canvasRotated: "Leinwand drehen", trimmed: "Beschneiden",
    start: "Anfang", opened: "Öffnen", created: "Neu", cleared: "Leeren", added: "Ebene hinzufügen", newLayer: "Neue Ebene",
    removed: "Löschen", renamed: "Umbenennen", shown: "Einblenden", hidden: "Ausblenden", solo: "Nur diese zeigen",
    opacity: "Deckkraft", fill: "Füllung", blend: "Mischmodus", clipped: "Zuschneiden auf Ebene", unclipped: "Zuschneiden lösen",
    locked: "Sperren", unlocked: "Entsperren", reordered: "Anordnen", split: "In Ebenen zerlegen", duplicated: "Duplizieren",
    grouped: "Gruppieren", ungrouped: "Gruppe auflösen", merged: "Zusammenfügen", moved: "Verschieben", pasted: "Einfügen",
    cut: "Ausschneiden", resized: "Arbeitsfläche", cropped: "Freistellen", selected: "Auswählen", deselected: "Auswahl aufheben",
    guides: "Hilfslinien", painted: "Pinsel", erased: "Radierer", transformed: "Transformieren", filled: "Füllen", masked: "Maske",
    maskAdded: "Maske hinzufügen", maskRemoved: "Maske löschen", maskInverted: "Maske umkehren", maskApplied: "Maske anwenden",
    maskOn: "Maske ein", maskOff: "Maske aus", maskLinked: "Maske verknüpfen", maskUnlinked: "Maske lösen", aligned: "Ausrichten",
    distributed: "Verteilen", flipped: "Spiegeln", rotated: "Drehen", repainted: "Übermalen", extended: "Erweitern",
    generated: "Erzeugen",
  },
  other: "Änderung",
};

/** Wo die Arbeit aufgehoben ist, die man sieht. */
export const kept = {
  nothing: "",
  saved: "Gespeichert",
  copied: "Nicht gespeichert. Eine Sicherheitskopie ist da.",
  nowhere: "Nicht gespeichert",
  tips: {
    nothing: "",
    saved: "In der Datei ist alles, was Sie sehen.",
    copied: "Endet der Editor vor dem Speichern, wird Ihre Arbeit beim nächsten Start angeboten.",
    nowhere: "Eine Sicherheitskopie entsteht, wenige Sekunden nachdem Sie innehalten.",
  },
};

export const documentTabs = {
  list: "Offene Dokumente",
  close: (name) => `${name} schließen`,
  item: (name, unsaved) => (unsaved ? `${name}, nicht gespeichert` : name),
  add: "Neues Dokument",
};
