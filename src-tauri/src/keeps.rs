//! What a document holds and the page does not see: 16-bit pixels, masks, unknown blocks, profiles.
//!
//! The page has tokens and gives them back with the document, so that opening, hiding a layer and
//! saving loses nothing. What came with one file is forgotten when the page names none of its
//! pictures, masks and tokens any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use document::{Document, Extra, Plane, Raster};
use engine::ImageId;

/// Masks are numbered from here, so that one is never taken for a picture.
const FIRST_MASK: u64 = 1 << 40;

/// What is kept of each file.
#[derive(Debug, Default)]
pub(crate) struct Keeps(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<u64, KeptFile>,
    /// Masks and selections that were made here, and whether the page has named them.
    made: BTreeMap<u64, (Arc<Plane>, bool)>,
    last_file: u64,
    last_mask: u64,
}

/// What is kept of one file. A file that the page sees whole needs no keeping.
#[derive(Debug, Default)]
pub(crate) struct KeptFile {
    number: u64,
    document: Option<Arc<KeptDocument>>,
    layers: Vec<KeptLayer>,
    /// Its pictures and masks.
    ids: BTreeSet<u64>,
    /// Whether the page has named it: what is on its way there cannot be missed yet.
    known: bool,
}

/// What belongs to a whole document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptDocument {
    pub(crate) resolution: f64,
    pub(crate) icc: Option<Arc<[u8]>>,
    pub(crate) extra: Vec<Extra>,
}

/// What belongs to one layer. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptLayer {
    /// The pixels as the file has them, and the picture that the page has of them.
    pub(crate) fine: Option<(ImageId, Arc<Raster>)>,
    pub(crate) mask: Option<(u64, Arc<Plane>)>,
    pub(crate) extra: Arc<[Extra]>,
    /// Whether the blocks are those of a group: on a layer of pixels they would mean nothing.
    pub(crate) is_group: bool,
}

impl KeptFile {
    /// Keeps what belongs to the document, of which it takes the unknown blocks.
    pub(crate) fn keep_document(&mut self, document: &mut Document) -> Option<String> {
        let kept = KeptDocument {
            resolution: document.resolution,
            icc: document.icc.clone(),
            extra: std::mem::take(&mut document.extra),
        };
        let usual = Document::new(0, 0).resolution;
        if kept.resolution == usual && kept.icc.is_none() && kept.extra.is_empty() {
            return None;
        }
        self.document = Some(Arc::new(kept));
        Some(self.number.to_string())
    }

    /// Keeps what belongs to a layer.
    pub(crate) fn keep_layer(&mut self, kept: KeptLayer) -> Option<String> {
        if kept.fine.is_none() && kept.mask.is_none() && kept.extra.is_empty() {
            return None;
        }
        self.ids.extend(kept.mask.iter().map(|(id, _)| *id));
        self.layers.push(kept);
        Some(format!("{}-{}", self.number, self.layers.len() - 1))
    }

    /// As long as the page names this picture, the file is not forgotten.
    pub(crate) fn has_picture(&mut self, id: ImageId) {
        self.ids.insert(id.0);
    }

    fn is_empty(&self) -> bool {
        self.document.is_none() && self.layers.is_empty()
    }
}

impl Keeps {
    /// A file with a number of its own; to be given to [`Self::insert`].
    pub(crate) fn file(&self) -> KeptFile {
        let mut inner = self.lock();
        inner.last_file += 1;
        KeptFile { number: inner.last_file, ..KeptFile::default() }
    }

    /// A number for a mask.
    pub(crate) fn mask_id(&self) -> u64 {
        let mut inner = self.lock();
        inner.last_mask += 1;
        FIRST_MASK + inner.last_mask
    }

    /// Keeps a mask or selection that was made here, and gives its number.
    pub(crate) fn keep_mask(&self, plane: Plane) -> u64 {
        let id = self.mask_id();
        self.lock().made.insert(id, (Arc::new(plane), false));
        id
    }

    pub(crate) fn insert(&self, file: KeptFile) {
        if !file.is_empty() {
            self.lock().files.insert(file.number, file);
        }
    }

    /// What a document's token stands for.
    pub(crate) fn document(&self, token: &str) -> Option<Arc<KeptDocument>> {
        let mut inner = self.lock();
        let file = inner.files.get_mut(&token.parse().ok()?)?;
        file.known = true;
        file.document.clone()
    }

    /// What a layer's token stands for.
    pub(crate) fn layer(&self, token: &str) -> Option<KeptLayer> {
        let mut inner = self.lock();
        let (number, index) = token.split_once('-')?;
        let file = inner.files.get_mut(&number.parse().ok()?)?;
        file.known = true;
        file.layers.get(index.parse::<usize>().ok()?).cloned()
    }

    /// A mask or selection: one that was made here, or that some layer brought along.
    pub(crate) fn mask(&self, id: u64) -> Option<Arc<Plane>> {
        let mut inner = self.lock();
        if let Some((plane, known)) = inner.made.get_mut(&id) {
            *known = true;
            return Some(Arc::clone(plane));
        }
        let file = inner.files.values().find(|file| file.ids.contains(&id))?;
        let mut masks = file.layers.iter().filter_map(|kept| kept.mask.as_ref());
        masks.find(|(mask, _)| *mask == id).map(|(_, plane)| Arc::clone(plane))
    }

    /// Forgets the files of which the page names nothing, and the fine pixels of pictures that are
    /// gone: the large part of a file.
    pub(crate) fn retain(&self, ids: &[u64], tokens: &[String], gone: &BTreeSet<ImageId>) {
        let ids: BTreeSet<u64> = ids.iter().copied().collect();
        let numbers = tokens.iter().filter_map(|token| token.split('-').next()?.parse().ok());
        let numbers: BTreeSet<u64> = numbers.collect();
        let mut inner = self.lock();
        inner.files.retain(|number, file| {
            let is_named = numbers.contains(number) || !file.ids.is_disjoint(&ids);
            let was_known = file.known;
            file.known |= is_named;
            is_named || !was_known
        });
        inner.made.retain(|id, (_, known)| {
            let (is_named, was_known) = (ids.contains(id), *known);
            *known |= is_named;
            is_named || !was_known
        });
        for kept in inner.files.values_mut().flat_map(|file| &mut file.layers) {
            if kept.fine.as_ref().is_some_and(|(image, _)| gone.contains(image)) {
                kept.fine = None;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use document::Depth;

    use super::*;

    /// A file with one layer of fine pixels and an unknown block, whose picture has this number.
    fn insert(keeps: &Keeps, image: u64) -> String {
        let raster = Arc::new(Raster::empty(Depth::Sixteen));
        let extra = Extra { key: "psd:layer:lfx2".into(), bytes: vec![1] };
        let mut file = keeps.file();
        file.has_picture(ImageId(image));
        let fine = Some((ImageId(image), raster));
        let kept = KeptLayer { fine, extra: [extra].into(), ..KeptLayer::default() };
        let token = file.keep_layer(kept);
        keeps.insert(file);
        token.expect("something to keep")
    }

    #[test]
    fn a_file_that_the_page_knew_and_names_no_more_is_forgotten() {
        let keeps = Keeps::default();
        let [kept, dropped, on_its_way] = [1, 2, 3].map(|image| insert(&keeps, image));
        keeps.retain(&[1, 2], &[], &BTreeSet::new());
        keeps.retain(&[1], &[], &BTreeSet::new());
        assert!(keeps.layer(&dropped).is_none());
        assert!(keeps.layer(&kept).is_some());
        assert!(keeps.layer(&on_its_way).is_some(), "the page had not heard of it");
        keeps.retain(&[], &[], &BTreeSet::new());
        assert!(keeps.layer(&kept).is_none() && keeps.layer(&on_its_way).is_none());
    }

    #[test]
    fn a_token_is_enough_when_every_picture_was_replaced() {
        let keeps = Keeps::default();
        let token = insert(&keeps, 1);
        keeps.retain(&[1], &[], &BTreeSet::new());
        keeps.retain(&[9], std::slice::from_ref(&token), &BTreeSet::new());
        assert!(keeps.layer(&token).is_some());
        keeps.retain(&[9], &[], &BTreeSet::new());
        assert!(keeps.layer(&token).is_none());
    }

    #[test]
    fn fine_pixels_go_with_their_picture_and_the_rest_of_the_layer_stays() {
        let keeps = Keeps::default();
        let token = insert(&keeps, 1);
        keeps.retain(&[], &[], &[ImageId(1)].into());
        let kept = keeps.layer(&token).expect("not named before");
        assert!(kept.fine.is_none());
        assert_eq!(kept.extra.len(), 1);
    }

    #[test]
    fn a_mask_that_was_made_here_goes_when_the_page_names_it_no_more() {
        let keeps = Keeps::default();
        let plane = || Plane::new(1, 1, document::Samples::Eight(vec![7])).unwrap();
        let [named, used, on_its_way] = [0; 3].map(|_| keeps.keep_mask(plane()));
        assert!(keeps.mask(used).is_some());
        keeps.retain(&[named], &[], &BTreeSet::new());
        assert!(keeps.mask(used).is_none());
        keeps.retain(&[named, on_its_way], &[], &BTreeSet::new());
        keeps.retain(&[], &[], &BTreeSet::new());
        assert!(keeps.mask(named).is_none() && keeps.mask(on_its_way).is_none());
    }

    #[test]
    fn what_the_page_sees_whole_has_no_token() {
        let keeps = Keeps::default();
        let mut file = keeps.file();
        assert_eq!(file.keep_layer(KeptLayer::default()), None);
        assert_eq!(file.keep_document(&mut Document::new(4, 4)), None);
        keeps.insert(file);
        assert!(keeps.lock().files.is_empty());
    }

    #[test]
    fn tokens_that_are_none_stand_for_nothing() {
        let keeps = Keeps::default();
        insert(&keeps, 1);
        for token in ["", "-", "1", "1-1", "2-0", "1-", "-0", "x", "1-0-0", "99999999999999999999"]
        {
            assert!(keeps.layer(token).is_none() && keeps.document(token).is_none(), "{token}");
        }
    }
}
