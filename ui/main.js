// @ts-check
import { createBitmaps } from "./canvas/bitmaps.js";
import { createThumbnails } from "./canvas/thumbnails.js";
import { mountCanvas } from "./canvas/viewport.js";
import { createCommands, createRunner } from "./effects/commands.js";
import { createImageEffects, retainHeldImages } from "./effects/images.js";
import { askEngineStatus, loadModels, showEngineStatus } from "./effects/models.js";
import { keepTheme, readTheme } from "./effects/settings.js";
import * as ipc from "./ipc/commands.js";
import * as events from "./ipc/events.js";
import { noticeShown } from "./state/actions.js";
import { shuffledSeed } from "./state/form.js";
import { initialState, reduce } from "./state/reducer.js";
import { createStore } from "./state/store.js";
import { strings } from "./strings.js";
import { mountArrivals } from "./views/arrivals.js";
import { quietBrowser } from "./views/browser-habits.js";
import { mountKeyboard } from "./views/keyboard.js";
import { mountLayersPanel } from "./views/layers-panel.js";
import { mountNotices } from "./views/notices.js";
import { mountProgress } from "./views/progress.js";
import { mountPromptPanel } from "./views/prompt-panel.js";
import { mountReferencesPanel } from "./views/references-panel.js";
import { mountSettingsPanel } from "./views/settings-panel.js";
import { mountShortcutsDialog } from "./views/shortcuts-dialog.js";
import { mountSplash } from "./views/splash.js";
import { mountStage } from "./views/stage.js";
import { mountStatusBar } from "./views/status-bar.js";
import { mountTheme } from "./views/theme.js";
import { mountToolbar } from "./views/toolbar.js";

const RETAIN_DELAY_MS = 400;

start(document);

/** @param {Document} page */
function start(page) {
  const { signal } = new AbortController();
  const part = (id) => /** @type {HTMLElement} */ (page.getElementById(id));
  const store = createStore(reduce, initialState({
    seed: shuffledSeed(Math.random),
    theme: readTheme(localStorage),
  }));

  const bitmaps = createBitmaps({
    loadImage: ipc.loadImage,
    onLoaded(id) {
      canvas.redraw();
      thumbnails.loaded(id);
    },
    onFailed(id) {
      // A preview that is gone is not worth a word.
      const { layers } = store.getState().document.present;
      if (layers.some((layer) => layer.imageId === id)) {
        store.dispatch(noticeShown("error", strings.notices.imageLost));
      }
    },
  });
  const thumbnails = createThumbnails(bitmaps);
  const images = createImageEffects(store, ipc);
  const dialog = mountShortcutsDialog(page.body);
  const runCommand = createRunner(createCommands({
    store,
    ipc,
    images,
    random: Math.random,
    prepareImage: bitmaps.prepare,
    showShortcuts: dialog.show,
  }), () => performance.now());
  const run = (name) => runCommand(name, "page");

  mountSplash(part("splash"), part("splash-text"), store);
  mountToolbar(part("toolbar"), store, run);
  mountPromptPanel(part("create"), store, run);
  mountReferencesPanel(part("create"), store, images, thumbnails.show);
  mountSettingsPanel(part("create"), store, Math.random);
  mountLayersPanel(part("side"), store, thumbnails.show);
  mountStatusBar(part("footer"), store);
  mountProgress(part("progress"), store);
  mountStage(part("stage"), store, run);
  mountNotices(part("stage"), store);
  const canvas = mountCanvas({
    stage: part("stage"),
    scene: /** @type {HTMLCanvasElement} */ (part("canvas")),
    overlay: /** @type {HTMLCanvasElement} */ (part("overlay")),
    store,
    bitmaps,
  }, signal);
  mountTheme(page.documentElement, store, canvas.restyle);
  mountKeyboard(page, store, run);
  quietBrowser(page);
  const arrivals = mountArrivals(page, store, images);

  keepTheme(store, localStorage);
  retainHeldImages(store, ipc, {
    isArriving: images.isArriving,
    later: (work) => setTimeout(work, RETAIN_DELAY_MS),
    onRetained: bitmaps.retain,
  });
  part("create").setAttribute("aria-label", strings.toolbar.create);
  listen();
  part("prompt").focus();

  function listen() {
    const heard = [
      events.onMenu((name) => runCommand(name, "menu"), signal),
      events.onEngineStatus((status) => {
        showEngineStatus(store, status);
        // The models are known only when the engine is.
        if (status.state === "ready") void loadModels(store, ipc);
      }, signal),
      events.onOpenFile((image) => images.place(image, "document"), signal),
      events.onFilesEntered(() => arrivals.setDragging(true), signal),
      events.onFilesLeft(() => arrivals.setDragging(false), signal),
      events.onFilesDropped(arrivals.dropped, signal),
    ];
    // Asked after listening has begun, so that no change falls in between.
    void Promise.allSettled(heard).then(() => {
      void askEngineStatus(store, ipc);
      void loadModels(store, ipc);
      // Two frames: the first one is drawn when the second begins.
      requestAnimationFrame(() => requestAnimationFrame(() => void ipc.uiReady().catch(() => {})));
    });
  }
}
