// Stands in for the shell's commands about models: a small catalogue, a download that a test can hold.
window.createMockLibrary = (mock, reject) => {
  const GB = 1e9;
  const delay = (ms) => new Promise((done) => setTimeout(done, ms));
  const apache = { id: "apache-2.0", name: "Apache License 2.0", summary: "Free for any use, also for work that is sold.", url: "https://www.apache.org/licenses/LICENSE-2.0", commercial: true, accepted: false };
  const flux = { id: "flux-non-commercial", name: "FLUX Non-Commercial License", summary: "Not for commercial use.", url: "https://huggingface.co/black-forest-labs/FLUX.2-klein-9B/blob/main/LICENSE.md", commercial: false, accepted: false };
  const entry = (id, name, more) => ({ id, name, note: "", ready: false, missing: [], isStarter: false, places: [], size: 0, memory: null, licences: [], offer: null, ...more });
  const page = "https://huggingface.co/black-forest-labs/FLUX.2-klein-9B";
  const models = [
    entry("starter", "Starter model", { ready: true, isStarter: true, size: 9_000_000, note: "Starter model: small, for trying out", licences: [apache] }),
    entry("painter", "flux-2-klein-4b-Q8_0", { ready: true, size: 8.6 * GB, note: "Put together from your linked folders.", places: ["/mnt/models/diffusion_models/flux-2-klein-4b-Q8_0.gguf", "/mnt/models/text_encoders/qwen_3_4b.safetensors"] }),
    entry("klein-4b", "FLUX.2 klein 4B", { note: "Fast: four steps. Free for any use.", memory: 16, licences: [apache], offer: { size: 16 * GB, atLeast: false, kept: 0, gated: false, page } }),
    entry("klein-9b", "FLUX.2 klein 9B", { note: "Fast and better: four steps.", memory: 36, licences: [flux, apache], offer: { size: 34.7 * GB, atLeast: true, kept: 0, gated: true, page } }),
    entry("loose", "old-checkpoint", { missing: ["no text encoder that fits it is in a linked folder"] }),
  ];
  const linked = [
    { folder: "/mnt/models", problem: null, models: 1, parts: 3, loras: 2, unusable: [{ path: "/mnt/models/checkpoints/sdxl.safetensors", reason: "it is a Stable Diffusion model; FLUX.2-klein works" }], cut: false },
    { folder: "/media/artist/old drive", problem: "gone", models: 0, parts: 0, loras: 0, unusable: [], cut: false },
  ];
  const loras = [{ path: "/mnt/models/loras/ink.safetensors", name: "ink", fits: ["klein-base"] }, { path: "/mnt/models/loras/clay.safetensors", name: "clay", fits: ["klein-base"] }];
  const paused = new Set();
  // A message from Rust is new each time.
  const reply = () => structuredClone({ models, linked, loras, notices: mock.options.catalogue ? ["“models.toml”: line 3: there are two models called “x”."] : [], free: 120 * GB, folder: "/home/artist/.local/share/asset-editor/models" });
  const of = (id) => models.find((model) => model.id === id);

  return {
    list_library: async () => reply(),
    async get_model({ id, accepted, onEvent }) {
      const say = (event, data = {}) => onEvent.onmessage({ event, data });
      const model = of(id);
      model.licences = model.licences.map((licence) => ({ ...licence, accepted: licence.accepted || accepted.includes(licence.id) }));
      paused.delete(id);
      say("preparing", { what: "asking" });
      await delay(mock.stepMs);
      if (mock.options.access) return say("failed", { code: "access_needed", message: "“https://huggingface.co/black-forest-labs/FLUX.2-klein-9B” gives its files only to people who are signed in." });
      const total = model.offer.size;
      for (let done = model.offer.kept; done < total; done += total / 8) {
        model.offer = { ...model.offer, kept: done };
        say("progress", { done, total, speed: 24_000_000, secondsLeft: (total - done) / 24_000_000 });
        while (mock.hold && done > 0 && !paused.has(id)) await delay(10);
        if (paused.has(id)) return say("paused");
        await delay(mock.stepMs);
      }
      Object.assign(model, { ready: true, offer: null, size: total, places: [`/home/artist/.local/share/asset-editor/models/${id}`] });
      say("finished");
    },
    pause_download: async ({ id }) => void paused.add(id),
    async discard_download({ id }) {
      of(id).offer = { ...of(id).offer, kept: 0 };
      return reply();
    },
    async link_models_folder() {
      if (mock.options.folder === "none") return null;
      linked.push({ folder: "/home/artist/comfy/models", problem: null, models: 0, parts: 2, loras: 0, unusable: [], cut: false });
      return reply();
    },
    async unlink_models_folder({ folder }) {
      const at = linked.findIndex((other) => other.folder === folder);
      if (at < 0) return reject("invalid_request", "This folder is not linked.");
      linked.splice(at, 1);
      return reply();
    },
    async keep_access_token({ token }) {
      if (mock.options.keychain === "none") return reject("keychain", "The system's keychain cannot be used.");
      mock.token = token.length;
      mock.options.access = "";
      return null;
    },
  };
};
