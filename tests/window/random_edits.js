// Random actions in the real window, at the controls that people use. Everything hangs on `window.__EDITS__`.
(() => {
  if (window.__EDITS__) return;
  const { core } = window.__TAURI__;
  const invoke = core.invoke.bind(core);
  const quiet = ["render_document", "render_tiles", "load_image", "load_tiles", "retain_images", "autosave", "forget_recovered"];
  let working = 0;
  let copied = null;
  const watched = async (command, args, options) => {
    // Copying everything tells what the document is; the clipboard itself is left alone.
    if (command === "copy_image") {
      copied = args.document;
      return null;
    }
    if (quiet.includes(command)) return invoke(command, args, options);
    working += 1;
    try {
      return await invoke(command, args, options);
    } finally {
      working -= 1;
    }
  };

  window.__TAURI__ = { ...window.__TAURI__, core: { ...core, invoke: watched } };

  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const below = (end) => Math.floor(next() * end);
  const pick = (list) => list[below(list.length)];
  const find = (css) => document.querySelector(css);
  const rows = () => [...document.querySelectorAll("#layers li")];
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const settled = async () => {
    await pause(0);
    for (let turn = 0; turn < 500 && working > 0; turn += 1) await pause(10);
    await pause(0);
  };
  const press = (target, key, held = {}) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held }));
  const click = (target, held = {}) => target?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...held }));
  const set = (css, value, ...events) => {
    find(css).value = value;
    for (const event of events) find(css).dispatchEvent(new Event(event, { bubbles: true }));
  };

  const choose = (name) => {
    click(find("#layer-more"));
    const item = find(`.action-menu [data-action="${name}"]`);
    const may = item?.getAttribute("aria-disabled") === "false";
    if (may) click(item);
    else find(".action-menu")?.remove();
  };
  const inMenu = [
    "layer.new", "layer.duplicate", "layer.duplicate", "layer.remove", "layer.group", "layer.group", "layer.ungroup", "layer.merge",
    "layer.visibility", "layer.solo", "layer.clipping", "layer.mask-add", "layer.mask-invert", "layer.mask-toggle", "layer.mask-apply",
    "layer.mask-remove",
  ];
  const row = () => pick(rows());
  const kinds = {
    select: [10, () => click(row().querySelector(".layer-words"), { ctrlKey: next() < 0.3, shiftKey: next() < 0.15 })],
    menu: [16, () => choose(pick(inMenu))],
    eye: [4, () => click(row().querySelector(".layer-eye"), { altKey: next() < 0.3 })],
    open: [3, () => click(row().querySelector(".layer-twisty"))],
    move: [8, () => press(row(), pick(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]), { altKey: true })],
    walk: [3, () => press(row(), pick(["ArrowUp", "ArrowDown", "Home", "End"]), { shiftKey: next() < 0.5 })],
    blend: [5, () => set("#blend", pick(["normal", "multiply", "screen", "overlay", "difference", "luminosity"]), "change")],
    opacity: [5, () => set("#opacity", below(101), "input", ...(next() < 0.5 ? ["change"] : []))],
    fill: [3, () => set("#fill", below(101), "input", "change")],
    lock: [1, () => click(find(`[data-lock="${pick(["transparency", "pixels", "position", "all"])}"]`))],
    unlock: [2, () => click(find('[data-lock="all"][aria-pressed="true"]'))],
    undo: [6, () => click(find("#undo"))],
    redo: [4, () => click(find("#redo"))],
    rename: [2, () => {
      const one = row();
      press(one, "F2");
      const input = one.querySelector("input");
      if (!input) return;
      input.value = `name ${below(99)}`;
      press(input, "Enter");
    }],
  };
  const weighted = Object.entries(kinds).flatMap(([name, [weight]]) => Array(weight).fill(name));

  window.__EDITS__ = {
    async run(seed, count) {
      const done = {};
      if (seed !== null) state = seed;
      for (let index = 0; index < count; index += 1) {
        if (rows().length === 0) click(find("#undo"));
        else {
          const name = rows().length > 30 ? "undo" : pick(weighted);
          done[name] = (done[name] ?? 0) + 1;
          kinds[name][1]();
        }
        await settled();
      }
      return done;
    },

    /** Undoes or redoes until there is no more; how many steps that were. */
    async all(css) {
      let steps = 0;
      while (find(css).getAttribute("aria-disabled") === "false") {
        click(find(css));
        steps += 1;
        if (steps % 20 === 0) await pause(0);
      }
      return steps;
    },

    /** What the document looks like: width and height in four bytes each, then its pixels. */
    async picture() {
      copied = null;
      press(document.body, "C", { ctrlKey: true, shiftKey: true });
      await pause(0);
      if (copied === null) return null;
      return Array.from(new Uint8Array(await invoke("render_document", { document: copied, maxSide: null })));
    },

    /** The document as it would be saved, and a digest of what it looks like. */
    async seen() {
      const body = await this.picture();
      if (body === null) return { document: null, pixels: "" };
      // Two sums that forget nothing of the order.
      let [a, b] = [1, 7];
      for (const byte of body) {
        a = (Math.imul(a, 31) + byte) >>> 0;
        b = (Math.imul(b, 16777619) ^ byte) >>> 0;
      }
      return { document: JSON.stringify(copied), pixels: `${body.length} bytes, ${a}, ${b}` };
    },
  };
})();
