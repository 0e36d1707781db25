// @ts-check

const SIDE = 256;

/**
 * Float pictures of one tile that passes draw into. A pass reads some and gives a new one; who
 * is done with one drops it.
 * @typedef {{ texture: WebGLTexture, frame: WebGLFramebuffer, users: number }} Target
 * @param {WebGL2RenderingContext} gl
 * @param {number} unit a texture unit for making them
 */
export function createTargets(gl, unit) {
  /** @type {Target[]} */
  const free = [];
  /** @type {Target[]} */
  const all = [];

  /** @returns {Target} */
  function make() {
    const texture = /** @type {WebGLTexture} */ (gl.createTexture());
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, SIDE, SIDE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    const frame = /** @type {WebGLFramebuffer} */ (gl.createFramebuffer());
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    const target = { texture, frame, users: 0 };
    all.push(target);
    return target;
  }

  const nothing = make();
  gl.disable(gl.SCISSOR_TEST);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  nothing.users = Infinity;

  return {
    /** Clear; never drawn into. */
    nothing,

    /** One to draw into. @returns {Target} */
    take() {
      const target = free.pop() ?? make();
      target.users = 1;
      return target;
    },

    /** One user more. @param {Target} target */
    keep(target) {
      target.users += 1;
      return target;
    },

    /** @param {Target} target */
    drop(target) {
      target.users -= 1;
      if (target.users === 0) free.push(target);
    },

    /** After work that was broken off. */
    reset() {
      free.length = 0;
      for (const target of all) if (target !== nothing) free.push(Object.assign(target, { users: 0 }));
    },

    bytes: () => all.length * SIDE * SIDE * 16,
  };
}
