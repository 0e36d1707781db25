//! Documents of chance, the same for the same number, with everything that the compositor knows.

use std::sync::Arc;

use document::{Blend, Content, Document, Group, Layer, Mask, Plane, Raster, Samples, flatten};
use serde_json::{Value, json};

/// Ids of masks begin above this.
const FIRST_MASK: u64 = 1 << 40;

/// A document as the window would have it, and what Rust makes of it.
#[derive(Debug)]
pub struct Sample {
    /// The tree as it crosses to the page.
    pub wire: Value,
    /// The pixels and masks that it names.
    pub planes: Vec<SamplePlane>,
    /// What the compositor makes of it: straight RGBA8.
    pub expected: Vec<u8>,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// The same tree for Rust.
    pub document: Document,
}

/// Pixels of RGBA8, or a mask of one byte a pixel.
#[derive(Debug)]
pub struct SamplePlane {
    /// Its number in the tree.
    pub id: u64,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Four bytes or one a pixel.
    pub bytes: Vec<u8>,
}

/// Document number `seed`; the first 28 show one blend mode each.
#[must_use]
pub fn sample(seed: u64) -> Sample {
    let mut maker =
        Maker { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, planes: Vec::new() };
    let size = (200 + maker.below(180), 180 + maker.below(160));
    let only = Blend::ALL.get(seed as usize).copied();
    let mut tree = Vec::new();
    let count = 2 + maker.below(5);
    for index in 0..count {
        let blend = only.filter(|_| index > 0);
        tree.push(maker.layer(size, 0, blend, index > 0));
    }
    let (layers, wires): (Vec<Layer>, Vec<Value>) = tree.into_iter().unzip();
    let mut document = Document::new(size.0, size.1);
    document.layers = layers;
    document.number_layers();
    let Samples::Eight(expected) = flatten(&document).into_samples() else {
        unreachable!("a document of 8 bits")
    };
    let wire =
        json!({ "width": size.0, "height": size.1, "depth": 8, "keep": null, "layers": wires });
    Sample { wire, planes: maker.planes, expected, size, document }
}

struct Maker {
    state: u64,
    planes: Vec<SamplePlane>,
}

impl Maker {
    // Method: xorshift64* (Vigna).
    fn next(&mut self) -> u32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn below(&mut self, most: u32) -> u32 {
        self.next() % most
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    fn layer(
        &mut self,
        size: (u32, u32),
        depth: u32,
        only: Option<Blend>,
        above: bool,
    ) -> (Layer, Value) {
        let blend = only.unwrap_or_else(|| Blend::ALL[self.below(28) as usize]);
        let is_group = depth < 3 && (blend == Blend::PassThrough || self.one_in(4));
        let blend = if is_group || blend != Blend::PassThrough { blend } else { Blend::Normal };
        let (mut layer, mut wire) =
            if is_group { self.group(size, depth) } else { self.pixels(size) };
        layer.blend = blend;
        layer.visible = !self.one_in(12);
        layer.opacity = if self.one_in(2) { 255 } else { self.below(256) as u8 };
        layer.fill = if self.one_in(2) { 255 } else { self.below(256) as u8 };
        layer.clipping = above && self.one_in(4);
        let mask = if self.one_in(3) { Some(self.mask(size)) } else { None };
        wire["blend"] = json!(blend.name());
        wire["visible"] = json!(layer.visible);
        wire["opacity"] = json!(f64::from(layer.opacity) / 255.0);
        wire["fill"] = json!(f64::from(layer.fill) / 255.0);
        wire["clipping"] = json!(layer.clipping);
        if let Some((mask, mask_wire)) = mask {
            layer.mask = Some(mask);
            wire["mask"] = mask_wire;
        }
        (layer, wire)
    }

    fn group(&mut self, size: (u32, u32), depth: u32) -> (Layer, Value) {
        let count = 1 + self.below(3);
        let children: Vec<_> =
            (0..count).map(|index| self.layer(size, depth + 1, None, index > 0)).collect();
        let (children, wires): (Vec<Layer>, Vec<Value>) = children.into_iter().unzip();
        let mut layer = Layer::group("", Vec::new());
        layer.content = Content::Group(Group { expanded: true, children });
        (layer, json!({ "kind": "group", "name": "", "children": wires }))
    }

    fn pixels(&mut self, size: (u32, u32)) -> (Layer, Value) {
        let (x, y, width, height) = self.place(size);
        let bytes = self.picture(width, height);
        let id = 1 + self.planes.len() as u64;
        let raster = Raster::from_rgba8(width, height, bytes.clone()).expect("four bytes a pixel");
        self.planes.push(SamplePlane { id, size: (width, height), bytes });
        let wire = json!({
            "kind": "pixels", "name": "", "image": id, "x": x, "y": y, "width": width, "height": height,
        });
        (Layer::pixels("", x, y, Arc::new(raster)), wire)
    }

    /// Often beyond the document, sometimes larger than it.
    fn place(&mut self, (width, height): (u32, u32)) -> (i32, i32, u32, u32) {
        let wide = width / 3 + self.below(width);
        let high = height / 3 + self.below(height);
        let x = self.below(width) as i32 - wide as i32 / 2;
        let y = self.below(height) as i32 - high as i32 / 2;
        (x, y, wide, high)
    }

    /// Slopes and noise, flat colours at the ends of what they can be, every kind of alpha.
    fn picture(&mut self, width: u32, height: u32) -> Vec<u8> {
        let kind = self.below(4);
        let flat = [0, 255, 128, 51].map(|level| if kind == 3 { level } else { self.below(256) });
        let [red, green, blue, _] = flat;
        let mut bytes = Vec::with_capacity((width * height * 4) as usize);
        for y in 0..height {
            for x in 0..width {
                let alpha = match self.below(8) {
                    0 => 0,
                    1 | 2 => self.below(256),
                    3 => 128,
                    _ => 255,
                };
                let pixel = match kind {
                    0 => [x * 255 / width, y * 255 / height, blue],
                    1 => [self.below(256), self.below(256), self.below(256)],
                    2 => [red, green, (x ^ y) & 255],
                    _ => {
                        [[0, 255, red][(x / 7 % 3) as usize], [0, 255][(y / 5 % 2) as usize], green]
                    }
                };
                bytes.extend(pixel.map(|level| level as u8));
                bytes.push(alpha as u8);
            }
        }
        bytes
    }

    fn mask(&mut self, size: (u32, u32)) -> (Mask, Value) {
        let (x, y, width, height) = self.place(size);
        let bytes: Vec<u8> = (0..width * height)
            .map(|at| if self.one_in(3) { self.below(256) } else { at % width * 255 / width } as u8)
            .collect();
        let plane =
            Plane::new(width, height, Samples::Eight(bytes.clone())).expect("a byte a pixel");
        let id = FIRST_MASK + 1 + self.planes.len() as u64;
        let (outside, enabled) = ([0, 255, 77][self.below(3) as usize], !self.one_in(5));
        self.planes.push(SamplePlane { id, size: (width, height), bytes });
        let wire = json!({
            "id": id, "x": x, "y": y, "width": width, "height": height,
            "outside": outside, "enabled": enabled, "linked": true,
        });
        (Mask { x, y, plane: Arc::new(plane), outside, enabled, linked: true }, wire)
    }
}
