// Stands in for what the shell knows of the machine: telemetry, made of sines, ten times a second.
// `?gpu=1` puts a graphics card in, `?telemetry=none` takes everything out.
window.__MOCK_MACHINE__ = ({ options, emit }) => {
  const GIB = 2 ** 30;
  const wave = (at, period, low, high) => low + (high - low) * (0.5 + 0.5 * Math.sin((at / period) * 2 * Math.PI));
  const STAGES = [["load", 4], ["encode", 6], ["denoise", 26], ["decode", 4]];

  // A picture every minute.
  function phase(at) {
    let second = (at / 1000) % 60;
    for (const [stage, seconds] of STAGES) {
      if (second < seconds) return { stage, done: stage === "denoise" ? Math.floor(second / 6.5) : 0, total: 4 };
      second -= seconds;
    }
    return null;
  }

  function look(at) {
    const card = {
      name: "NVIDIA GeForce RTX 4070", load: wave(at, 23_000, 0.2, 0.98),
      memory: { ours: wave(at, 50_000, 2, 7) * GIB, used: wave(at, 50_000, 3.2, 8.4) * GIB, total: 12 * GIB },
      temperature: 61, watts: 142.4, wattsLimit: 200, clock: 2475, memoryClock: 10501,
    };
    return {
      at, cpu: wave(at, 17_000, 0.1, 0.9), memory: { used: wave(at, 60_000, 6, 11) * GIB, total: 16 * GIB },
      ours: { cpu: wave(at, 17_000, 0.05, 0.7), anonymous: wave(at, 60_000, 0.4, 3) * GIB, mapped: 4.2 * GIB, diskRead: phase(at)?.stage === "load" ? 9e8 : 0 },
      cards: options.gpu ? [card] : [], phase: phase(at),
    };
  }

  // A picture takes 0.3 GB and 8 KB a pixel; the machine has 16 GB, of which 9 are free.
  let preferences = {
    memoryBudget: options.budget ? Number(options.budget) * GIB : null, graphicsBudget: null, unloadAfter: 10, keepInTray: false,
    startAtLogin: false, preload: null,
  };
  const about = () => ({ ...preferences, hasTray: !options.notray, problem: options.problem ?? null });
  const needsOf = ({ width, height }) => 0.3 * GIB + 8 * 1024 * width * height;

  function forecast({ request }) {
    const needs = needsOf(request);
    const available = Math.min(9 * GIB, preferences.memoryBudget ?? Infinity);
    const fits = needs <= available;
    const small = needsOf({ width: 64, height: 64 }) <= available ? { width: 64, height: 64 } : null;
    const wouldFit = { size: fits ? null : small, budget: fits ? null : needs, model: null };
    return { needs, available, seconds: 38, fits, onCard: false, dropsReader: needs > 0.6 * available, streams: false, wouldFit };
  }

  let timer = null;
  let at = 0;
  return {
    forecast,
    forecast_layers: ({ request: { layers } }) => forecast({ request: { width: 128, height: 128 * layers } }),
    load_preferences: about,
    save_preferences({ preferences: wanted }) {
      preferences = wanted;
      return about();
    },
    hide_window: () => null,
    show_window: () => null,
    start_telemetry({ looksASecond }) {
      if (options.telemetry === "none") return;
      clearInterval(timer);
      if (at === 0) for (at = 500; at < 118_000; at += 500) emit("telemetry", look(at));
      const pause = 1000 / looksASecond;
      timer = setInterval(() => emit("telemetry", look((at += pause))), pause);
    },
    stop_telemetry() {
      clearInterval(timer);
      timer = null;
    },
  };
};
