// @ts-check

/** The only file that touches Tauri. */

/** What went wrong in the engine; `code` is for the program, `message` for the artist. */
export class IpcError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "IpcError";
    this.code = code;
  }
}

/**
 * @param {string} command
 * @param {Record<string, unknown> | Uint8Array} [args]
 * @param {{ headers: Record<string, string> }} [options]
 * @returns {Promise<any>}
 */
export async function invoke(command, args, options) {
  try {
    return await tauri().core.invoke(command, args, options);
  } catch (error) {
    throw toIpcError(error);
  }
}

/**
 * A way for Rust to send messages to the page.
 * @param {(message: any) => void} onMessage
 */
export function createChannel(onMessage) {
  const channel = new (tauri().core.Channel)();
  channel.onmessage = onMessage;
  return channel;
}

/**
 * @param {string} event
 * @param {(payload: any) => void} observer
 * @param {AbortSignal} [signal]
 */
export async function listen(event, observer, signal) {
  const unlisten = await tauri().event.listen(event, ({ payload }) => observer(payload));
  if (signal?.aborted) unlisten();
  signal?.addEventListener("abort", unlisten, { once: true });
}

/**
 * @param {unknown} error
 * @returns {IpcError}
 */
export function toIpcError(error) {
  if (error instanceof IpcError) return error;
  const { code, message } = /** @type {any} */ (error ?? {});
  if (typeof code === "string" && typeof message === "string") return new IpcError(code, message);
  // An empty message is filled with plain words where it is shown.
  return new IpcError("internal", "");
}

function tauri() {
  const api = /** @type {any} */ (globalThis).__TAURI__;
  if (!api) throw new IpcError("internal", "");
  return api;
}
