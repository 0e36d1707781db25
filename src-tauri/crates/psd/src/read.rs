//! A whole file becomes a document. Nothing in it is trusted: sizes are checked before memory is taken, and what is
//! damaged is left out with a note where the rest is sound.

mod blocks;
mod budget;
mod cursor;
mod merged;
mod notes;
mod pixels;
mod planes;
mod records;
mod resources;
mod tree;
mod unpack;

use std::sync::Arc;

use document::{Document, Layer, Opened};

use self::{
    blocks::Block, budget::Budget, cursor::Cursor, merged::Around, notes::Notes, records::Record,
};
use crate::{
    Error,
    blocks::Place,
    header::{Header, Mode},
};

/// The layer of a file that has none.
const BACKGROUND: &str = "Background";

/// Reads a PSD or PSB.
///
/// Takes memory for the pixels of the layers, but never for more than 100 bytes a byte of the file, or 4 GiB where
/// that is more.
///
/// # Errors
/// If the bytes are something else, are damaged beyond the pixels of a layer, or are of a colour mode that is not
/// read: Lab and multichannel.
pub fn read(bytes: &[u8]) -> Result<Opened, Error> {
    let header = Header::read(bytes)?;
    check_mode(&header)?;
    let mut notes = Notes::default();
    note_mode(&header, &mut notes);
    let mut budget = Budget::of_file(bytes.len());
    let depth = unpack::depth(&header);
    // Whoever shows the document needs memory for the whole of it.
    budget.check(u64::from(header.width) * u64::from(header.height) * 4 * depth.bytes() as u64)?;

    let parts = Parts::new(bytes, &header).ok_or(Error::Damaged("it is cut off"))?;
    let resources = resources::read(parts.resources);
    let (layers, has_alpha) = match parts.layers(&header) {
        Ok(found) => found,
        Err(_) => {
            notes.say("The layers are damaged; the merged picture was opened instead.");
            (Vec::new(), false)
        }
    };
    let mut document = Document::new(header.width, header.height);
    document.depth = depth;
    document.resolution = resources.resolution.unwrap_or(document.resolution);
    let has_alpha = has_alpha || resources.names_transparency || parts.marks_transparency();
    let has_alpha = has_alpha && usize::from(header.channels) > unpack::colors(header.mode);
    let around = Around { header: &header, table: parts.table, resources: &resources, has_alpha };
    note_channels(around, &mut notes);
    document.layers = if layers.is_empty() {
        let canvas = merged::read(parts.merged, around, &mut budget)?;
        let raster = merged::shown(canvas, has_alpha);
        raster.map(|raster| Layer::pixels(BACKGROUND, 0, 0, Arc::new(raster))).into_iter().collect()
    } else {
        let unpacked = unpack::all(&layers, &header, &mut budget)?;
        tree::build(layers.into_iter().zip(unpacked).collect(), &mut notes)
    };
    document.number_layers();
    if let Some(recipes) = &resources.recipes {
        document::recipe::read(&mut document, recipes);
    }
    // Profiles of other modes say nothing of the RGB that was made.
    document.icc = resources.icc.filter(|_| header.mode == Mode::Rgb && header.bits != 32);
    document.extra = resources.extra;
    let globals = parts.blocks.iter();
    document.extra.extend(globals.filter_map(|(key, bytes)| Place::Global.extra(*key, bytes)));
    Ok(Opened { document, notes: notes.sentences() })
}

/// The sections of a file.
struct Parts<'a> {
    table: &'a [u8],
    resources: &'a [u8],
    info: &'a [u8],
    blocks: Vec<Block<'a>>,
    merged: &'a [u8],
}

impl<'a> Parts<'a> {
    fn new(bytes: &'a [u8], header: &Header) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        cursor.take(Header::BYTES)?;
        let table = cursor.counted()?;
        let resources = cursor.counted()?;
        let mut section = Cursor::new(cursor.section(header.version).unwrap_or_default());
        let info = section.section(header.version).unwrap_or_default();
        // A mask of the whole file, which shows nothing.
        section.counted();
        let blocks = blocks::all(section.rest(), header.version);
        Some(Self { table, resources, info, blocks, merged: cursor.rest() })
    }

    /// The records, which files of more than 8 bits keep in a block.
    fn layers(&self, header: &Header) -> Result<(Vec<Record<'a>>, bool), Error> {
        let (records, has_alpha) = records::read(self.info, header.version)?;
        if !records.is_empty() {
            return Ok((records, has_alpha));
        }
        let block = [b"Lr16", b"Lr32", b"Layr"]
            .into_iter()
            .find_map(|key| blocks::find(&self.blocks, key))
            .unwrap_or_default();
        records::read(block, header.version)
    }

    fn marks_transparency(&self) -> bool {
        [b"Mtrn", b"Mt16", b"Mt32"].into_iter().any(|key| blocks::find(&self.blocks, key).is_some())
    }
}

fn check_mode(header: &Header) -> Result<(), Error> {
    match header.mode {
        Mode::Lab => Err(Error::Unsupported(
            "it is in Lab colour; convert it to RGB in the program that made it",
        )),
        Mode::Multichannel => Err(Error::Unsupported(
            "it has separate channels instead of colours; convert it to RGB in the program that made it",
        )),
        _ => Ok(()),
    }
}

fn note_mode(header: &Header, notes: &mut Notes) {
    match header.mode {
        Mode::Bitmap => notes.say("The black-and-white picture was converted to RGB."),
        Mode::Gray => notes.say("The greyscale picture was converted to RGB."),
        Mode::Duotone => notes.say("The duotone was opened as greyscale, without its inks."),
        Mode::Indexed => notes.say("The indexed colours were converted to RGB."),
        Mode::Cmyk => notes.say("CMYK was converted to RGB; colours may look different."),
        _ => {}
    }
    if header.bits == 32 {
        notes.say(
            "32 bits a channel were converted to 16; what is brighter than white was cut off.",
        );
    }
}

fn note_channels(around: Around, notes: &mut Notes) {
    let used = unpack::colors(around.header.mode) + usize::from(around.has_alpha);
    match usize::from(around.header.channels).saturating_sub(used) {
        0 => {}
        1 => notes.say("1 extra channel, such as a saved selection, was left out."),
        many => {
            notes.say(&format!("{many} extra channels, such as saved selections, were left out."))
        }
    }
}
