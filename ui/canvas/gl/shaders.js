// @ts-check
import { modeSource } from "./modes.js";

/** Plain layers that one pass draws. */
export const MOST_IN_A_RUN = 16;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler2DArray;
`;

/** Covers the target; what is drawn is cut by the scissor. */
export const WHOLE = `${HEAD}
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }
`;

// Four neighbouring tiles make a window of 512 pixels; slot -1 has nothing.
const TILES = `
uniform sampler2DArray u_tiles;
uniform sampler2DArray u_masks;
int slotAt(ivec4 slots, ivec2 at) {
  return at.y < 256 ? (at.x < 256 ? slots.x : slots.y) : (at.x < 256 ? slots.z : slots.w);
}
vec4 tileAt(ivec4 slots, ivec2 at) {
  if (at.x < 0 || at.y < 0 || at.x > 511 || at.y > 511) return vec4(0.0);
  int slot = slotAt(slots, at);
  return slot < 0 ? vec4(0.0) : texelFetch(u_tiles, ivec3(at & 255, slot), 0);
}
float maskAt(ivec4 slots, ivec4 inside, float outside, ivec2 at) {
  if (at.x < inside.x || at.y < inside.y || at.x >= inside.z || at.y >= inside.w) return outside;
  int slot = slotAt(slots, at);
  return slot < 0 ? 0.0 : texelFetch(u_masks, ivec3(at & 255, slot), 0).r;
}
`;

const QUANTIZE = `
vec4 quantized(vec4 c) {
  float level = min(floor(c.a * 255.0 + 0.5), 255.0);
  if (level < 1.0) return vec4(0.0);
  vec3 levels = clamp(floor(c.rgb * (255.0 / c.a) + 0.5), 0.0, 255.0);
  return vec4(levels, level) / 255.0;
}
`;

// How much of a layer shows: 0 without a mask, 1 with one in tiles, 2 with one that was drawn.
const SHARE = {
  none: "float share(ivec2 p) { return u_full; }\n",
  tiles: `uniform ivec4 u_maskSlots; uniform ivec4 u_maskInside; uniform ivec2 u_maskOffset; uniform float u_outside;
float share(ivec2 p) { return maskAt(u_maskSlots, u_maskInside, u_outside, p + u_maskOffset) * u_full; }
`,
  drawn: `uniform sampler2D u_mask;
float share(ivec2 p) { return texelFetch(u_mask, p, 0).r * u_full; }
`,
};

/** @param {"none" | "tiles" | "drawn"} mask */
const BELOW = (mask) => `${HEAD}${TILES}
uniform sampler2D u_below;
uniform float u_full;
uniform float u_fill;
${SHARE[mask]}
out vec4 color;
`;

/**
 * Plain layers over what is below, and rounded at the end where it is the last pass.
 * @param {boolean} masked
 * @param {boolean} last
 */
export function runSource(masked, last) {
  const masks = masked
    ? `uniform ivec4 u_maskSlots[${MOST_IN_A_RUN}]; uniform ivec4 u_maskInside[${MOST_IN_A_RUN}];
uniform ivec2 u_maskOffset[${MOST_IN_A_RUN}]; uniform float u_outside[${MOST_IN_A_RUN}];`
    : "";
  const share = masked
    ? "maskAt(u_maskSlots[i], u_maskInside[i], u_outside[i], p + u_maskOffset[i]) * u_shares[i]"
    : "u_shares[i]";
  return `${HEAD}${TILES}${QUANTIZE}
uniform sampler2D u_below;
uniform ivec2 u_origin;
uniform int u_count;
uniform ivec4 u_slots[${MOST_IN_A_RUN}];
uniform ivec2 u_offsets[${MOST_IN_A_RUN}];
uniform float u_shares[${MOST_IN_A_RUN}];
${masks}
out vec4 color;
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy) - u_origin;
  vec4 below = texelFetch(u_below, p, 0);
  for (int i = 0; i < ${MOST_IN_A_RUN}; i += 1) {
    if (i >= u_count) break;
    vec4 above = tileAt(u_slots[i], p + u_offsets[i]);
    float alpha = above.a * (${share});
    below = below * (1.0 - alpha) + vec4(above.rgb, 1.0) * alpha;
  }
  color = ${last ? "quantized(below)" : "below"};
}
`;
}

/**
 * One layer over what is below, by its mode.
 * @param {string} mode
 * @param {"tiles" | "drawn"} source
 * @param {"none" | "tiles" | "drawn"} mask
 */
export function blendSource(mode, source, mask) {
  const above = source === "tiles"
    ? ["uniform ivec4 u_slots; uniform ivec2 u_offset;", "tileAt(u_slots, p + u_offset)"]
    : ["uniform sampler2D u_above;", "straight(texelFetch(u_above, p, 0))"];
  return `${BELOW(mask)}${modeSource(mode)}
${above[0]}
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy);
  color = meet(texelFetch(u_below, p, 0), ${above[1]}, share(p), p);
}
`;
}

/** Between what was before a group and what it made of it. @param {"none" | "tiles" | "drawn"} mask */
export const fadeSource = (mask) => `${BELOW(mask)}
uniform sampler2D u_above;
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy);
  float part = share(p);
  color = texelFetch(u_below, p, 0) * (1.0 - part) + texelFetch(u_above, p, 0) * part;
}
`;

/** What a group added to what was below it; `u_mask` holds the group's alpha. */
export const TAKE_OUT = `${HEAD}
uniform sampler2D u_below;
uniform sampler2D u_above;
uniform sampler2D u_mask;
out vec4 color;
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy);
  float alpha = texelFetch(u_mask, p, 0).a;
  vec3 added = texelFetch(u_above, p, 0).rgb - texelFetch(u_below, p, 0).rgb * (1.0 - alpha);
  color = vec4(clamp(added, 0.0, alpha), alpha);
}
`;

/** The alpha of the base with the colour that clipped layers gave it. */
export const RECOLOUR = `${HEAD}
uniform sampler2D u_below;
uniform sampler2D u_above;
out vec4 color;
void main() {
  ivec2 p = ivec2(gl_FragCoord.xy);
  vec4 over = texelFetch(u_above, p, 0);
  float alpha = texelFetch(u_below, p, 0).a;
  vec3 straight = over.a <= 0.0 ? vec3(0.0) : min(over.rgb / over.a, 1.0);
  color = vec4(straight * alpha, alpha);
}
`;

/** Straight levels, rounded once. */
export const FINISH = `${HEAD}${QUANTIZE}
uniform sampler2D u_below;
uniform ivec2 u_origin;
out vec4 color;
void main() { color = quantized(texelFetch(u_below, ivec2(gl_FragCoord.xy) - u_origin, 0)); }
`;

/** A tile anywhere, turned and scaled: `u_corners` are its corners on the target, in pixels. */
export const TURNED = `${HEAD}
uniform vec2 u_corners[4];
uniform vec2 u_size;
out vec2 at;
void main() {
  at = vec2(gl_VertexID & 1, gl_VertexID >> 1) * u_size;
  gl_Position = vec4(u_corners[gl_VertexID] / 128.0 - 1.0, 0.0, 1.0);
}
`;

/** Premultiplied colour of a turned tile, or a mask's value in all four. @param {boolean} isMask */
export function turnedSource(isMask) {
  const fetched = isMask ? "vec4(texelFetch(u_masks, q, 0).r)" : "premultiplied(texelFetch(u_tiles, q, 0))";
  return `${HEAD}
uniform sampler2DArray u_tiles;
uniform sampler2DArray u_masks;
uniform int u_slot;
uniform ivec2 u_cut;
uniform bool u_smooth;
in vec2 at;
out vec4 color;
vec4 premultiplied(vec4 c) { return vec4(c.rgb * c.a, c.a); }
vec4 texelOf(ivec2 place) {
  ivec3 q = ivec3(clamp(place, ivec2(0), u_cut - 1), u_slot);
  return ${fetched};
}
void main() {
  if (!u_smooth) {
    color = texelOf(ivec2(floor(at)));
    return;
  }
  vec2 place = at - 0.5;
  ivec2 corner = ivec2(floor(place));
  vec2 part = place - floor(place);
  color = mix(mix(texelOf(corner), texelOf(corner + ivec2(1, 0)), part.x),
    mix(texelOf(corner + ivec2(0, 1)), texelOf(corner + 1), part.x), part.y);
}
`;
}
