//! `asset-editor.json`: what OpenRaster has no word for, by layer id.

use std::collections::BTreeMap;

use document::{Blend, Content, Depth, Document, Extra, Layer, Lock, Mask};
use serde_json::{Value, json};

/// Of the document.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) depth: Depth,
    pub(crate) resolution: f64,
    pub(crate) has_profile: bool,
    pub(crate) extra: Vec<ExtraAt>,
    pub(crate) layers: BTreeMap<u32, LayerSettings>,
}

/// Of a layer. Name, place and mode also stand in `stack.xml`, whose word counts where they differ.
#[derive(Debug)]
pub(crate) struct LayerSettings {
    pub(crate) name: String,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) blend: Blend,
    pub(crate) clipping: bool,
    pub(crate) fill: u8,
    pub(crate) lock: Lock,
    pub(crate) expanded: bool,
    /// The size of pixels that are none, since a PNG has at least one.
    pub(crate) empty: Option<(u32, u32, Depth)>,
    pub(crate) mask: Option<MaskSettings>,
    pub(crate) extra: Vec<ExtraAt>,
}

/// Of a mask; its values lie in a PNG if there are any.
#[derive(Debug)]
pub(crate) struct MaskSettings {
    pub(crate) src: Option<String>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: Depth,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) outside: u8,
    pub(crate) enabled: bool,
    pub(crate) linked: bool,
}

/// Where in the entry of all extras one lies.
#[derive(Debug)]
pub(crate) struct ExtraAt {
    pub(crate) key: String,
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// Where the values of a mask lie.
pub(crate) fn mask_path(id: u32) -> String {
    format!("data/mask-{id:03}.png")
}

/// The extras of a document in the order in which [`write`] counts them.
pub(crate) fn extras(document: &Document) -> impl Iterator<Item = &Extra> {
    document.extra.iter().chain(document.walk().flat_map(|layer| &layer.extra))
}

/// The JSON text of a document whose layers are numbered.
pub(crate) fn write(document: &Document) -> String {
    let mut start = 0;
    let extra = write_extra(&document.extra, &mut start);
    let layers: serde_json::Map<String, Value> = document
        .walk()
        .map(|layer| (layer.id.to_string(), write_layer(layer, &mut start)))
        .collect();
    json!({
        "version": 1,
        "depth": document.depth.bits(),
        // As text, since not every JSON reader gives back the same number.
        "resolution": document.resolution.to_string(),
        "profile": document.icc.is_some(),
        "extra": extra,
        "layers": layers,
    })
    .to_string()
}

fn write_layer(layer: &Layer, start: &mut usize) -> Value {
    let (x, y, empty, expanded) = match &layer.content {
        Content::Pixels(pixels) => {
            let raster = &pixels.raster;
            let size = json!([raster.width(), raster.height(), raster.depth().bits()]);
            (pixels.x, pixels.y, raster.samples().is_empty().then_some(size), true)
        }
        Content::Group(group) => (0, 0, None, group.expanded),
    };
    json!({
        "name": layer.name,
        "x": x,
        "y": y,
        "blend": layer.blend.name(),
        "clipping": layer.clipping,
        "fill": layer.fill,
        "lock": {
            "transparency": layer.lock.transparency,
            "pixels": layer.lock.pixels,
            "position": layer.lock.position,
        },
        "expanded": expanded,
        "empty": empty,
        "mask": layer.mask.as_ref().map(|mask| write_mask(layer.id, mask)),
        "extra": write_extra(&layer.extra, start),
    })
}

fn write_mask(id: u32, mask: &Mask) -> Value {
    json!({
        "src": (!mask.plane.samples().is_empty()).then(|| mask_path(id)),
        "width": mask.plane.width(),
        "height": mask.plane.height(),
        "depth": mask.plane.depth().bits(),
        "x": mask.x,
        "y": mask.y,
        "outside": mask.outside,
        "enabled": mask.enabled,
        "linked": mask.linked,
    })
}

fn write_extra(extra: &[Extra], start: &mut usize) -> Value {
    extra
        .iter()
        .map(|extra| {
            let at = json!([extra.key, *start, extra.bytes.len()]);
            *start += extra.bytes.len();
            at
        })
        .collect()
}

/// Reads the JSON text; `None` if it is none of ours.
pub(crate) fn read(text: &[u8]) -> Option<Settings> {
    let value: Value = serde_json::from_slice(text).ok()?;
    if value.get("version")?.as_u64()? != 1 {
        return None;
    }
    let layers = value.get("layers")?.as_object()?;
    Some(Settings {
        depth: depth(value.get("depth")?)?,
        resolution: value.get("resolution")?.as_str()?.parse().ok()?,
        has_profile: flag(&value, "profile", false),
        extra: read_extra(&value),
        layers: layers
            .iter()
            .filter_map(|(id, value)| Some((id.parse().ok()?, read_layer(value)?)))
            .collect(),
    })
}

fn read_layer(value: &Value) -> Option<LayerSettings> {
    let lock = value.get("lock")?;
    Some(LayerSettings {
        name: value.get("name")?.as_str()?.to_owned(),
        x: number(value, "x")?,
        y: number(value, "y")?,
        blend: Blend::named(value.get("blend")?.as_str()?)?,
        clipping: flag(value, "clipping", false),
        fill: number(value, "fill")?,
        lock: Lock {
            transparency: flag(lock, "transparency", false),
            pixels: flag(lock, "pixels", false),
            position: flag(lock, "position", false),
        },
        expanded: flag(value, "expanded", true),
        empty: value.get("empty").and_then(|size| {
            let side = |at: usize| size.get(at)?.as_u64()?.try_into().ok();
            Some((side(0)?, side(1)?, depth(size.get(2)?)?))
        }),
        mask: value.get("mask").and_then(read_mask),
        extra: read_extra(value),
    })
}

fn read_mask(value: &Value) -> Option<MaskSettings> {
    Some(MaskSettings {
        src: value.get("src").and_then(Value::as_str).map(str::to_owned),
        width: number(value, "width")?,
        height: number(value, "height")?,
        depth: depth(value.get("depth")?)?,
        x: number(value, "x")?,
        y: number(value, "y")?,
        outside: number(value, "outside")?,
        enabled: flag(value, "enabled", true),
        linked: flag(value, "linked", true),
    })
}

fn read_extra(value: &Value) -> Vec<ExtraAt> {
    let list = value.get("extra").and_then(Value::as_array);
    let read = |value: &Value| {
        Some(ExtraAt {
            key: value.get(0)?.as_str()?.to_owned(),
            start: value.get(1)?.as_u64()?.try_into().ok()?,
            length: value.get(2)?.as_u64()?.try_into().ok()?,
        })
    };
    list.into_iter().flatten().filter_map(read).collect()
}

fn flag(value: &Value, key: &str, default: bool) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(default)
}

fn number<N: TryFrom<i64>>(value: &Value, key: &str) -> Option<N> {
    value.get(key)?.as_i64()?.try_into().ok()
}

fn depth(value: &Value) -> Option<Depth> {
    match value.as_u64()? {
        8 => Some(Depth::Eight),
        16 => Some(Depth::Sixteen),
        _ => None,
    }
}
