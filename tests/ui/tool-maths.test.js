import assert from "node:assert/strict";
import { test } from "node:test";
import { ui } from "./modules.js";

const { apply, boundsOf, invert, multiply, rotation } = await ui("state/affine.js");
const { align, distribute } = await ui("state/alignment.js");
const { noLines, snapLines, snapRect } = await ui("state/snapping.js");
const { dragHandle, dragTurn, flipped, frameOf, gripAt, handlePoint, matrixOf, numbersOf, onPixels, startTransform, withNumbers } =
  await ui("state/transform.js");
const { hasBegun, initialTool, reduceTool, steppedSize } = await ui("state/tools.js");
const actions = await ui("state/tool-actions.js");

const box = { x: 10, y: 20, width: 40, height: 20 };
const free = { keepRatio: false, fromMiddle: false };
const close = (actual, expected, note) => {
  for (const key of Object.keys(expected)) assert.ok(Math.abs(actual[key] - expected[key]) < 1e-9, `${note} ${key}: ${actual[key]} for ${expected[key]}`);
};

test("the opposite corner stays where a corner is dragged, also of a turned and of a flipped frame", () => {
  const corner = { x: 1, y: 1 };
  const starts = [
    startTransform([1], box),
    { ...startTransform([1], box), angle: 30 },
    { ...startTransform([1], box), angle: -110, scaleX: -1.5 },
    { ...startTransform([1], box), angle: 45, scaleX: -1, scaleY: -2 },
  ];
  for (const start of starts) {
    const anchor = handlePoint(start, { x: -1, y: -1 });
    const dragged = dragHandle(start, corner, { x: 90, y: -15 }, free);
    close(handlePoint(dragged, { x: -1, y: -1 }), anchor, "anchor");
    close(handlePoint(dragged, corner), { x: 90, y: -15 }, "corner");
  }
});

test("an edge moves along its own direction only, and from the middle both edges move", () => {
  const start = startTransform([1], box);
  const dragged = dragHandle(start, { x: 1, y: 0 }, { x: 70, y: 999 }, free);
  assert.deepEqual(boundsOf(frameOf(dragged)), { x: 10, y: 20, width: 60, height: 20 });
  const both = dragHandle(start, { x: 1, y: 0 }, { x: 70, y: 999 }, { keepRatio: false, fromMiddle: true });
  assert.deepEqual(boundsOf(frameOf(both)), { x: -10, y: 20, width: 80, height: 20 });
});

test("with the ratio kept a corner follows the larger change", () => {
  const dragged = dragHandle(startTransform([1], box), { x: 1, y: 1 }, { x: 90, y: 41 }, { keepRatio: true, fromMiddle: false });
  assert.deepEqual([dragged.scaleX, dragged.scaleY], [2, 2]);
  const flippedOne = dragHandle(startTransform([1], box), { x: 1, y: 0 }, { x: -30, y: 30 }, free);
  assert.equal(flippedOne.scaleX, -1, "pulled through the other side");
});

test("turning goes by the angle of the pointer, with Shift by 15 degrees, and quarter turns are exact", () => {
  const start = startTransform([1], box);
  const turned = dragTurn(start, { x: 130, y: 30 }, { x: 30, y: 130 }, false);
  assert.equal(turned.angle, 90);
  assert.deepEqual(matrixOf(turned).slice(0, 4).map((value) => value + 0), [0, 1, -1, 0]);
  assert.equal(dragTurn(start, { x: 130, y: 30 }, { x: 130, y: 62 }, true).angle, 15);
  assert.equal(dragTurn({ ...start, angle: 170 }, { x: 130, y: 30 }, { x: 130, y: 62 }, true).angle, -165);
});

test("a grip is a handle, the inside, or the place to turn beside a corner", () => {
  const start = startTransform([1], box);
  assert.deepEqual(gripAt(start, { x: 51, y: 41 }, 2), { x: 1, y: 1 });
  assert.deepEqual(gripAt(start, { x: 30, y: 21 }, 2), { x: 0, y: -1 });
  assert.equal(gripAt(start, { x: 30, y: 30 }, 2), "inside");
  assert.equal(gripAt(start, { x: 55, y: 44 }, 2), "turn");
  assert.equal(gripAt(start, { x: 80, y: 80 }, 2), null);
});

test("numbers say what is seen and set it", () => {
  const start = startTransform([1], box);
  assert.deepEqual(numbersOf(start), { x: 10, y: 20, width: 40, height: 20, angle: 0 });
  assert.deepEqual(numbersOf(withNumbers(start, { x: 5 })), { x: 5, y: 20, width: 40, height: 20, angle: 0 });
  assert.deepEqual(numbersOf(withNumbers(start, { width: 80 }, true)), { x: 10, y: 20, width: 80, height: 40, angle: 0 });
  const turned = withNumbers(start, { angle: 90 });
  assert.deepEqual(numbersOf(turned), { x: 20, y: 10, width: 40, height: 20, angle: 90 });
});

test("a flip mirrors what is seen, whatever its angle", () => {
  const start = { ...startTransform([1], box), angle: 30 };
  const mirror = (points) => points.map(({ x, y }) => ({ x: 60 - x, y })).sort((a, b) => a.x - b.x);
  const sorted = (points) => [...points].sort((a, b) => a.x - b.x);
  const now = sorted(frameOf(flipped(start, "horizontal")));
  mirror(frameOf(start)).forEach((point, index) => close(now[index], point, `corner ${index}`));
});

test("upright frames end on whole pixels", () => {
  const dragged = dragHandle(startTransform([1], box), { x: 1, y: 1 }, { x: 63.4, y: 47.8 }, free);
  assert.deepEqual(boundsOf(frameOf(onPixels(dragged))), { x: 10, y: 20, width: 53, height: 28 });
  assert.equal(onPixels({ ...dragged, angle: 12 }).scaleX, dragged.scaleX, "a turned one stays as it is");
});

test("a matrix and its inverse are nothing together", () => {
  const matrix = multiply(rotation(33), [2, 0.5, -1, 3, 7, -9]);
  close(apply(multiply(invert(matrix), matrix), { x: 5, y: -3 }), { x: 5, y: -3 }, "point");
});

const layer = (id, x, y, width, height, more = {}) => ({ id, kind: "pixels", visible: true, x, y, width, height, ...more });
const all = { layers: true, canvas: true, guides: true };

test("edges and middles catch on layers, the canvas and guides within reach", () => {
  const picture = {
    x: 0, y: 0, width: 100, height: 100, guides: { vertical: [73], horizontal: [] },
    layers: [layer(1, 20, 30, 10, 10), layer(2, 50, 50, 10, 10)],
  };
  const lines = snapLines(picture, all, [2]);
  assert.equal(snapRect({ x: 31, y: 70, width: 10, height: 10 }, lines, 2).dx, -1, "right edge of layer 1");
  assert.equal(snapRect({ x: 44.5, y: 70, width: 10, height: 10 }, lines, 2).dx, 0.5, "middle of the canvas");
  assert.equal(snapRect({ x: 62, y: 70, width: 10, height: 10 }, lines, 2).dx, 1, "the guide");
  assert.equal(snapRect({ x: 80, y: 70, width: 10, height: 10 }, lines, 2).dx, 0, "nothing near");
  assert.deepEqual(snapLines(picture, { layers: false, canvas: false, guides: false }, []), noLines);
});

test("the lines that are shown reach over everything that lies on them", () => {
  const picture = { x: 0, y: 0, width: 100, height: 100, layers: [layer(1, 20, 30, 10, 10), layer(2, 0, 0, 9, 9)] };
  const { dx, lines } = snapRect({ x: 21, y: 80, width: 15, height: 10 }, snapLines(picture, { ...all, canvas: false }, [2]), 2);
  assert.equal(dx, -1);
  assert.deepEqual(lines.vertical, [{ at: 20, from: 30, to: 90 }]);
});

test("hidden layers and the group around a moved layer catch nothing", () => {
  const group = { id: 9, kind: "group", visible: true, children: [layer(1, 20, 30, 10, 10), layer(2, 50, 50, 10, 10)] };
  const picture = { x: 0, y: 0, width: 100, height: 100, layers: [group, layer(3, 5, 5, 1, 1, { visible: false })] };
  const at = snapLines(picture, { layers: true, canvas: false, guides: false }, [2]).vertical.map((line) => line.at);
  assert.deepEqual(at, [20, 25, 30]);
});

test("layers align to an edge or the middle of a place, by whole pixels", () => {
  const boxes = [{ id: 1, rect: { x: 10, y: 10, width: 11, height: 10 } }, { id: 2, rect: { x: 0, y: 40, width: 20, height: 5 } }];
  const to = { x: 0, y: 0, width: 100, height: 60 };
  assert.deepEqual(align(boxes, "left", to), [{ id: 1, dx: -10, dy: 0 }]);
  assert.deepEqual(align(boxes, "right", to), [{ id: 1, dx: 79, dy: 0 }, { id: 2, dx: 80, dy: 0 }]);
  assert.deepEqual(align(boxes, "middle", to), [{ id: 1, dx: 0, dy: 15 }, { id: 2, dx: 0, dy: -12 }]);
});

test("distributed layers have equal gaps, and the outer two stay", () => {
  const boxes = [
    { id: 1, rect: { x: 0, y: 0, width: 10, height: 10 } },
    { id: 2, rect: { x: 12, y: 0, width: 30, height: 10 } },
    { id: 3, rect: { x: 90, y: 0, width: 10, height: 10 } },
  ];
  assert.deepEqual(distribute(boxes, "horizontal"), [{ id: 2, dx: 23, dy: 0 }]);
  assert.deepEqual(distribute(boxes.slice(1), "horizontal"), [], "two have nothing between them");
});

test("brush and eraser keep their own size; a tool that is put away forgets what it had begun", () => {
  let tool = reduceTool(initialTool, actions.toolChosen("brush"));
  tool = reduceTool(tool, actions.brushChanged({ size: 7, opacity: 2 }));
  assert.deepEqual([tool.brush.size, tool.brush.opacity, tool.eraser.size], [7, 1, initialTool.eraser.size]);
  tool = reduceTool(tool, actions.toolChosen("eraser"));
  tool = reduceTool(tool, actions.brushStepped(1));
  assert.equal(tool.brush.size, 7);
  assert.equal(tool.eraser.size, steppedSize(initialTool.eraser.size, 1));
  tool = reduceTool(reduceTool(tool, actions.toolChosen("crop")), actions.cropChanged({ x: 0, y: 0, width: 1, height: 1 }));
  assert.equal(reduceTool(tool, actions.toolChosen("move")).crop, null);
  assert.equal(reduceTool(tool, { type: "history/undone" }).crop, null);
});

test("strokes on their way, a transform and a crop can be taken back before they are steps", () => {
  assert.equal(hasBegun(initialTool), false);
  const two = [actions.strokeEnded(), actions.strokeEnded()].reduce(reduceTool, initialTool);
  const one = reduceTool(two, actions.strokeArrived());
  assert.deepEqual([hasBegun(two), hasBegun(one), hasBegun(reduceTool(one, actions.strokeArrived()))], [true, true, false]);
  assert.equal(hasBegun(reduceTool(initialTool, actions.cropChanged({ x: 0, y: 0, width: 1, height: 1 }))), true);
});

test("sizes step up and down through the same values", () => {
  const up = [];
  for (let size = 1; size < 2000; size = steppedSize(size, 1)) up.push(size);
  assert.ok(up.length < 80, `${up.length} presses from the smallest to the largest`);
  for (const size of up.slice(1)) assert.ok(steppedSize(size, -1) < size);
  assert.equal(steppedSize(1, -1), 1);
});

test("colours swap, reset, and are remembered once each", () => {
  let tool = reduceTool(initialTool, actions.colourChosen([300, -4, 10.4]));
  assert.deepEqual(tool.colour, [255, 0, 10]);
  tool = reduceTool(tool, actions.coloursSwapped());
  assert.deepEqual([tool.colour, tool.otherColour], [[255, 255, 255], [255, 0, 10]]);
  for (const colour of [[1, 2, 3], [4, 5, 6], [1, 2, 3]]) tool = reduceTool(tool, actions.colourUsed(colour));
  assert.deepEqual(tool.recent, [[1, 2, 3], [4, 5, 6]]);
  assert.deepEqual(reduceTool(tool, actions.coloursReset()).colour, [0, 0, 0]);
});
