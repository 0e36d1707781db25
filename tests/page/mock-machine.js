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

  let timer = null;
  let at = 0;
  return {
    start_telemetry() {
      if (options.telemetry === "none" || timer !== null) return;
      if (at === 0) for (at = 500; at < 118_000; at += 500) emit("telemetry", look(at));
      timer = setInterval(() => emit("telemetry", look((at += 100))), 100);
    },
    stop_telemetry() {
      clearInterval(timer);
      timer = null;
    },
  };
};
