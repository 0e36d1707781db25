// @ts-check
import { adoptImage } from "./canvas/adopted.js";
import { createBitmaps } from "./canvas/bitmaps.js";
import { createThumbnails } from "./canvas/thumbnails.js";
import { createTiles } from "./canvas/tiles.js";
import { mountTools } from "./canvas/tools/hand.js";
import { mountRulers } from "./canvas/tools/rulers.js";
import { mountCanvas } from "./canvas/viewport.js";
import { createCommands, createRunner } from "./effects/commands.js";
import { placeDocument } from "./effects/documents.js";
import { startNext } from "./effects/generate.js";
import { createImageEffects, retainHeldImages } from "./effects/images.js";
import { askEngineStatus, loadModels, showEngineStatus } from "./effects/models.js";
import { createAutosave, discardRecovered, findRecovered, recover } from "./effects/recovery.js";
import { keepForecast } from "./effects/forecast.js";
import { createGauges } from "./effects/gauges.js";
import { keepForm } from "./effects/kept.js";
import { createCheck, createRecentActions } from "./effects/running.js";
import { createLibrary } from "./effects/library.js";
import { keepPreferences } from "./effects/preferences.js";
import { createRuns } from "./effects/runs.js";
import { createSession } from "./effects/session.js";
import { createSessionCommands } from "./effects/session-commands.js";
import { keepTheme, readTheme } from "./effects/settings.js";
import { createToolCommands } from "./effects/tool-commands.js";
import { createToolEffects } from "./effects/tools.js";
import * as ipc from "./ipc/commands.js";
import * as events from "./ipc/events.js";
import { readStart, startAgain } from "./ipc/start.js";
import { noticeShown, taskShown } from "./state/actions.js";
import { layerOf } from "./state/document.js";
import { drawnLayers } from "./state/drawing.js";
import { shuffledSeed } from "./state/form.js";
import { initialState, reduce } from "./state/reducer.js";
import { selectPicture, selectShown } from "./state/selectors.js";
import { createStore } from "./state/store.js";
import { toWire } from "./state/wire.js";
import { bestLanguage, strings, useLanguage } from "./strings.js";
import { mountAboutDialog } from "./views/about-dialog.js";
import { mountAmountDialog } from "./views/amount-dialog.js";
import { mountArrivals } from "./views/arrivals.js";
import { quietBrowser } from "./views/browser-habits.js";
import { mountDocumentTabs } from "./views/document-tabs.js";
import { mountBudgetControls } from "./views/budget-controls.js";
import { mountCanvasSizeDialog } from "./views/canvas-size-dialog.js";
import { mountColourPanel } from "./views/colour-panel.js";
import { mountExportDialog } from "./views/export-dialog.js";
import { mountGaugeStrip } from "./views/gauge-strip.js";
import { mountHistoryPanel } from "./views/history-panel.js";
import { mountExtendFrame } from "./views/extend-frame.js";
import { mountKeyboard } from "./views/keyboard.js";
import { mountLayerToTray } from "./views/layer-to-tray.js";
import { mountLayersPanel } from "./views/layers-panel.js";
import { mountNewDocumentDialog } from "./views/new-document-dialog.js";
import { mountModelsDialog } from "./views/models-dialog.js";
import { mountMachinePanel } from "./views/machine-panel.js";
import { mountModePanel } from "./views/mode-panel.js";
import { mountNotices } from "./views/notices.js";
import { mountPalette } from "./views/palette.js";
import { mountProgress } from "./views/progress.js";
import { mountPromptPanel } from "./views/prompt-panel.js";
import { mountRecentDialog } from "./views/recent-files.js";
import { mountRecovery } from "./views/recovery.js";
import { mountReferencesPanel } from "./views/references-panel.js";
import { mountRunsPanel } from "./views/runs-panel.js";
import { mountSettingsDialog } from "./views/settings-dialog.js";
import { mountSettingsPanel } from "./views/settings-panel.js";
import { mountSidePanels } from "./views/side-panels.js";
import { mountShortcutsDialog } from "./views/shortcuts-dialog.js";
import { mountSplash } from "./views/splash.js";
import { mountSplitPanel } from "./views/split-panel.js";
import { mountStage } from "./views/stage.js";
import { mountStatusBar } from "./views/status-bar.js";
import { mountTasks } from "./views/tasks.js";
import { mountTheme } from "./views/theme.js";
import { mountTitle } from "./views/title.js";
import { mountToolOptions } from "./views/tool-options.js";
import { mountToolbar } from "./views/toolbar.js";
import { mountVariations } from "./views/variations.js";
import { mountTrayDialog } from "./views/tray-dialog.js";
import { mountUnsavedDialog } from "./views/unsaved-dialog.js";
import { mountToolbox } from "./views/toolbox.js";

const RETAIN_DELAY_MS = 400;

const START = readStart();
useLanguage(START.language ?? bestLanguage(navigator.languages));
start(document);

/** @param {Document} page */
function start(page) {
  const { signal } = new AbortController();
  const part = (id) => /** @type {HTMLElement} */ (page.getElementById(id));
  const store = createStore(reduce, initialState({
    seed: shuffledSeed(Math.random),
    theme: readTheme(localStorage),
  }));

  const tiles = createTiles({
    loadTiles: ipc.loadTiles,
    onLoaded: () => canvas.redraw(),
    onFailed(id) {
      if (drawnLayers(selectShown(store.getState())).some((layer) => layer.imageId === id)) {
        store.dispatch(noticeShown("error", strings.notices.imageLost));
      }
    },
  });
  const bitmaps = createBitmaps({
    async loadImage(id) {
      const image = await ipc.loadImage(id);
      adoptImage(tiles, id, image);
      return image;
    },
    onLoaded: () => canvas.redraw(),
    // A preview that is gone is not worth a word.
    onFailed: () => {},
  });
  const thumbnails = createThumbnails(tiles);
  const images = createImageEffects(store, ipc);
  const recentActions = createRecentActions(localStorage);
  const unsaved = mountUnsavedDialog(page.body);
  const settings = mountSettingsDialog(page.body, store);
  const session = createSession(store, ipc, {
    ask: (name, remaining) => {
      // It may be asked from the panel of the desktop.
      void ipc.showWindow();
      return unsaved.ask(name, remaining);
    },
    settle: () => autosave.write(),
    startAgain,
  });
  const shortcuts = mountShortcutsDialog(page.body, (name) => name in commands);
  const exports = mountExportDialog(page.body, (name) => run(name));
  const act = createToolEffects(store, ipc, { tiles, ready: (made) => Promise.all(made.map(({ id }) => bitmaps.prepare(id))).then(() => {}) });
  const amounts = mountAmountDialog(page.body);
  const canvasSize = mountCanvasSizeDialog(page.body, store, (rect) => void act.resizeCanvas(rect, "resized", false));
  const colours = mountColourPanel(page.body, store);
  const library = createLibrary(store, ipc);
  const gauges = createGauges(ipc);
  const runs = createRuns(store, ipc, { now: Date.now });
  const commands = { ...createCommands({
    store,
    ipc,
    images,
    random: Math.random,
    prepareImage: bitmaps.prepare,
    remember: runs.remember,
    show: showPart,
    showShortcuts: shortcuts.show,
    showExport: exports.show,
    showSplit: () => splitPanel.focus(),
    renameLayer() {
      side.show("layers");
      layersPanel.rename();
    },
    showHistory() {
      side.show("history");
      part("history").focus();
    },
    showPalette: () => palette.show(),
  }), ...createSessionCommands({
    session,
    images,
    showNew: mountNewDocumentDialog(page.body, (asked) => void session.create(asked)).show,
    showRecent: mountRecentDialog(page.body, store, { open: (path) => void session.openRecent(path), clear: () => void session.clearRecent() }).show,
    showSettings: settings.show,
    showMachine: () => machinePanel.toggle(gaugeStrip),
    showAbout: mountAboutDialog(page.body, START.version).show,
    showModels: mountModelsDialog(page.body, store, library).show,
    chooseModel() {
      store.dispatch(taskShown("new"));
      part("model").focus();
    },
  }), ...createToolCommands({
    store,
    act,
    strokes: { settled: () => hand.settled(), isSettled: () => hand.isSettled() },
    askAmount: amounts.ask,
    showCanvasSize: canvasSize.show,
    showColours: () => colours.show("colour", part("colour")),
  }) };
  const runCommand = createRunner(commands, () => performance.now(), {
    mayRun: createCheck(store),
    onRun: recentActions.used,
  });
  const run = (name) => runCommand(name, "page");
  const palette = mountPalette(page.body, store, { run, isThere: (name) => name in commands, recent: recentActions.list });

  mountSplash(part("splash"), part("splash-text"), store);
  mountToolbar(part("toolbar"), store, run);
  const tasks = mountTasks(part("create"), store);
  mountPromptPanel(tasks.make, store, run);
  mountModePanel(tasks.make, store, run);
  mountReferencesPanel(tasks.make, store, images, thumbnails.show, run);
  mountSettingsPanel(tasks.make, store, Math.random);
  mountRunsPanel(tasks.make, store, runs, thumbnails.show);
  const splitPanel = mountSplitPanel(tasks.split, store, { run, random: Math.random, showThumbnail: thumbnails.show });
  const side = mountSidePanels(part("side"), () => showSteps());
  const layersPanel = mountLayersPanel(side.layers, store, run, { image: thumbnails.show, mask: thumbnails.showMask },
    (id, op) => void act.selectAlpha(layerOf(selectPicture(store.getState()), id), op));
  const historyPanel = mountHistoryPanel(side.history, store);
  const showSteps = () => historyPanel.show();
  side.show("layers");
  mountDocumentTabs(part("documents-bar"), store, run);
  const statusBar = mountStatusBar(part("footer"), store);
  const machinePanel = mountMachinePanel(page.body, gauges, {
    limitOf({ kind }) {
      const { memoryBudget, graphicsBudget } = store.getState().preferences;
      return kind === "memory" ? memoryBudget : kind === "card-memory" ? graphicsBudget : null;
    },
  });
  mountBudgetControls(machinePanel.body, store, gauges, settings.show);
  const trayDialog = mountTrayDialog(page.body, { hide: () => void ipc.hideWindow(), quit: () => run("file.quit") });
  store.observe((state) => state.jobs.current !== null, (running) => void gauges.setOften("job", running));
  const gaugeStrip = mountGaugeStrip(statusBar.gauges, gauges, () => machinePanel.toggle(gaugeStrip));
  mountProgress(part("progress"), store);
  mountStage(part("stage"), store, { run, openRecent: (path) => void session.openRecent(path) });
  const autosave = createAutosave(store, ipc, {
    slot: `window-${Math.random().toString(36).slice(2)}`,
    after(work, ms) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    now: () => performance.now(),
  });
  mountRecovery(part("stage"), store, {
    recover: (slot) => void recover(store, ipc, autosave, slot),
    discard: (slot) => void discardRecovered(store, ipc, slot),
  });
  mountNotices(part("stage"), store);
  mountTitle(page, store);
  const canvas = mountCanvas({
    stage: part("stage"),
    scene: /** @type {HTMLCanvasElement} */ (part("canvas")),
    overlay: /** @type {HTMLCanvasElement} */ (part("overlay")),
    store,
    bitmaps,
    tiles,
    renderTiles: (picture, level, list) => ipc.renderTiles(toWire(picture), level, list),
    onFailed: (error) => store.dispatch(noticeShown("error", strings.errorText(error))),
    withoutCard: new URLSearchParams(location.search).get("canvas") === "cpu",
  }, signal);
  mountToolbox(part("toolbox"), store, { run, showColour: colours.show, focusCanvas: () => part("stage").focus() });
  mountToolOptions(part("tool-options"), store, { run, act });
  const hand = mountTools({ stage: part("stage"), store, canvas, overlay: canvas.overlay, tiles, act }, signal);
  const rulers = mountRulers({ stage: part("stage"), store }, signal);
  mountTheme(page.documentElement, store, () => {
    canvas.restyle();
    hand.restyle();
    rulers.redraw();
  });
  page.addEventListener("keydown", (event) => {
    if (!event.defaultPrevented && isForTools(event) && hand.key(event)) event.preventDefault();
  });
  // Tests that drive the page may look at its pixels.
  if (navigator.webdriver) Object.assign(globalThis, { editorCanvas: canvas });
  mountKeyboard(page, store, run);
  quietBrowser(page);
  const arrivals = mountArrivals(page, store, images);
  mountVariations(part("stage"), store, run, thumbnails.show);
  mountExtendFrame(part("stage"), store);
  mountLayerToTray(page, store, run);

  keepTheme(store, localStorage);
  void keepForm(store, ipc, { after });
  void keepPreferences(store, ipc, { after });
  keepForecast(store, ipc, { after });
  void runs.load();
  const next = () => void images.hold(() => startNext(store, ipc, { random: Math.random, prepareImage: bitmaps.prepare, remember: runs.remember }));
  store.observe((state) => state.queue.list, next);
  store.observe((state) => state.jobs.current === null && state.jobs.error === null, next);
  retainHeldImages(store, ipc, {
    isArriving: images.isArriving,
    later: (work) => setTimeout(work, RETAIN_DELAY_MS),
    onRetained(ids) {
      // Only previews are drawn from bitmaps.
      bitmaps.retain([]);
      tiles.retain(ids);
    },
  });
  part("create").setAttribute("aria-label", strings.toolbar.create);
  listen();
  part("prompt").focus();

  function after(work, ms) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  }

  function showPart(name) {
    if (name === "runs") /** @type {HTMLDetailsElement} */ (part("runs-fold")).open = true;
    if (name !== "stage" && store.getState().task === "split") store.dispatch(taskShown("new"));
    if (name === "prompt-history") part("prompt-history-button").click();
    else if (name === "runs") /** @type {HTMLElement} */ (part("runs-fold").firstElementChild).focus();
    else part(name).focus();
  }

  function listen() {
    const heard = [
      events.onMenu((name) => {
        // What a dialog asks is answered first.
        if (!page.querySelector("dialog[open]")) runCommand(name, "menu");
      }, signal),
      events.onOpenRecent((path) => void session.openRecent(path), signal),
      events.onRecentChanged(() => void session.listRecent(), signal),
      events.onCloseRequested(() => {
        void ipc.closeHeard();
        void session.quit();
      }, signal),
      events.onEngineStatus((status) => {
        showEngineStatus(store, status);
        // The models are known only when the engine is.
        if (status.state === "ready") void loadModels(store, ipc).then(library.look);
      }, signal),
      events.onOpenFile((opened) => {
        placeDocument(store, opened);
        void session.listRecent();
      }, signal),
      events.onFilesEntered(() => arrivals.setDragging(true), signal),
      events.onFilesLeft(() => arrivals.setDragging(false), signal),
      events.onFilesDropped(arrivals.dropped, signal),
      events.onTelemetry(gauges.add, signal),
      events.onStaysInTray(trayDialog.show, signal),
    ];
    // Asked after listening has begun, so that no change falls in between.
    void Promise.allSettled(heard).then(() => {
      void askEngineStatus(store, ipc);
      void loadModels(store, ipc).then(library.look);
      void findRecovered(store, ipc);
      void session.listRecent();
      const seen = () => void gauges.setSeen(!page.hidden);
      page.addEventListener("visibilitychange", seen);
      seen();
      // Two frames: the first one is drawn when the second begins.
      requestAnimationFrame(() => requestAnimationFrame(() => void ipc.uiReady().catch(() => {})));
    });
  }
}

// Keys of what is under way on the canvas; while a field, a list or a dialog has the focus they are its own.
function isForTools({ target, isComposing }) {
  if (isComposing || document.querySelector("dialog[open]")) return false;
  return !(target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [role=tree], #colour-panel"));
}
