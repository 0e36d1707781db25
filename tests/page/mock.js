// Stands in for Tauri in the page tests: the IPC contract, with pictures made of numbers.
// A test steers it through `window.__MOCK__`; options come from the page's query string.
(() => {
  const options = Object.fromEntries(new URLSearchParams(location.search));
  const delay = (ms) => new Promise((done) => setTimeout(done, ms));
  const listeners = new Map();
  const images = new Map();
  const mock = { hold: Boolean(options.hold), stepMs: Number(options.stepMs ?? 30), calls: [], errors: [], request: null, cancelled: new Set(), emit, images, options };
  window.__MOCK__ = mock;
  window.__ASSET_EDITOR__ = { language: options.language ?? "en", version: "0.2.0" };
  mock.recent = options.recent ? [
    { path: "/home/artist/dragon.psd", name: "dragon.psd", folder: "/home/artist", missing: false },
    { path: "/home/artist/castle.ora", name: "castle.ora", folder: "/home/artist", missing: true },
  ] : [];
  window.addEventListener("error", (event) => mock.errors.push(String(event.message)));
  window.addEventListener("unhandledrejection", (event) => mock.errors.push(`rejection: ${event.reason?.message ?? event.reason}`));
  document.addEventListener("securitypolicyviolation", (event) =>
    mock.errors.push(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));

  // Scripts, pictures and styles that do not load tell only the element.
  window.addEventListener("error", (event) => {
    if (event.target !== window) mock.errors.push(`not loaded: ${event.target.src ?? event.target.href}`);
  }, true);
  for (const level of ["error", "warn"]) {
    const write = console[level];
    console[level] = (...words) => {
      mock.errors.push(`console.${level}: ${words.join(" ")}`);
      write.apply(console, words);
    };
  }

  class Channel {
    onmessage = () => {};
  }

  function emit(event, payload) {
    for (const handler of listeners.get(event) ?? []) handler({ event, payload });
  }

  // A disc on a transparent ground; the first three pixels are known, the third is half transparent.
  function picture(width, height, [r, g, b], ground = null) {
    const bytes = new Uint8Array(8 + width * height * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, width, true);
    view.setUint32(4, height, true);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const d = Math.hypot(x + 0.5 - width / 2, y + 0.5 - height / 2) / (width / 2);
        const at = 8 + 4 * (y * width + x);
        const light = 1.15 - 0.5 * (y / height) - 0.25 * (x / width);
        if (d < 0.8) bytes.set([r * light, g * light, b * light, 255].map((v) => Math.min(255, v)), at);
        else if (ground) bytes.set([...ground, 255], at);
      }
    }
    bytes.set([200, 100, 50, 255], 8);
    bytes.set([10, 220, 30, 255], 12);
    bytes.set([255, 0, 0, 128], 16);
    return bytes.buffer;
  }

  function store(width, height, colour, ground) {
    const id = images.size + 1;
    images.set(id, picture(width, height, colour, ground));
    return id;
  }

  function filled(width, height, colour) {
    const bytes = new Uint8Array(8 + width * height * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, width, true);
    view.setUint32(4, height, true);
    if (colour) new Uint32Array(bytes.buffer, 8).fill(new Uint32Array(new Uint8Array([...colour, 255]).buffer)[0]);
    const id = images.size + 1;
    images.set(id, bytes.buffer);
    return id;
  }

  // A test that must see a run under way holds it after its second step.
  const held = async (jobId, done) => {
    while (done === 2 && mock.hold && !mock.cancelled.has(jobId)) await delay(10);
  };

  const models = [
    {
      id: "starter", name: "Starter", note: "Starter model: small, for trying out", source: "starter", isStarter: true,
      distilled: true, ready: true, missing: [], tasks: ["generate"], defaults: { width: 128, height: 128, steps: 8, guidance: 1, layers: 1 },
    },
    {
      id: "klein-base", name: "FLUX.2 klein base 4B", note: "In your models folder", source: "folder", isStarter: false,
      distilled: false, reuses: true, ready: true, missing: [], tasks: ["generate"], defaults: { width: 512, height: 512, steps: 28, guidance: 4, layers: 1 },
    },
    {
      id: "broken", name: "FLUX.2 klein 9B", note: "", source: "folder", isStarter: false, distilled: true, ready: false,
      missing: ["vae/diffusion_pytorch_model.safetensors"], tasks: ["generate"], defaults: { width: 1024, height: 1024, steps: 4, guidance: 1, layers: 1 },
    },
    {
      id: "starter-layered", name: "Layered starter", note: "Starter model: small, for trying out", source: "starter", isStarter: true,
      distilled: false, ready: true, missing: [], tasks: ["decompose"], defaults: { width: 128, height: 128, steps: 5, guidance: 2, layers: 4 },
    },
    {
      id: "layered", name: "Qwen-Image-Layered", note: "In your models folder", source: "folder", isStarter: false,
      distilled: false, ready: true, missing: [], tasks: ["decompose"], defaults: { width: 1024, height: 1024, steps: 50, guidance: 4, layers: 6 },
    },
  ];

  async function run(jobId, request, channel) {
    const say = (event, data) => channel.onmessage({ event, data });
    const total = request.steps;
    say("started", { jobId, steps: total });
    for (const stage of ["load", "encode", "denoise"]) {
      say("stage", { stage });
      await delay(mock.stepMs);
    }
    if (options.fail) {
      const [code, message] = options.fail.split("|");
      say("failed", { code, message });
      return;
    }
    for (let done = 0; done <= total; done += 1) {
      await held(jobId, done - 1);
      if (mock.cancelled.has(jobId)) return say("cancelled", {});
      const id = store(16, 16, [90 + done * 10, 120, 140], [70, 80, 90]);
      say("step", { done, total, secondsLeft: ((total - done) * mock.stepMs) / 1000, preview: { id, width: 16, height: 16 } });
      await delay(mock.stepMs);
    }
    say("stage", { stage: "decode" });
    const id = store(request.width, request.height, [214, 52, 58]);
    say("image", { id, width: request.width, height: request.height, seed: request.seed, prompt: request.prompt, model: request.model });
    say("finished", { seconds: (total * mock.stepMs) / 1000 });
  }

  // Layers of a picture: the background whole, each of the others a disc in its own colour.
  const COLOURS = [[60, 120, 220], [214, 52, 58], [250, 200, 60], [70, 170, 90], [160, 90, 200]];

  async function separate(jobId, request, channel) {
    const say = (event, data) => channel.onmessage({ event, data });
    const gone = () => {
      if (mock.cancelled.has(jobId)) say("cancelled", {});
      return mock.cancelled.has(jobId);
    };
    const source = new DataView(images.get(request.image));
    const [width, height] = [source.getUint32(0, true), source.getUint32(4, true)];
    const total = request.steps;
    say("started", { jobId, steps: total });
    for (const stage of ["load", "caption", "encode", "denoise"]) {
      if (gone()) return;
      say("stage", { stage });
      await delay(mock.stepMs);
      if (stage === "caption" && request.prompt === "") say("caption", { text: "a blue disc on yellow" });
    }
    if (options.fail) {
      const [code, message] = options.fail.split("|");
      say("failed", { code, message });
      return;
    }
    if (options.report === "retry") {
      say("retrying", { reason: ["Two layers were the same."] });
      await delay(mock.stepMs);
    }
    for (let done = 0; done <= total; done += 1) {
      await held(jobId, done - 1);
      if (gone()) return;
      const previews = COLOURS.slice(0, request.layers).map((colour, index) =>
        ({ id: store(16, 16, colour, index === 0 ? [200, 200, 190] : null), width: 16, height: 16 }));
      say("step", { done, total, secondsLeft: ((total - done) * mock.stepMs) / 1000, previews, preview: previews[0] });
      await delay(mock.stepMs);
    }
    for (const stage of ["decode", "rebuild"]) {
      say("stage", { stage });
      await delay(mock.stepMs);
      if (gone()) return;
    }
    const layers = Array.from({ length: request.layers }, (_, index) => {
      const whole = index === 0;
      const side = Math.max(4, Math.round(Math.min(width, height) / 2));
      const [w, h] = whole ? [width, height] : [side, side];
      const id = store(w, h, COLOURS[(index + Number(request.seed)) % COLOURS.length], whole ? [200, 200, 190] : null);
      return { id, x: whole ? 0 : index * 4, y: whole ? 0 : index * 3, width: w, height: h, name: whole ? "Background" : `Layer ${index}` };
    });
    const report = options.report === "failing"
      ? { passes: false, sentences: ["Put together, the layers differ from your picture in 12 % of it.", "Layer 2 is empty."] }
      : { passes: true, sentences: ["Put together, the layers differ from your picture by 0.4 levels of 255."] };
    say("layers", {
      layers, seed: request.seed, prompt: request.prompt || "a blue disc on yellow", model: request.model,
      steps: request.steps, guidance: request.guidance, report,
    });
    say("finished", { seconds: (total * mock.stepMs) / 1000 });
  }

  function maskValue(mask, x, y) {
    if (!mask || mask.enabled === false) return 255;
    const plane = mock.masks.get(mask.id);
    const [column, row] = [x - (mask.x ?? 0), y - (mask.y ?? 0)];
    return plane && column >= 0 && row >= 0 && column < plane.width && row < plane.height ? plane.pixels[row * plane.width + column] : (mask.outside ?? 0);
  }

  // Layers one over the other, with the masks of layers; "multiply" is the one blend mode that it knows besides normal.
  function composite({ width, height, layers }, maxSide) {
    const scale = maxSide === null ? 1 : Math.min(1, maxSide / Math.max(width, height));
    const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
    const bytes = new Uint8Array(8 + w * h * 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, w, true);
    view.setUint32(4, h, true);
    const draw = (list, share) => {
      for (const layer of list) {
        if (layer.visible === false) continue;
        const opacity = share * (layer.opacity ?? 1) * (layer.fill ?? 1);
        if (layer.kind === "group") {
          draw(layer.children, opacity);
          continue;
        }
        if (!layer.image) continue;
        const source = new Uint8Array(images.get(layer.image));
        const [sw, sh] = [new DataView(source.buffer).getUint32(0, true), new DataView(source.buffer).getUint32(4, true)];
        for (let y = 0; y < h; y += 1) {
          for (let x = 0; x < w; x += 1) {
            const [sx, sy] = [Math.floor(x / scale) - layer.x, Math.floor(y / scale) - layer.y];
            if (sx < 0 || sy < 0 || sx >= sw || sy >= sh) continue;
            const from = 8 + 4 * (sy * sw + sx);
            const to = 8 + 4 * (y * w + x);
            const shown = maskValue(layer.mask, Math.floor(x / scale), Math.floor(y / scale)) / 255;
            const [top, under] = [(source[from + 3] / 255) * opacity * shown, bytes[to + 3] / 255];
            const alpha = top + under * (1 - top);
            if (alpha === 0) continue;
            for (let c = 0; c < 3; c += 1) {
              const [s, b] = [source[from + c], bytes[to + c]];
              const met = layer.blend === "multiply" ? (1 - under) * s + (under * s * b) / 255 : s;
              bytes[to + c] = Math.round((met * top + b * under * (1 - top)) / alpha);
            }
            bytes[to + 3] = Math.round(alpha * 255);
          }
        }
      }
    };
    draw(layers, 1);
    return bytes.buffer;
  }

  const pixelLayer = (id, name, image, x, y, width, height, more = {}) =>
    ({ id, kind: "pixels", name, image, x, y, width, height, ...more });

  // A file with a group, a locked layer, a mask and a layer that multiplies.
  function layeredFile() {
    const [a, b, c] = [store(64, 48, [60, 120, 220], [240, 240, 200]), store(32, 24, [214, 52, 58]), store(20, 20, [70, 170, 90])];
    return {
      width: 64, height: 48, depth: 16, keep: "document-1",
      layers: [
        pixelLayer(3, "Paper", a, 0, 0, 64, 48, { lock: { transparency: true, pixels: true, position: true }, keep: "layer-3" }),
        {
          id: 7, kind: "group", name: "Figure", expanded: true, children: [
            pixelLayer(5, "Shadow", b, 10, 10, 32, 24, { blend: "multiply", opacity: 0.5 }),
            pixelLayer(9, "Hat", c, 20, 4, 20, 20, { mask: { id: 2 ** 40, x: 20, y: 4, outside: 0, enabled: false, linked: true }, keep: "layer-9" }),
          ],
        },
      ],
    };
  }

  function opened(path) {
    const name = path.split("/").pop();
    if (path.endsWith(".txt")) return reject("image_unreadable", `${path} is not a picture. Open a PSD, ORA, PNG, JPEG or WebP file.`);
    if (/\.(psd|psb|ora)$/.test(path)) return { path, name, document: layeredFile(), notes: options.notes ? options.notes.split("|") : [] };
    const side = Number(options.side ?? 0);
    const [width, height] = side > 0 ? [side, side] : [64, 48];
    const image = store(width, height, [60, 120, 220], [240, 240, 200]);
    return { path, name, document: { width, height, layers: [{ id: 1, name, image, x: 0, y: 0, width, height }] }, notes: [] };
  }

  const reject = (code, message) => Promise.reject({ code, message });
  const imported = (name) => ({ id: store(64, 48, [60, 120, 220], [240, 240, 200]), width: 64, height: 48, name });
  let jobs = 0;

  const regions = window.__MOCK_REGIONS__({ images, options, kept: localStorage });
  const machine = window.__MOCK_MACHINE__({ options, emit });
  const commands = {
    ...Object.fromEntries(Object.entries({ ...regions, ...machine }).map(([name, answer]) => [name, async (args) => answer(args)])),
    async engine_status() {
      while (options.start === "held") await delay(10);
      if (options.engine === "failed") return { state: "failed", device: "", message: "The processor is too old." };
      return { state: "ready", device: "CPU (2 threads)", message: null };
    },
    async list_models() {
      while (options.start === "held") await delay(10);
      if (options.models === "none") return [];
      return models;
    },
    async generate({ request, onEvent }) {
      if (options.refuse) return reject(...options.refuse.split("|"));
      mock.request = request;
      const jobId = (jobs += 1);
      void run(jobId, request, onEvent);
      return { jobId };
    },
    async decompose({ request, onEvent }) {
      if (options.refuse) return reject(...options.refuse.split("|"));
      const jobId = (jobs += 1);
      void separate(jobId, request, onEvent);
      return { jobId };
    },
    cancel: async ({ jobId }) => void mock.cancelled.add(jobId),
    async load_image({ id }) {
      return images.get(id)?.slice(0) ?? reject("image_unknown", "This picture is not there any more.");
    },
    import_image: async (_bytes, { headers }) => imported(decodeURIComponent(headers["x-image-name"])),
    open_image_dialog: async () => imported("opened.png"),
    open_image_path: async ({ path }) =>
      path.endsWith(".txt") ? reject("image_unreadable", `${path} is not a picture. Open a PNG, JPEG or WebP file.`) : imported(path.split("/").pop()),
    open_document_dialog: async () => opened(options.open ?? "/home/artist/opened.png"),
    open_document_path: async ({ path }) => opened(path),
    save_document: async ({ path }) => ({ path: path ?? "/home/artist/potion.ora", notes: options.saveNote ? [options.saveNote] : [] }),
    export_document: async ({ format }) => ({ path: `/home/artist/potion.${format}`, notes: [] }),
    async render_document({ document, maxSide }) {
      await delay(mock.stepMs);
      return composite(document, maxSide);
    },
    create_image: async ({ width, height, colour }) => ({ id: filled(width, height, colour), width, height, bytes: 4 * width * height }),
    list_recent: async () => mock.recent,
    open_recent: async ({ path }) => opened(path),
    clear_recent: async () => void (mock.recent = []),
    open_example: async () => ({ ...opened("/examples/potion.ora"), path: null }),
    choose_language: async () => null,
    show_models_folder: async () => "/home/artist/.local/share/asset-editor/models",
    close_heard: async () => null,
    close_window: async () => null,
    autosave: async () => null,
    list_recovered: async () => (options.recovered ? [{ slot: "window-before", title: "dragon.psd", secondsAgo: 600 }] : []),
    open_recovered: async () => ({ ...opened("/recovery/x.ora"), path: null, name: "dragon.psd" }),
    forget_recovered: async () => null,
    copy_image: async () => null,
    paste_image: async () => (options.clipboard === "empty" ? null : imported("Pasted picture")),
    retain_images: async () => null,
    ui_ready: async () => null,
  };
  const addImage = (body) => {
    const id = images.size + 1;
    images.set(id, body);
    return id;
  };
  // What has a mock of its own above keeps it.
  Object.assign(commands, { ...window.createMockPixels(mock, addImage, composite, reject), ...window.createMockLibrary(mock, reject), ...commands });

  window.__TAURI__ = {
    core: {
      Channel,
      invoke(command, args, invokeOptions) {
        const plain = args instanceof Uint8Array ? { bytes: args.length, ...JSON.parse(invokeOptions?.headers?.["x-about"] ?? "{}") } : JSON.parse(JSON.stringify(args ?? {}));
        mock.calls.push({ command, args: plain, headers: invokeOptions?.headers });
        return commands[command] ? commands[command](args ?? {}, invokeOptions) : reject("internal", `no command ${command}`);
      },
    },
    event: {
      async listen(event, handler) {
        listeners.set(event, [...(listeners.get(event) ?? []), handler]);
        return () => listeners.set(event, listeners.get(event).filter((other) => other !== handler));
      },
    },
  };
})();
