// @ts-check
import { MOST_IN_A_RUN } from "./shaders.js";

/**
 * WebGL2, or null where that is missing.
 * Nothing here is shown: results are read back as straight RGBA8, as Rust gives them.
 */
export function createContext() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const gl = canvas.getContext("webgl2", { antialias: false, depth: false, alpha: true, powerPreference: "high-performance" });
  return gl && { canvas, gl };
}

/**
 * Float targets and what else the compositor needs; a context that was lost has none of it any more.
 * @param {WebGL2RenderingContext} gl
 * @returns {boolean} false where it is missing
 */
export function prepareContext(gl) {
  if (!gl.getExtension("EXT_color_buffer_float")) return false;
  // A run has seven vectors a layer; every WebGL2 has 224.
  if (gl.getParameter(gl.MAX_FRAGMENT_UNIFORM_VECTORS) < MOST_IN_A_RUN * 7 + 16) return false;
  gl.disable(gl.BLEND);
  gl.disable(gl.DITHER);
  gl.bindVertexArray(gl.createVertexArray());
  return true;
}

/** No more programs may be built for now. */
export class Unbuilt extends Error {}

/**
 * Programs by name, built when they are first needed.
 * @param {WebGL2RenderingContext} gl
 */
export function createPrograms(gl) {
  const programs = new Map();
  let used = null;
  let allowed = Infinity;

  function build(vertexSource, fragmentSource) {
    const program = /** @type {WebGLProgram} */ (gl.createProgram());
    for (const [type, source] of [[gl.VERTEX_SHADER, vertexSource], [gl.FRAGMENT_SHADER, fragmentSource]]) {
      const shader = /** @type {WebGLShader} */ (gl.createShader(type));
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
        throw new Error(`shader: ${gl.getShaderInfoLog(shader)}`);
      }
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`program: ${gl.getProgramInfoLog(program)}`);
    }
    const places = new Map();
    /** @param {string} name */
    const place = (name) => {
      if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
      return places.get(name);
    };
    gl.useProgram(program);
    used = program;
    // Textures have fixed units: see `UNITS` in compositor.js.
    for (const [name, unit] of [["u_tiles", 0], ["u_masks", 1], ["u_below", 2], ["u_above", 3], ["u_mask", 4]]) {
      if (place(/** @type {string} */ (name))) gl.uniform1i(place(/** @type {string} */ (name)), /** @type {number} */ (unit));
    }
    return { program, place };
  }

  return {
    /**
     * Makes a program the current one.
     * @param {string} name
     * @param {() => [string, string]} sources
     */
    use(name, sources) {
      if (!programs.has(name)) {
        if (allowed === 0) throw new Unbuilt(name);
        allowed -= 1;
        programs.set(name, build(...sources()));
      }
      const found = programs.get(name);
      if (used !== found.program) {
        gl.useProgram(found.program);
        used = found.program;
      }
      return found.place;
    },

    /** How many more may be built. @param {number} count */
    allow: (count) => (allowed = count),

    count: () => programs.size,
  };
}
