// @ts-check
import { listen } from "./client.js";

/**
 * What Rust and the window tell the page without being asked.
 * @typedef {{ x: number, y: number }} PhysicalPosition
 */

/** @param {(command: string) => void} observer @param {AbortSignal} [signal] */
export const onMenu = (observer, signal) => listen("menu", observer, signal);

/** @param {() => void} observer @param {AbortSignal} [signal] */
export const onCloseRequested = (observer, signal) => listen("close-requested", observer, signal);

/** The window is about to go where it can be brought back from. @param {() => void} observer @param {AbortSignal} [signal] */
export const onStaysInTray = (observer, signal) => listen("stays-in-tray", observer, signal);

/** @param {(path: string) => void} observer @param {AbortSignal} [signal] */
export const onOpenRecent = (observer, signal) => listen("open-recent", observer, signal);

/** @param {() => void} observer @param {AbortSignal} [signal] */
export const onRecentChanged = (observer, signal) => listen("recent-changed", observer, signal);

/** @param {(status: import("../state/models.js").Engine) => void} observer @param {AbortSignal} [signal] */
export const onEngineStatus = (observer, signal) => listen("engine-status", observer, signal);

/** @param {(opened: import("../state/actions.js").Opened) => void} observer @param {AbortSignal} [signal] */
export const onOpenFile = (observer, signal) => listen("open-file", observer, signal);

/** @param {(look: import("../state/gauges.js").Look) => void} observer @param {AbortSignal} [signal] */
export const onTelemetry = (observer, signal) => listen("telemetry", observer, signal);

/** @param {(drop: { paths: string[], position: PhysicalPosition }) => void} observer @param {AbortSignal} [signal] */
export const onFilesDropped = (observer, signal) => listen("tauri://drag-drop", observer, signal);

/** @param {() => void} observer @param {AbortSignal} [signal] */
export const onFilesEntered = (observer, signal) => listen("tauri://drag-enter", observer, signal);

/** @param {() => void} observer @param {AbortSignal} [signal] */
export const onFilesLeft = (observer, signal) => listen("tauri://drag-leave", observer, signal);
