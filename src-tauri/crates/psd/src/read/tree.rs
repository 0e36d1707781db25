//! Records become layers, and dividers groups.

use std::sync::Arc;

use document::{Blend, Content, Extra, Group, Layer, Lock, Mask, Pixels, Raster};

use super::{
    notes::{Kind, Notes},
    records::Record,
    unpack::{MaskPixels, Unpacked},
};
use crate::{
    blend,
    blocks::Place,
    channels::REAL_MASK,
    layers::{RANGES, RENDERED_MASK},
};

/// Photoshop draws ten; programs that walk a tree by recursion stay far from their limits.
const MAX_DEPTH: usize = 64;

const TEXT: [&[u8; 4]; 2] = [b"TySh", b"tySh"];
const SMART: [&[u8; 4]; 5] = [b"SoLd", b"SoLE", b"PlLd", b"plLd", b"PxSc"];
const FILL: [&[u8; 4]; 4] = [b"SoCo", b"GdFl", b"PtFl", b"vscg"];
const ADJUSTMENT: [&[u8; 4]; 18] = [
    b"brit", b"levl", b"curv", b"expA", b"vibA", b"hue ", b"hue2", b"blnc", b"blwh", b"phfl",
    b"mixr", b"clrL", b"nvrt", b"post", b"thrs", b"selc", b"grdm", b"CgEd",
];
const EFFECTS: [&[u8; 4]; 4] = [b"lrFX", b"lfx2", b"lfxs", b"lmfx"];
const VECTOR_MASK: [&[u8; 4]; 2] = [b"vmsk", b"vsms"];
const ARTBOARD: [&[u8; 4]; 2] = [b"artb", b"abdd"];

/// Whether a record is a layer or a part of a group.
enum Section {
    Layer,
    Open { expanded: bool },
    Divider,
}

impl Section {
    fn of(record: &Record) -> Self {
        match record.number(b"lsct").or_else(|| record.number(b"lsdk")) {
            Some(1) => Self::Open { expanded: true },
            Some(2) => Self::Open { expanded: false },
            Some(3) => Self::Divider,
            _ => Self::Layer,
        }
    }
}

/// Layers from the bottom, out of records from the bottom.
pub(super) fn build(records: Vec<(Record, Unpacked)>, notes: &mut Notes) -> Vec<Layer> {
    let mut open: Vec<Vec<Layer>> = Vec::new();
    let mut layers = Vec::new();
    // Groups that lie too deep and are skipped.
    let mut skipped = 0_usize;
    for (record, unpacked) in records {
        match Section::of(&record) {
            Section::Divider if open.len() == MAX_DEPTH => {
                skipped += 1;
                notes.count(Kind::DeepGroup);
            }
            Section::Divider => open.push(std::mem::take(&mut layers)),
            Section::Open { .. } if skipped > 0 => skipped -= 1,
            Section::Open { expanded } => {
                // Without a divider, nothing says where the group starts.
                let below = open.pop();
                let children = below.as_ref().map(|_| std::mem::take(&mut layers));
                layers = below.unwrap_or(layers);
                let children = children.unwrap_or_default();
                layers.push(group(&record, unpacked, Group { expanded, children }, notes));
            }
            Section::Layer => layers.push(pixels(&record, unpacked, notes)),
        }
    }
    while let Some(mut below) = open.pop() {
        notes.count(Kind::OpenGroup);
        below.append(&mut layers);
        layers = below;
    }
    layers
}

fn group(record: &Record, unpacked: Unpacked, group: Group, notes: &mut Notes) -> Layer {
    let divider = record.block(b"lsct").or_else(|| record.block(b"lsdk")).unwrap_or_default();
    let key = divider.get(8..12).and_then(|key| key.first_chunk::<4>()).copied();
    let key = key.unwrap_or(record.blend);
    if record.has_any(&ARTBOARD) {
        notes.count(Kind::Artboard);
    }
    layer(record, key, unpacked.mask, Content::Group(group), notes)
}

fn pixels(record: &Record, unpacked: Unpacked, notes: &mut Notes) -> Layer {
    let Unpacked { raster, is_damaged, mask } = unpacked;
    if is_damaged {
        notes.count(Kind::DamagedPixels);
    }
    if let Some(kind) = kind(record, &raster) {
        notes.count(kind);
    }
    let (x, y) = if is_damaged { (0, 0) } else { (record.rect.x, record.rect.y) };
    let content = Content::Pixels(Pixels { x, y, raster: Arc::new(raster) });
    layer(record, record.blend, mask, content, notes)
}

fn kind(record: &Record, raster: &Raster) -> Option<Kind> {
    if record.has_any(&TEXT) {
        Some(Kind::Text)
    } else if record.has_any(&SMART) {
        Some(Kind::SmartObject)
    } else if record.has_any(&FILL) {
        Some(if raster.width() == 0 { Kind::HiddenFill } else { Kind::Fill })
    } else if record.has_any(&ADJUSTMENT) {
        Some(Kind::Adjustment)
    } else {
        None
    }
}

fn layer(
    record: &Record,
    key: [u8; 4],
    mask: MaskPixels,
    content: Content,
    notes: &mut Notes,
) -> Layer {
    let blend = blend::of_key(key).unwrap_or_else(|| {
        notes.count(Kind::UnknownBlend);
        Blend::Normal
    });
    let is_group = matches!(content, Content::Group(_));
    let blend = if blend == Blend::PassThrough && !is_group { Blend::Normal } else { blend };
    let locks = record.number(b"lspf").unwrap_or(u32::from(record.locks_transparency()));
    // The topmost bit locks everything.
    let is_locked = |bit: u32| locks & (bit | 1 << 31) != 0;
    if record.has_any(&EFFECTS) {
        notes.count(Kind::Effects);
    }
    let mut extra = Vec::new();
    let mask = self::mask(record, mask, &mut extra, notes);
    if record.ranges.as_chunks::<4>().0.iter().any(|range| *range != [0, 0, 255, 255]) {
        notes.count(Kind::BlendRanges);
        extra.push(Extra { key: RANGES.to_owned(), bytes: record.ranges.to_vec() });
    }
    let is_flat = mask.is_some() && record.channel(REAL_MASK).is_some();
    let carried = record.blocks.iter().filter(|(key, _)| !(is_flat && VECTOR_MASK.contains(&key)));
    extra.extend(carried.filter_map(|(key, bytes)| Place::Layer.extra(*key, bytes)));
    Layer {
        id: record.number(b"lyid").unwrap_or(0),
        name: record.name.clone(),
        visible: record.is_visible(),
        opacity: record.opacity,
        fill: record.block(b"iOpa").and_then(|bytes| bytes.first()).copied().unwrap_or(255),
        blend,
        clipping: record.clipping,
        lock: Lock { transparency: is_locked(1), pixels: is_locked(2), position: is_locked(4) },
        mask,
        recipe: None,
        content,
        extra,
    }
}

fn mask(
    record: &Record,
    pixels: MaskPixels,
    extra: &mut Vec<Extra>,
    notes: &mut Notes,
) -> Option<Mask> {
    let has_vector = record.has_any(&VECTOR_MASK);
    // The pixels of a shape have its outline already.
    let is_shape = record.has_any(&FILL) && !record.rect.is_empty();
    let plane = match pixels {
        MaskPixels::Plane(plane) => Some(plane),
        MaskPixels::None => None,
        MaskPixels::Damaged => {
            notes.count(Kind::DamagedMask);
            None
        }
    };
    let found = plane.zip(record.mask);
    let has_real = record.channel(REAL_MASK).is_some();
    let is_rendered = found.as_ref().is_some_and(|(_, info)| info.is_rendered());
    if has_vector && is_rendered && !has_real {
        extra.push(Extra { key: RENDERED_MASK.to_owned(), bytes: Vec::new() });
    } else if has_vector && found.is_some() && has_real {
        // The mask's pixels are both masks in one.
        notes.count(Kind::FlatVectorMask);
    } else if has_vector && !is_shape {
        notes.count(Kind::HiddenVectorMask);
    }
    let (plane, info) = found?;
    if info.is_soft() {
        notes.count(Kind::SoftMask);
    }
    Some(Mask {
        x: info.rect.x,
        y: info.rect.y,
        plane: Arc::new(plane),
        outside: info.outside,
        enabled: info.is_enabled(),
        linked: info.is_linked(),
    })
}
