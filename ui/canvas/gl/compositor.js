// @ts-check
import { SIDE, meet, reach } from "../places.js";
import { FADES_ITSELF } from "./modes.js";
import { createPool } from "./pool.js";
import { Unbuilt, createPrograms } from "./context.js";
import { FINISH, MOST_IN_A_RUN, RECOLOUR, TAKE_OUT, WHOLE, blendSource, fadeSource, runSource } from "./shaders.js";
import { coveredBy, maskSize, slotFor, windowOn } from "./sources.js";
import { createTargets } from "./targets.js";
import { createTurned } from "./turned.js";

/**
 * The picture's tiles on the graphics card, by the order and the maths of Rust's `compositor/tree.rs`.
 *
 * A run of plain layers is one pass that keeps its numbers in registers; everything else is a pass
 * of its own between float targets. Results are straight RGBA8, rounded once.
 *
 * @typedef {import("../../state/document.js").Rect} Rect
 * @typedef {import("./sources.js").Spot} Spot
 * @typedef {import("./targets.js").Target} Target
 * @typedef {Spot & { part: Rect }} Job `part` of the tile is made
 * @typedef {{ canvas: Target, run: any[] }} Surface what is drawn on, and plain layers that are still to be drawn on it
 * @typedef {{ image: ImageData, x: number, y: number }} Made where on the image a job's part begins
 */

const UNITS = { tiles: 0, masks: 1, below: 2, above: 3, mask: 4, spare: 5 };
/** Tiles on the card: 256 MiB of colours, 32 MiB of masks. */
const COLOUR_TILES = 1024;
const MASK_TILES = 512;
/** Results lie side by side and are read at once. */
const ATLAS = 4;
export const MOST_JOBS = ATLAS * ATLAS;

/**
 * @param {WebGL2RenderingContext} gl
 * @param {ReturnType<typeof import("../tiles.js").createTiles>} tiles
 */
export function createCompositor(gl, tiles) {
  const programs = createPrograms(gl);
  const pools = {
    colours: createPool(gl, UNITS.tiles, 4, COLOUR_TILES),
    masks: createPool(gl, UNITS.masks, 1, MASK_TILES),
  };
  const targets = createTargets(gl, UNITS.spare);
  const turned = createTurned({ gl, programs, pools, targets, tiles });
  const atlas = createAtlas(gl);
  gl.enable(gl.SCISSOR_TEST);
  /** @type {Job} */
  let job;
  let area;

  function bind(unit, target) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, target.texture);
  }

  // Draws the current program into a new target, or to a place of the atlas.
  function draw(inputs, origin = null) {
    const target = origin ? null : targets.take();
    if (inputs.below) bind(UNITS.below, inputs.below);
    if (inputs.above) bind(UNITS.above, inputs.above);
    if (inputs.mask) bind(UNITS.mask, inputs.mask);
    const { x, y, width, height } = job.part;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target ? target.frame : atlas.frame);
    const side = target ? SIDE : SIDE * ATLAS;
    gl.viewport(0, 0, side, side);
    gl.scissor(x + (origin?.x ?? 0), y + (origin?.y ?? 0), width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return target ?? targets.nothing;
  }

  function slotOf(id) {
    return (tx, ty) => slotFor(tiles.tile(id, job.level, tx, ty), `${id}:${job.level}:${tx}:${ty}`, id, pools);
  }

  /** @returns {Surface} */
  const surface = () => ({ canvas: targets.nothing, run: [] });

  function replace(on, canvas) {
    targets.drop(on.canvas);
    on.canvas = canvas;
  }

  function flush(on) {
    if (on.run.length === 0) return;
    replace(on, drawRun(on, null));
  }

  function drawRun({ canvas: below, run }, origin) {
    const masked = run.some(({ mask }) => mask);
    const last = origin !== null;
    const place = programs.use(`run ${masked} ${last}`, () => [WHOLE, runSource(masked, last)]);
    gl.uniform2i(place("u_origin"), origin?.x ?? 0, origin?.y ?? 0);
    gl.uniform1i(place("u_count"), run.length);
    gl.uniform4iv(place("u_slots"), run.flatMap(({ window }) => window.slots));
    gl.uniform2iv(place("u_offsets"), run.flatMap(({ window }) => window.offset));
    gl.uniform1fv(place("u_shares"), run.map(({ share }) => share));
    if (masked) {
      const masks = run.map(({ mask }) => mask ?? UNMASKED);
      gl.uniform4iv(place("u_maskSlots"), masks.flatMap(({ window }) => window.slots));
      gl.uniform4iv(place("u_maskInside"), masks.flatMap(({ window }) => window.inside));
      gl.uniform2iv(place("u_maskOffset"), masks.flatMap(({ window }) => window.offset));
      gl.uniform1fv(place("u_outside"), masks.map(({ outside }) => outside));
    }
    run.length = 0;
    return draw({ below }, origin);
  }

  function free(on) {
    targets.drop(on.canvas);
  }

  /** The same once more. @returns {Surface} */
  function cut(on) {
    flush(on);
    return { canvas: targets.keep(on.canvas), run: [] };
  }

  function drawLayers(layers, on) {
    for (let index = 0; index < layers.length;) {
      const base = layers[index];
      let end = index + 1;
      while (end < layers.length && layers[end].clipping) end += 1;
      const clipped = layers.slice(index + 1, end).filter((layer) => layer.visible);
      index = end;
      if (!base.visible || !isNear(base)) continue;
      if (clipped.length > 0) drawWithClipped(base, clipped, on);
      else drawAlone(base, on);
    }
  }

  function isNear(layer) {
    const reached = reach(layer);
    return reached !== null && meet(reached, area) !== null;
  }

  function drawAlone(layer, on) {
    if (layer.kind !== "group") {
      if (layer.blend === "normal" && !layer.live && !layer.matrix) {
        const window = windowOn(job, layer, slotOf(layer.imageId));
        if (window.slots.every((slot) => slot < 0)) return;
        on.run.push({ window, share: Math.fround(level(layer.opacity) * level(layer.fill)), mask: maskTiles(layer) });
        if (on.run.length === MOST_IN_A_RUN) flush(on);
        return;
      }
      flush(on);
      const source = pixelsOf(layer);
      blend(layer, source, on);
      if (source.drawn) targets.drop(source.drawn);
      return;
    }
    if (layer.blend === "pass-through") {
      if (!layer.mask?.enabled && layer.live?.kind !== "mask" && level(layer.opacity) === 1 && level(layer.fill) === 1) {
        drawLayers(layer.children, on);
        return;
      }
      const after = cut(on);
      drawLayers(layer.children, after);
      flush(after);
      fade(layer, after.canvas, on);
      free(after);
      return;
    }
    // What waits to be drawn has tiles on the card, which those of a group could take the place of.
    flush(on);
    const inside = surface();
    drawLayers(layer.children, inside);
    flush(inside);
    blend(layer, { drawn: inside.canvas }, on);
    free(inside);
  }

  // The clipped layers change the colour of the base, not its alpha.
  function drawWithClipped(base, clipped, on) {
    flush(on);
    const alone = aloneOf(base, on);
    const together = cut(alone);
    for (const layer of clipped) if (isNear(layer)) drawAlone(layer, together);
    flush(together);
    programs.use("recolour", () => [WHOLE, RECOLOUR]);
    const result = draw({ below: alone.canvas, above: together.canvas });
    free(alone);
    free(together);
    blend(base, { drawn: result }, on);
    targets.drop(result);
  }

  /** A layer's own colour and alpha, without its mask and opacity. @returns {Surface} */
  function aloneOf(layer, on) {
    const result = surface();
    if (layer.kind !== "group") {
      const { live, matrix, imageId, x, y, width, height } = layer;
      drawAlone({ kind: "pixels", blend: "normal", opacity: 1, fill: 1, mask: null, imageId, x, y, width, height,
        matrix, live: live?.kind === "pixels" ? live : undefined }, result);
      flush(result);
      return result;
    }
    drawLayers(layer.children, result);
    flush(result);
    if (layer.blend !== "pass-through") return result;
    const after = cut(on);
    drawLayers(layer.children, after);
    flush(after);
    programs.use("take out", () => [WHOLE, TAKE_OUT]);
    replace(result, draw({ below: on.canvas, above: after.canvas, mask: result.canvas }));
    free(after);
    return result;
  }

  function pixelsOf(layer) {
    if (layer.live?.kind === "pixels" || layer.matrix) return { drawn: turned.pixels(layer, job) };
    return { window: windowOn(job, layer, slotOf(layer.imageId)) };
  }

  function maskTiles({ mask }) {
    if (!mask?.enabled) return null;
    const size = maskSize(mask, tiles.sizeOf) ?? { width: 0, height: 0 };
    const window = size.width > 0 ? windowOn(job, { x: mask.x, y: mask.y, ...size }, slotOf(mask.id)) : UNMASKED.window;
    return { window, outside: Math.fround(mask.outside / 255) };
  }

  // Which variant of a program, and its uniforms.
  function withMask(layer) {
    const turns = layer.matrix && layer.mask?.enabled && layer.mask.linked;
    if (layer.live?.kind === "mask" || turns) return { kind: "drawn", drawn: turned.mask(layer, job), set() {} };
    const mask = maskTiles(layer);
    if (!mask) return { kind: "none", drawn: null, set() {} };
    return {
      kind: "tiles",
      drawn: null,
      set(place) {
        gl.uniform4iv(place("u_maskSlots"), mask.window.slots);
        gl.uniform4iv(place("u_maskInside"), mask.window.inside);
        gl.uniform2iv(place("u_maskOffset"), mask.window.offset);
        gl.uniform1f(place("u_outside"), mask.outside);
      },
    };
  }

  function blend(layer, source, on) {
    const mode = layer.blend === "pass-through" ? "normal" : layer.blend;
    const mask = withMask(layer);
    const kind = source.drawn ? "drawn" : "tiles";
    const place = programs.use(`${mode} ${kind} ${mask.kind}`,
      () => [WHOLE, blendSource(mode, kind, /** @type {any} */ (mask.kind))]);
    const [opacity, fill] = [level(layer.opacity), level(layer.fill)];
    const fades = FADES_ITSELF.has(mode);
    gl.uniform1f(place("u_full"), fades ? opacity : Math.fround(opacity * fill));
    gl.uniform1f(place("u_fill"), fades ? fill : 1);
    if (mode === "dissolve") gl.uniform2i(place("u_place"), job.tx * SIDE, job.ty * SIDE);
    if (source.window) {
      gl.uniform4iv(place("u_slots"), source.window.slots);
      gl.uniform2iv(place("u_offset"), source.window.offset);
    }
    mask.set(place);
    replace(on, draw({ below: on.canvas, above: source.drawn, mask: mask.drawn }));
    if (mask.drawn) targets.drop(mask.drawn);
  }

  // Moves the canvas towards what it would be with the group in full.
  function fade(layer, after, on) {
    const mask = withMask(layer);
    const place = programs.use(`fade ${mask.kind}`, () => [WHOLE, fadeSource(/** @type {any} */ (mask.kind))]);
    gl.uniform1f(place("u_full"), Math.fround(level(layer.opacity) * level(layer.fill)));
    mask.set(place);
    replace(on, draw({ below: on.canvas, above: after, mask: mask.drawn }));
    if (mask.drawn) targets.drop(mask.drawn);
  }

  function compose(spot, origin) {
    job = spot;
    area = coveredBy(spot, spot.part);
    const root = surface();
    drawLayers(spot.picture.layers, root);
    if (root.run.length > 0) {
      drawRun(root, origin);
    } else {
      const place = programs.use("finish", () => [WHOLE, FINISH]);
      gl.uniform2i(place("u_origin"), origin.x, origin.y);
      draw({ below: root.canvas }, origin);
    }
    free(root);
  }

  return {
    /**
     * Makes parts of tiles; their image tiles should be there, what is missing is nothing.
     * @param {Job[]} jobs at most `MOST_JOBS`
     * @returns {Made[] | null} null where the card was lost meanwhile
     */
    make(jobs) {
      const origins = jobs.map((_, index) => ({ x: (index % ATLAS) * SIDE, y: Math.floor(index / ATLAS) * SIDE }));
      jobs.forEach((one, index) => compose(one, origins[index]));
      const made = atlas.read(jobs, origins);
      return gl.isContextLost() ? null : made;
    },

    /**
     * Builds one of the programs that a tile needs and that are not there yet.
     * @param {Job} one
     * @returns {boolean} false where there are more
     */
    warm(one) {
      programs.allow(1);
      try {
        compose(one, { x: 0, y: 0 });
        return true;
      } catch (error) {
        if (!(error instanceof Unbuilt)) throw error;
        targets.reset();
        return false;
      } finally {
        programs.allow(Infinity);
      }
    },

    /** How many programs were built. */
    programs: programs.count,

    stats: () => ({
      gpuBytes: pools.colours.stats.bytes + pools.masks.stats.bytes + targets.bytes() + 4 * (SIDE * ATLAS) ** 2,
      uploads: pools.colours.stats.uploads + pools.masks.stats.uploads,
      uploadMs: pools.colours.stats.uploadMs + pools.masks.stats.uploadMs,
    }),
  };
}

const UNMASKED = { window: { slots: [-1, -1, -1, -1], offset: [0, 0], inside: [0, 0, 0, 0] }, outside: 1 };

// What Rust makes of an opacity: a byte.
function level(value) {
  return Math.fround(Math.round(value * 255) / 255);
}

function createAtlas(gl) {
  const side = SIDE * ATLAS;
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + UNITS.spare);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, side, side);
  const frame = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  gl.pixelStorei(gl.PACK_ALIGNMENT, 1);
  const whole = new ImageData(side, side);

  function read(x, y, width, height, pixels) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.readPixels(x, y, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(pixels.buffer, 0, width * height * 4));
  }

  return {
    frame,
    /** @returns {Made[]} */
    read(jobs, origins) {
      if (jobs.length === 1) {
        const { width, height, x, y } = jobs[0].part;
        const image = new ImageData(width, height);
        read(x, y, width, height, image.data);
        return [{ image, x: 0, y: 0 }];
      }
      read(0, 0, side, Math.ceil(jobs.length / ATLAS) * SIDE, whole.data);
      return jobs.map(({ part }, index) => ({ image: whole, x: origins[index].x + part.x, y: origins[index].y + part.y }));
    },
  };
}
