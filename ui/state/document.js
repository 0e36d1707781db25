// @ts-check

/**
 * The layered picture: names, places and image ids. Never pixels.
 * Layers and the picture's own rectangle share one coordinate system, so that the picture can grow
 * without moving what is already on the screen.
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Rect
 * @typedef {number} ImageId Rust's number for pixels
 * @typedef {{ id: number, imageId: ImageId, name: string, x: number, y: number, width: number,
 *   height: number, opacity: number, visible: boolean }} Layer
 * @typedef {Rect & { layers: Layer[], nextLayerId: number }} Picture bottom layer first
 */

/** @type {Picture} */
export const emptyDocument = { x: 0, y: 0, width: 0, height: 0, layers: [], nextLayerId: 1 };

/**
 * @param {Picture} picture
 * @param {import("./actions.js").Action} action
 * @returns {Picture}
 */
export function reduceDocument(picture, action) {
  switch (action.type) {
    case "document/cleared":
      return picture.layers.length === 0 ? picture : { ...emptyDocument, nextLayerId: picture.nextLayerId };
    case "document/opened":
      return addLayer({ ...emptyDocument, nextLayerId: picture.nextLayerId }, action.image);
    case "document/layerAdded":
      return addLayer(picture, action.image);
    case "document/layerRemoved":
      return { ...picture, layers: picture.layers.filter((layer) => layer.id !== action.id) };
    case "document/layerRenamed":
      return action.name.trim() === "" ? picture : changeLayer(picture, action.id, { name: action.name.trim() });
    case "document/layerShown":
      return changeLayer(picture, action.id, { visible: action.visible });
    case "document/layerFaded":
      return changeLayer(picture, action.id, { opacity: Math.min(1, Math.max(0, action.opacity)) });
    case "document/layerMoved":
      return moveLayer(picture, action.id, action.by);
    default:
      return picture;
  }
}

/**
 * Where an image of this size lands: in the middle, on a picture grown to hold it.
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {{ frame: Rect, x: number, y: number }}
 */
export function placeImage(picture, width, height) {
  if (picture.layers.length === 0) return { frame: { x: 0, y: 0, width, height }, x: 0, y: 0 };
  const frameWidth = Math.max(picture.width, width);
  const frameHeight = Math.max(picture.height, height);
  const frame = {
    x: picture.x - Math.floor((frameWidth - picture.width) / 2),
    y: picture.y - Math.floor((frameHeight - picture.height) / 2),
    width: frameWidth,
    height: frameHeight,
  };
  return {
    frame,
    x: frame.x + Math.floor((frameWidth - width) / 2),
    y: frame.y + Math.floor((frameHeight - height) / 2),
  };
}

/**
 * The layers that are drawn, bottom first.
 * @param {Picture} picture
 * @returns {Layer[]}
 */
export function drawnLayers(picture) {
  return picture.layers.filter((layer) => layer.visible && layer.opacity > 0);
}

/**
 * What Rust needs to composite the picture; the picture's corner is the origin.
 * @param {Picture} picture
 */
export function toComposition(picture) {
  return {
    width: picture.width,
    height: picture.height,
    layers: picture.layers.map((layer) => ({
      image: layer.imageId,
      x: layer.x - picture.x,
      y: layer.y - picture.y,
      opacity: layer.opacity,
      visible: layer.visible,
    })),
  };
}

function addLayer(picture, image) {
  const { frame, x, y } = placeImage(picture, image.width, image.height);
  const layer = {
    id: picture.nextLayerId,
    imageId: image.id,
    name: image.name,
    x,
    y,
    width: image.width,
    height: image.height,
    opacity: 1,
    visible: true,
  };
  return { ...picture, ...frame, layers: [...picture.layers, layer], nextLayerId: picture.nextLayerId + 1 };
}

function changeLayer(picture, id, change) {
  const unchanged = (layer) => layer.id !== id || Object.keys(change).every((key) => layer[key] === change[key]);
  if (picture.layers.every(unchanged)) return picture;
  return { ...picture, layers: picture.layers.map((layer) => (layer.id === id ? { ...layer, ...change } : layer)) };
}

function moveLayer(picture, id, by) {
  const from = picture.layers.findIndex((layer) => layer.id === id);
  const to = Math.min(picture.layers.length - 1, Math.max(0, from + by));
  if (from === -1 || from === to) return picture;
  const layers = picture.layers.filter((layer) => layer.id !== id);
  layers.splice(to, 0, picture.layers[from]);
  return { ...picture, layers };
}
