//! A zip to a document. Nothing is extracted, and no size that the file claims is believed.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    sync::Arc,
};

use document::{
    Blend, Content, Depth, Document, Extra, Group, Layer, Lock, Mask, Opened, Pixels, Plane,
    Raster, Samples, recipe,
};
use zip::{ZipArchive, result::ZipError};

use crate::{
    EXTRAS, Error, MAX_SIDE, PROFILE, RECIPES, SETTINGS, STACK,
    modes::{self, Meaning},
    pixels::{self, Limits},
    settings::{self, ExtraAt, LayerSettings, MaskSettings, Settings},
    stack::{self, Attributes, Node},
};

/// Entries that are not PNGs.
pub(crate) const MAX_TEXT: u64 = 32 << 20;
pub(crate) const MAX_EXTRAS: u64 = 2 << 30;
/// Bytes of one layer's pixels.
const MAX_PICTURE: u64 = 16 << 30;
/// Bytes of pixels that take nearly no room in the file: empty layers of a real one, or a trap.
pub(crate) const MAX_BLANK: u64 = 8 << 30;
/// Notes that people still read.
const MAX_NOTES: usize = 50;

/// Of pixels that take `decoded` bytes in memory and `packed` in the file, those that count as blank.
pub(crate) fn blank(decoded: u64, packed: u64) -> u64 {
    decoded.saturating_sub(packed.saturating_mul(100))
}

/// Reads an OpenRaster file. A layer whose pixels are missing or damaged is kept without them, with a
/// note.
///
/// # Errors
/// If it is none, its tree is damaged, or it is larger than memory.
pub fn read(source: impl Read + Seek) -> Result<Opened, Error> {
    let archive = ZipArchive::new(source).map_err(|error| match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::Io(error)
        }
        _ => Error::NotOpenRaster,
    })?;
    let mut reader = Reader::new(archive);
    let text = reader.entry(STACK, MAX_TEXT)?.ok_or(Error::NotOpenRaster)?;
    let stack = stack::read(&String::from_utf8_lossy(&text))?;
    reader.notes.extend(stack.notes);

    let settings = match reader.entry(SETTINGS, MAX_TEXT)? {
        Some(text) => settings::read(&text).or_else(|| {
            reader.notes.push("the editor's own settings in the file are damaged; masks, clipping and locks are lost".into());
            None
        }),
        None => None,
    };
    if let Some(settings) = &settings
        && (!settings.extra.is_empty()
            || settings.layers.values().any(|layer| !layer.extra.is_empty()))
    {
        reader.extras = reader.entry(EXTRAS, MAX_EXTRAS)?.unwrap_or_default();
    }

    let layers = reader.layers(&stack.nodes, settings.as_ref(), (0, 0))?;
    let is_deep = reader.is_deep;
    let mut document = Document::new(stack.width, stack.height);
    document.layers = layers;
    document.depth = match &settings {
        Some(settings) => settings.depth,
        None if is_deep => Depth::Sixteen,
        None => Depth::Eight,
    };
    document.resolution = resolution(stack.resolution, settings.as_ref());
    document.icc = match &settings {
        Some(settings) if settings.has_profile => reader.entry(PROFILE, MAX_TEXT)?,
        Some(_) => None,
        None => reader.profile.take(),
    }
    .map(Arc::from);
    if let Some(settings) = &settings {
        document.extra = reader.extra(&settings.extra);
    }
    if let Some(text) = reader.entry(RECIPES, MAX_TEXT)? {
        recipe::read(&mut document, &String::from_utf8_lossy(&text));
    }
    document.number_layers();

    let mut notes = reader.notes;
    notes.truncate(MAX_NOTES);
    Ok(Opened { document, notes })
}

fn resolution(stack: Option<f64>, settings: Option<&Settings>) -> f64 {
    let is_real = |resolution: &f64| resolution.is_finite() && *resolution > 0.0;
    let of_stack = stack.filter(is_real);
    let exact = settings.map(|settings| settings.resolution).filter(is_real);
    match (of_stack, exact) {
        (Some(rounded), Some(exact)) if rounded != exact.round().max(1.0) => rounded,
        (_, Some(exact)) => exact,
        (Some(resolution), None) => resolution,
        (None, None) => 72.0,
    }
}

struct Reader<R> {
    archive: ZipArchive<R>,
    /// Decoded pixels by entry: several layers may share one.
    pictures: BTreeMap<String, Arc<Raster>>,
    blank: u64,
    /// Whether a layer had 16 bits.
    is_deep: bool,
    /// The first profile of a layer.
    profile: Option<Vec<u8>>,
    extras: Vec<u8>,
    notes: Vec<String>,
}

impl<R: Read + Seek> Reader<R> {
    fn new(archive: ZipArchive<R>) -> Self {
        Self {
            archive,
            pictures: BTreeMap::new(),
            blank: 0,
            is_deep: false,
            profile: None,
            extras: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The bytes of an entry; `None` if there is none.
    fn entry(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(index) = self.index(name) else { return Ok(None) };
        let mut bytes = Vec::new();
        self.archive.by_index(index)?.take(limit + 1).read_to_end(&mut bytes).map_err(unpacking)?;
        if bytes.len() as u64 > limit {
            return Err(Error::TooLarge(format!("`{name}` in it")));
        }
        Ok(Some(bytes))
    }

    fn index(&self, name: &str) -> Option<usize> {
        let name = name.trim_start_matches("./").trim_start_matches('/');
        // Old versions of GIMP do not say that their names are UTF-8.
        self.archive
            .index_for_name(name)
            .or_else(|| self.archive.index_for_name_raw(name.as_bytes()))
    }

    /// From the bottom, where the file has them from the top.
    fn layers(
        &mut self,
        nodes: &[Node],
        settings: Option<&Settings>,
        offset: (i32, i32),
    ) -> Result<Vec<Layer>, Error> {
        nodes.iter().rev().map(|node| self.layer(node, settings, offset)).collect()
    }

    fn layer(
        &mut self,
        node: &Node,
        settings: Option<&Settings>,
        offset: (i32, i32),
    ) -> Result<Layer, Error> {
        let attributes = &node.attributes;
        let own = attributes.tag.and_then(|tag| settings?.layers.get(&tag));
        let x = attributes.x.saturating_add(offset.0);
        let y = attributes.y.saturating_add(offset.1);
        let name = name(attributes, own);
        let mut layer = match &node.children {
            Some(children) => {
                let children = self.layers(children, settings, (x, y))?;
                let mut group = Layer::group(name, children);
                if let (Content::Group(group), Some(own)) = (&mut group.content, own) {
                    *group = Group {
                        expanded: own.expanded,
                        ..std::mem::replace(group, Group { expanded: true, children: Vec::new() })
                    };
                }
                group
            }
            None => {
                let raster = self.raster(&name, attributes, own)?;
                Layer::pixels(name, x, y, raster)
            }
        };
        layer.id = attributes.tag.unwrap_or(0);
        layer.visible = attributes.visible;
        layer.opacity = attributes.opacity;
        let meaning = self.meaning(&layer, attributes, own);
        layer.blend = meaning.blend;
        layer.clipping = meaning.clipping;
        layer.lock = match own {
            Some(own) if own.lock.pixels == attributes.edit_locked => own.lock,
            _ => Lock {
                transparency: false,
                pixels: attributes.edit_locked,
                position: attributes.edit_locked,
            },
        };
        if let Some(own) = own {
            layer.fill = own.fill;
            layer.extra = self.extra(&own.extra);
            if let Some(mask) = &own.mask {
                // Another program that moved the layer did not see its mask.
                let moved = match &layer.content {
                    Content::Pixels(Pixels { x, y, .. }) if mask.linked => {
                        (x.saturating_sub(own.x), y.saturating_sub(own.y))
                    }
                    _ => (0, 0),
                };
                layer.mask = self.mask(&layer.name, mask, moved)?;
            }
        }
        Ok(layer)
    }

    fn meaning(
        &mut self,
        layer: &Layer,
        attributes: &Attributes,
        own: Option<&LayerSettings>,
    ) -> Meaning {
        let is_group = matches!(layer.content, Content::Group(_));
        let op = &*attributes.composite_op;
        if let Some(own) = own
            && modes::name(own.blend, own.clipping) == op
            && (!is_group || (own.blend != Blend::PassThrough) == attributes.isolate)
        {
            return Meaning { blend: own.blend, clipping: own.clipping };
        }
        let meaning = modes::meaning(op).unwrap_or_else(|| {
            self.note(format!(
                "layer `{}`: the blend mode `{}` is not known; it became normal",
                layer.name,
                stack::plain(op)
            ));
            Meaning { blend: Blend::Normal, clipping: false }
        });
        if meaning.clipping {
            self.note(format!("layer `{}` shows only where there is something below; it became clipped to the layer below", layer.name));
        }
        // https://www.openraster.org/baseline/layer-stack-spec.html: a group is isolated unless nothing asks for it.
        let is_loose = is_group
            && !attributes.isolate
            && attributes.opacity == 255
            && meaning == Meaning { blend: Blend::Normal, clipping: false };
        match meaning.blend {
            _ if is_loose => Meaning { blend: Blend::PassThrough, clipping: false },
            Blend::PassThrough if !is_group => Meaning { blend: Blend::Normal, ..meaning },
            _ => meaning,
        }
    }

    fn raster(
        &mut self,
        name: &str,
        attributes: &Attributes,
        own: Option<&LayerSettings>,
    ) -> Result<Arc<Raster>, Error> {
        let Some(src) = attributes.src.as_deref() else {
            self.note(format!("layer `{name}` has no pixels in the file"));
            return Ok(Arc::new(Raster::empty(Depth::Eight)));
        };
        let raster = match self.picture(src) {
            Ok(Some(raster)) => raster,
            Ok(None) => {
                let reason = if src.to_ascii_lowercase().ends_with(".png") {
                    "its pixels are missing in the file"
                } else {
                    "it is not made of pixels, which cannot be shown"
                };
                self.note(format!("layer `{name}` is empty: {reason}"));
                return Ok(Arc::new(Raster::empty(Depth::Eight)));
            }
            Err(error @ (Error::TooLarge(_) | Error::Memory | Error::Io(_))) => return Err(error),
            Err(error) => {
                self.note(format!("layer `{name}` is empty: {error}"));
                return Ok(Arc::new(Raster::empty(Depth::Eight)));
            }
        };
        if let Some((width, height, depth)) = own.and_then(|own| own.empty)
            && is_one_clear_pixel(&raster)
            && let Ok(empty) = Raster::new(width, height, nothing(depth))
        {
            return Ok(Arc::new(empty));
        }
        Ok(raster)
    }

    /// The pixels of an entry; `None` if there is none or it is no PNG.
    fn picture(&mut self, src: &str) -> Result<Option<Arc<Raster>>, Error> {
        if let Some(raster) = self.pictures.get(src) {
            return Ok(Some(raster.clone()));
        }
        let Some(bytes) = self.packed_picture(src)? else { return Ok(None) };
        let limits = Limits { side: MAX_SIDE, bytes: MAX_PICTURE };
        let picture = pixels::decode(&bytes, limits)?;
        self.is_deep |= picture.raster.depth() == Depth::Sixteen;
        if self.profile.is_none() {
            // Profiles of grey pictures say nothing about RGB.
            self.profile = picture.icc.filter(|icc| icc.get(16..20) == Some(b"RGB "));
        }
        let raster = Arc::new(picture.raster);
        self.pictures.insert(src.to_owned(), raster.clone());
        Ok(Some(raster))
    }

    /// The bytes of a PNG, if its pixels are within the limits.
    fn packed_picture(&mut self, src: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(index) = self.index(src) else { return Ok(None) };
        let mut entry = self.archive.by_index(index)?;
        let mut bytes = Vec::new();
        entry.by_ref().take(33).read_to_end(&mut bytes).map_err(unpacking)?;
        let Some(decoded) = pixels::decoded_size(&bytes) else { return Ok(None) };
        if decoded > MAX_PICTURE {
            return Err(Error::TooLarge(format!("`{src}` in it")));
        }
        // No PNG is much longer than its pixels.
        let limit = decoded + decoded / 8 + (16 << 20);
        entry.take(limit).read_to_end(&mut bytes).map_err(unpacking)?;
        if bytes.len() as u64 >= limit {
            return Err(Error::TooLarge(format!("`{src}` in it")));
        }
        self.blank += blank(decoded, bytes.len() as u64);
        if self.blank > MAX_BLANK {
            return Err(Error::TooLarge(
                "its empty parts alone need more memory than a computer has".into(),
            ));
        }
        Ok(Some(bytes))
    }

    fn mask(
        &mut self,
        name: &str,
        mask: &MaskSettings,
        moved: (i32, i32),
    ) -> Result<Option<Mask>, Error> {
        let plane = match &mask.src {
            None => Plane::new(mask.width, mask.height, nothing(mask.depth)).ok(),
            Some(src) => match self.packed_picture(src) {
                Ok(Some(bytes)) => {
                    let limits = Limits { side: MAX_SIDE, bytes: MAX_PICTURE };
                    pixels::decode(&bytes, limits)
                        .ok()
                        .and_then(|picture| first_channel(&picture.raster))
                }
                Ok(None) | Err(Error::Damaged(_)) => None,
                Err(error) => return Err(error),
            },
        };
        if plane.is_none() {
            self.note(format!(
                "the mask of layer `{name}` is missing or damaged; the layer shows whole"
            ));
        }
        Ok(plane.map(|plane| Mask {
            x: mask.x.saturating_add(moved.0),
            y: mask.y.saturating_add(moved.1),
            plane: Arc::new(plane),
            outside: mask.outside,
            enabled: mask.enabled,
            linked: mask.linked,
        }))
    }

    fn extra(&self, list: &[ExtraAt]) -> Vec<Extra> {
        let read = |at: &ExtraAt| {
            let end = at.start.checked_add(at.length)?;
            let bytes = self.extras.get(at.start..end)?.to_vec();
            Some(Extra { key: at.key.clone(), bytes })
        };
        list.iter().filter_map(read).collect()
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note);
        }
    }
}

/// The name of the tree, unless only XML made it another one.
fn name(attributes: &Attributes, own: Option<&LayerSettings>) -> String {
    match own {
        Some(own) if stack::plain(&own.name) == attributes.name => own.name.clone(),
        _ if attributes.name.is_empty() && attributes.src.is_some() => {
            let src = attributes.src.as_deref().unwrap_or_default();
            let file = src.rsplit('/').next().unwrap_or(src);
            file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned()
        }
        _ => attributes.name.clone(),
    }
}

fn is_one_clear_pixel(raster: &Raster) -> bool {
    match raster.samples() {
        Samples::Eight(samples) => samples.len() == 4 && samples[3] == 0,
        Samples::Sixteen(samples) => samples.len() == 4 && samples[3] == 0,
    }
}

fn nothing(depth: Depth) -> Samples {
    match depth {
        Depth::Eight => Samples::Eight(Vec::new()),
        Depth::Sixteen => Samples::Sixteen(Vec::new()),
    }
}

fn first_channel(raster: &Raster) -> Option<Plane> {
    let samples = match raster.samples() {
        Samples::Eight(samples) => Samples::Eight(samples.iter().step_by(4).copied().collect()),
        Samples::Sixteen(samples) => Samples::Sixteen(samples.iter().step_by(4).copied().collect()),
    };
    Plane::new(raster.width(), raster.height(), samples).ok()
}

/// What fails while an entry is unpacked is the file's fault, unless memory or the disk failed.
fn unpacking(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::OutOfMemory => Error::Memory,
        std::io::ErrorKind::InvalidData
        | std::io::ErrorKind::InvalidInput
        | std::io::ErrorKind::UnexpectedEof
        | std::io::ErrorKind::Other => Error::damaged(error),
        _ => Error::Io(error),
    }
}
