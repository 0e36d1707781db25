// @ts-check

/**
 * Where the dabs of a stroke lie: along a smooth curve through the pointer's places, at equal distances.
 * @typedef {{ x: number, y: number, pressure: number }} Sample
 * @typedef {{ dabs: Sample[], path: Path }} Step
 * @typedef {{ last: Sample, middle: Sample, left: number }} Path `middle` is how far the curve is drawn, `left` the
 *   way to go until the next dab
 */

/** @param {Sample} start @returns {Step} */
export function startPath(start) {
  return { dabs: [start], path: { last: start, middle: start, left: 0 } };
}

/**
 * The pointer came to another place: the curve goes on to halfway there.
 * @param {Path} path
 * @param {Sample} to
 * @param {(pressure: number) => number} gapAt between dabs
 * @returns {Step}
 */
export function extendPath({ last, middle, left }, to, gapAt) {
  const next = halfway(last, to);
  const { dabs, rest } = alongCurve(middle, last, next, left, gapAt);
  return { dabs, path: { last: to, middle: next, left: rest } };
}

/**
 * The stroke ends where the pointer was last.
 * @param {Path} path
 * @param {(pressure: number) => number} gapAt
 * @returns {Sample[]}
 */
export function endPath({ last, middle, left }, gapAt) {
  return alongCurve(middle, halfway(middle, last), last, left, gapAt).dabs;
}

/** @param {Sample} from @param {Sample} to @param {(pressure: number) => number} gapAt @returns {Sample[]} */
export function alongLine(from, to, gapAt) {
  return [from, ...alongCurve(from, halfway(from, to), to, 0, gapAt).dabs, to];
}

// A quadratic curve, walked in pieces that are short enough to be straight.
function alongCurve(from, bend, to, left, gapAt) {
  const length = distance(from, bend) + distance(bend, to);
  if (length === 0) return { dabs: [], rest: left };
  const pieces = Math.min(256, Math.max(1, Math.ceil(length / 4)));
  const dabs = [];
  let before = from;
  let way = left === 0 ? gapAt(from.pressure) : left;
  for (let piece = 1; piece <= pieces; piece += 1) {
    const now = between(between(from, bend, piece / pieces), between(bend, to, piece / pieces), piece / pieces);
    let step = distance(before, now);
    while (step >= way && step > 0) {
      before = between(before, now, way / step);
      step = distance(before, now);
      dabs.push(before);
      way = gapAt(before.pressure);
    }
    way -= step;
    before = now;
  }
  return { dabs, rest: Math.max(way, 1e-6) };
}

function between(a, b, share) {
  return {
    x: a.x + (b.x - a.x) * share,
    y: a.y + (b.y - a.y) * share,
    pressure: a.pressure + (b.pressure - a.pressure) * share,
  };
}

function halfway(a, b) {
  return between(a, b, 0.5);
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
