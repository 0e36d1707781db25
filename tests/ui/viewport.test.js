import assert from "node:assert/strict";
import test from "node:test";
import { ui } from "./modules.js";

const { fitView, initialViewport, nextStop, reduceViewport, toCanvas, toPicture, ZOOM, zoomAt } = await ui("state/viewport.js");
const actions = await ui("state/actions.js");

const view = { ...initialViewport, width: 800, height: 600, zoom: 3, panX: 17.5, panY: -42, fitted: false };
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("zooming keeps the point under the pointer", () => {
  for (const point of [{ x: 0, y: 0 }, { x: 123, y: 456 }, { x: 799, y: 1 }]) {
    for (const zoom of [0.05, 1, 2.7, 40]) {
      const before = toPicture(view, point);
      const after = toPicture(zoomAt(view, zoom, point), point);
      near(after.x, before.x);
      near(after.y, before.y);
    }
  }
});

test("many small zooms keep the point too, and stop at the limits", () => {
  const point = { x: 321, y: 99 };
  const before = toPicture(view, point);
  let zoomed = view;
  for (let turn = 0; turn < 200; turn += 1) zoomed = zoomAt(zoomed, zoomed.zoom * 1.1, point);
  assert.equal(zoomed.zoom, ZOOM.max);
  assert.ok(Math.abs(toPicture(zoomed, point).x - before.x) < 1e-6);
  assert.equal(zoomAt(view, 1e-9, point).zoom, ZOOM.min);
});

test("fitting enlarges by whole numbers only and centres on whole pixels", () => {
  const fitted = fitView({ ...view, width: 801, height: 600 }, { x: 0, y: 0, width: 128, height: 128 });
  assert.equal(fitted.zoom, 4);
  assert.equal(fitted.panX, Math.round((801 - 512) / 2));
  assert.equal(fitted.panY, 44);
});

test("fitting makes a large picture small enough to be seen whole", () => {
  const frame = { x: -500, y: 20, width: 4000, height: 1000 };
  const fitted = fitView(view, frame);
  const area = toCanvas(fitted, frame);
  assert.ok(area.x >= 0 && area.y >= 0 && area.x + area.width <= 800 && area.y + area.height <= 600);
});

test("fitting a fitted view changes nothing", () => {
  const frame = { x: 0, y: 0, width: 64, height: 64 };
  const fitted = fitView(view, frame);
  assert.equal(fitView(fitted, frame), fitted);
});

test("the picture's edges lie on whole device pixels at every zoom", () => {
  for (const zoom of [0.33, 1, 1.7, 5.01]) {
    const { x, y, width, height } = toCanvas({ ...view, zoom, panX: 10.4, panY: 3.6 }, { x: 1, y: 2, width: 33, height: 7 });
    assert.ok([x, y, width, height].every(Number.isInteger));
  }
});

test("a thing is on the canvas where a pointer finds it", () => {
  const area = toCanvas(view, { x: 10, y: 20, width: 4, height: 4 });
  const found = toPicture(view, { x: area.x + 1, y: area.y + 1 });
  assert.deepEqual([Math.floor(found.x), Math.floor(found.y)], [10, 20]);
});

test("zoom steps go through the stops and past wheel values", () => {
  assert.equal(nextStop(1, 1), 1.5);
  assert.equal(nextStop(1, -1), 0.75);
  assert.equal(nextStop(0.9999, 1), 1.5);
  assert.equal(nextStop(ZOOM.max, 1), ZOOM.max);
  assert.equal(nextStop(ZOOM.min, -1), ZOOM.min);
});

test("a resized window keeps the middle in the middle", () => {
  const middle = toPicture(view, { x: 400, y: 300 });
  const resized = reduceViewport(view, actions.viewportResized(1000, 500, 1), null);
  const after = toPicture(resized, { x: 500, y: 250 });
  near(after.x, middle.x);
  near(after.y, middle.y);
});

test("there is nothing to move on an empty canvas", () => {
  assert.equal(reduceViewport(view, actions.viewportPanned(5, 5), null), view);
  assert.equal(reduceViewport(view, actions.viewportZoomed(2, { x: 0, y: 0 }), null), view);
});
