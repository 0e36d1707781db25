use std::sync::Arc;

use document::{Blend, Content, Depth, Document, Layer, Lock, Mask, Plane, Raster, Samples};

/// A picture whose pixels all differ, also where they are transparent.
pub(crate) fn raster(width: u32, height: u32, depth: Depth, seed: u32) -> Arc<Raster> {
    let value = |index: u32| (index + seed).wrapping_mul(2_654_435_761) >> 11;
    let count = width * height * 4;
    let samples = match depth {
        Depth::Eight => Samples::Eight((0..count).map(|index| value(index) as u8).collect()),
        Depth::Sixteen => Samples::Sixteen((0..count).map(|index| value(index) as u16).collect()),
    };
    Arc::new(Raster::new(width, height, samples).expect("the size fits"))
}

/// Groups in groups, masks, modes, clipping, locks, and names of many scripts.
pub(crate) fn rich(depth: Depth) -> Document {
    let mut document = Document::new(64, 48);
    document.depth = depth;
    document.resolution = 300.0;
    let names = ["Hintergrund", "狐と森", "лиса", "🦊 & <b>\"x\"</b>", "a/b\\c"];
    for (index, name) in (0..).zip(names) {
        let mut layer =
            Layer::pixels(name, 3 * index - 5, 2 * index, raster(20, 16, depth, 1 << index));
        layer.opacity = 255 - 20 * index as u8;
        layer.fill = 255 - 10 * index as u8;
        layer.blend =
            [Blend::Normal, Blend::Multiply, Blend::VividLight, Blend::Hue, Blend::Divide]
                [index as usize];
        layer.visible = index != 3;
        layer.clipping = index == 2;
        layer.lock = Lock { transparency: index == 1, pixels: index == 2, position: index == 4 };
        document.layers.push(layer);
    }
    document.layers[1].mask = Some(mask(depth, false));
    let inner = document.layers.split_off(3);
    let mut group = Layer::group("內 group", inner);
    group.blend = Blend::Screen;
    group.opacity = 100;
    group.mask = Some(mask(depth, true));
    let mut outer = Layer::group("outer", vec![group]);
    if let Content::Group(group) = &mut outer.content {
        group.expanded = false;
    }
    document.layers.push(outer);
    document.number_layers();
    document
}

fn mask(depth: Depth, linked: bool) -> Mask {
    let samples = match depth {
        Depth::Eight => Samples::Eight((0..120).map(|index| index as u8 * 2).collect()),
        Depth::Sixteen => Samples::Sixteen((0..120).map(|index| index * 500).collect()),
    };
    let plane = Arc::new(Plane::new(12, 10, samples).expect("the size fits"));
    Mask { x: 2, y: -3, plane, outside: 255, enabled: linked, linked }
}
