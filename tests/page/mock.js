// Stands in for Tauri in the page tests: the IPC contract, with pictures made of numbers.
// A test steers it through `window.__MOCK__`; options come from the page's query string.
(() => {
  const options = Object.fromEntries(new URLSearchParams(location.search));
  const delay = (ms) => new Promise((done) => setTimeout(done, ms));
  const stepMs = Number(options.stepMs ?? 30);
  const listeners = new Map();
  const images = new Map();
  const mock = { calls: [], errors: [], request: null, cancelled: new Set(), emit, images, options };
  window.__MOCK__ = mock;
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

  const models = [
    {
      id: "starter", name: "Starter", note: "Starter model: small, for trying out", source: "starter", isStarter: true,
      distilled: true, ready: true, missing: [], defaults: { width: 128, height: 128, steps: 8, guidance: 1 },
    },
    {
      id: "klein-base", name: "FLUX.2 klein base 4B", note: "In your models folder", source: "folder", isStarter: false,
      distilled: false, ready: true, missing: [], defaults: { width: 512, height: 512, steps: 28, guidance: 4 },
    },
    {
      id: "broken", name: "FLUX.2 klein 9B", note: "", source: "folder", isStarter: false, distilled: true, ready: false,
      missing: ["vae/diffusion_pytorch_model.safetensors"], defaults: { width: 1024, height: 1024, steps: 4, guidance: 1 },
    },
  ];

  async function run(jobId, request, channel) {
    const say = (event, data) => channel.onmessage({ event, data });
    const total = request.steps;
    say("started", { jobId, steps: total });
    for (const stage of ["load", "encode", "denoise"]) {
      say("stage", { stage });
      await delay(stepMs);
    }
    if (options.fail) {
      const [code, message] = options.fail.split("|");
      say("failed", { code, message });
      return;
    }
    for (let done = 0; done <= total; done += 1) {
      if (mock.cancelled.has(jobId)) return say("cancelled", {});
      const id = store(16, 16, [90 + done * 10, 120, 140], [70, 80, 90]);
      say("step", { done, total, secondsLeft: ((total - done) * stepMs) / 1000, preview: { id, width: 16, height: 16 } });
      await delay(stepMs);
    }
    say("stage", { stage: "decode" });
    const id = store(request.width, request.height, [214, 52, 58]);
    say("image", { id, width: request.width, height: request.height, seed: request.seed, prompt: request.prompt, model: request.model });
    say("finished", { seconds: (total * stepMs) / 1000 });
  }

  const reject = (code, message) => Promise.reject({ code, message });
  const imported = (name) => ({ id: store(64, 48, [60, 120, 220], [240, 240, 200]), width: 64, height: 48, name });
  let jobs = 0;

  const commands = {
    async engine_status() {
      await delay(Number(options.startMs ?? 0));
      if (options.engine === "failed") return { state: "failed", device: "", message: "The processor is too old." };
      return { state: "ready", device: "CPU (2 threads)", message: null };
    },
    async list_models() {
      await delay(Number(options.startMs ?? 0));
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
    cancel: async ({ jobId }) => void mock.cancelled.add(jobId),
    async load_image({ id }) {
      return images.get(id)?.slice(0) ?? reject("image_unknown", "This picture is not there any more.");
    },
    import_image: async (_bytes, { headers }) => imported(decodeURIComponent(headers["x-image-name"])),
    open_image_dialog: async () => imported("opened.png"),
    open_image_path: async ({ path }) =>
      path.endsWith(".txt") ? reject("image_unreadable", `${path} is not a picture. Open a PNG, JPEG or WebP file.`) : imported(path.split("/").pop()),
    save_png_dialog: async () => ({ path: "/home/artist/potion.png" }),
    export_dialog: async () => ({ path: "/home/artist/potion.png" }),
    copy_image: async () => null,
    paste_image: async () => (options.clipboard === "empty" ? null : imported("Pasted picture")),
    retain_images: async () => null,
    ui_ready: async () => null,
  };

  window.__TAURI__ = {
    core: {
      Channel,
      invoke(command, args, invokeOptions) {
        const plain = args instanceof Uint8Array ? { bytes: args.length } : JSON.parse(JSON.stringify(args ?? {}));
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
