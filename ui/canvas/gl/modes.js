// @ts-check

/**
 * How two pixels become one, as GLSL: the same maths as `compositor/modes.rs` of the crate `document`.
 * `b` is the colour below, `s` the layer's; `u_fill` is 1 unless the mode fades itself.
 */

/** Modes that fade themselves: fill moves their colour to the one that changes nothing. */
export const FADES_ITSELF = new Set([
  "color-burn", "linear-burn", "color-dodge", "linear-dodge", "vivid-light", "linear-light", "hard-mix", "difference",
]);

const PIECES = `
const float NEARLY = 1e-6;
float faded(float s, float neutral) { return u_fill >= 1.0 ? s : neutral + (s - neutral) * u_fill; }
float screen(float b, float s) { return b + s - b * s; }
float colorBurn(float b, float s) {
  if (b >= 1.0 - NEARLY) return 1.0;
  if (s <= 0.0) return 0.0;
  return 1.0 - min((1.0 - b) / s, 1.0);
}
float colorDodge(float b, float s) {
  if (b <= 0.0) return 0.0;
  if (s >= 1.0) return 1.0;
  return min(b / (1.0 - s), 1.0);
}
float hardLight(float b, float s) { return s > 0.5 ? screen(b, 2.0 * s - 1.0) : b * 2.0 * s; }
float softLight(float b, float s) {
  if (s <= 0.5) return b - (1.0 - 2.0 * s) * b * (1.0 - b);
  float lit = b <= 0.25 ? ((16.0 * b - 12.0) * b + 4.0) * b : sqrt(b);
  return b + (2.0 * s - 1.0) * (lit - b);
}
float vividLight(float b, float s) {
  if (s <= 0.0) return 0.0;
  if (s >= 1.0) return 1.0;
  if (s <= 0.5) return 1.0 - min((1.0 - b) / (2.0 * s), 1.0);
  return min(b / (2.0 * (1.0 - s)), 1.0);
}
float pinLight(float b, float s) { return s > 0.5 ? max(b, 2.0 * s - 1.0) : min(b, 2.0 * s); }
float hardMix(float b, float s) {
  if (u_fill < 1.0) return clamp((b - u_fill * (1.0 - s)) / (1.0 - u_fill), 0.0, 1.0);
  float sum = b + s - 1.0;
  bool isWhite = abs(sum) <= NEARLY ? b > 0.5 : sum > 0.0;
  return isWhite ? 1.0 : 0.0;
}
float divide(float b, float s) {
  if (b <= 0.0) return 0.0;
  if (b >= s) return 1.0;
  return b / s;
}
float luminosity(vec3 c) { return 0.3 * c.r + 0.59 * c.g + 0.11 * c.b; }
float least(vec3 c) { return min(min(c.r, c.g), c.b); }
float most(vec3 c) { return max(max(c.r, c.g), c.b); }
float saturation(vec3 c) { return most(c) - least(c); }
vec3 withSaturation(vec3 c, float wanted) {
  float low = least(c);
  float high = most(c);
  return high <= low ? vec3(0.0) : (c - low) * wanted / (high - low);
}
vec3 withLuminosity(vec3 c, float wanted) {
  vec3 color = c + (wanted - luminosity(c));
  float center = luminosity(color);
  float low = least(color);
  float high = most(color);
  // A grey at either end would be 0/0.
  if (low < 0.0) {
    if (center == low) return vec3(wanted);
    color = center + (color - center) * center / (center - low);
  }
  if (high > 1.0) {
    if (high == center) return vec3(wanted);
    color = center + (color - center) * (1.0 - center) / (high - center);
  }
  return clamp(color, 0.0, 1.0);
}
`;

/** What one channel becomes. */
const EACH = {
  darken: "min(b, s)",
  multiply: "b * s",
  "color-burn": "colorBurn(b, faded(s, 1.0))",
  "linear-burn": "max(b + faded(s, 1.0) - 1.0, 0.0)",
  lighten: "max(b, s)",
  screen: "screen(b, s)",
  "color-dodge": "colorDodge(b, faded(s, 0.0))",
  "linear-dodge": "min(b + faded(s, 0.0), 1.0)",
  overlay: "hardLight(s, b)",
  "soft-light": "softLight(b, s)",
  "hard-light": "hardLight(b, s)",
  "vivid-light": "vividLight(b, faded(s, 0.5))",
  "linear-light": "clamp(b + 2.0 * faded(s, 0.5) - 1.0, 0.0, 1.0)",
  "pin-light": "pinLight(b, s)",
  "hard-mix": "hardMix(b, s)",
  difference: "abs(b - faded(s, 0.0))",
  exclusion: "b + s - 2.0 * b * s",
  subtract: "max(b - s, 0.0)",
  divide: "divide(b, s)",
};

/** What all three become together. */
const TOGETHER = {
  "darker-color": "luminosity(s) < luminosity(b) ? s : b",
  "lighter-color": "luminosity(s) > luminosity(b) ? s : b",
  hue: "withLuminosity(withSaturation(s, saturation(b)), luminosity(b))",
  saturation: "withLuminosity(withSaturation(b, saturation(s)), luminosity(b))",
  color: "withLuminosity(s, luminosity(b))",
  luminosity: "withLuminosity(b, luminosity(s))",
};

const STRAIGHT = `
vec4 straight(vec4 c) { return c.a <= 0.0 ? vec4(0.0) : vec4(min(c.rgb / c.a, 1.0), c.a); }
vec4 cover(vec4 below, vec4 above, float share) {
  float alpha = above.a * share;
  return below * (1.0 - alpha) + vec4(above.rgb, 1.0) * alpha;
}
`;

// The finalizer of SplitMix64 in two halves of 32 bits: x is the low one.
const DISSOLVE = `
uniform ivec2 u_place;
uvec2 plus(uvec2 a, uvec2 b) {
  uint low = a.x + b.x;
  return uvec2(low, a.y + b.y + (low < a.x ? 1u : 0u));
}
uvec2 times(uvec2 a, uvec2 b) {
  uint a0 = a.x & 0xffffu, a1 = a.x >> 16, b0 = b.x & 0xffffu, b1 = b.x >> 16;
  uint low = a0 * b0;
  uint middle = a1 * b0 + (low >> 16);
  uint other = a0 * b1 + (middle & 0xffffu);
  uint high = a1 * b1 + (middle >> 16) + (other >> 16);
  return uvec2((other << 16) | (low & 0xffffu), high + a.x * b.y + a.y * b.x);
}
uvec2 right(uvec2 a, int by) { return uvec2((a.x >> by) | (a.y << (32 - by)), a.y >> by); }
float threshold(ivec2 place) {
  uvec2 hash = plus(uvec2(place), uvec2(0x7f4a7c15u, 0x9e3779b9u));
  hash = times(hash ^ right(hash, 30), uvec2(0x1ce4e5b9u, 0xbf58476du));
  hash = times(hash ^ right(hash, 27), uvec2(0x133111ebu, 0x94d049bbu));
  hash = hash ^ right(hash, 31);
  return float(hash.y >> 8) / 16777216.0;
}
vec4 meet(vec4 below, vec4 above, float share, ivec2 p) {
  return above.a * share > threshold(p + u_place) ? vec4(above.rgb, 1.0) : below;
}
`;

const COVER = "vec4 meet(vec4 below, vec4 above, float share, ivec2 p) { return cover(below, above, share); }\n";

const MIX = `
vec4 meet(vec4 below, vec4 above, float share, ivec2 p) {
  float alpha = above.a * share;
  if (alpha <= 0.0) return below;
  vec4 under = straight(below);
  float both = alpha * under.a;
  float only = alpha * (1.0 - under.a) * u_fill;
  return vec4(below.rgb * (1.0 - alpha) + blend(under.rgb, above.rgb) * both + above.rgb * only, under.a + only);
}
`;

/** The function `meet` of a mode, with what it needs. @param {string} mode */
export function modeSource(mode) {
  if (mode === "dissolve") return STRAIGHT + DISSOLVE;
  if (EACH[mode]) {
    return `${STRAIGHT}${PIECES}float each(float b, float s) { return ${EACH[mode]}; }
vec3 blend(vec3 b, vec3 s) { return vec3(each(b.r, s.r), each(b.g, s.g), each(b.b, s.b)); }${MIX}`;
  }
  if (TOGETHER[mode]) return `${STRAIGHT}${PIECES}vec3 blend(vec3 b, vec3 s) { return ${TOGETHER[mode]}; }${MIX}`;
  return STRAIGHT + COVER;
}
