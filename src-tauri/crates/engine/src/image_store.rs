//! The pictures that a document, its history and running jobs use, by id.
//!
//! A picture that was edited is kept in tiles, so that two hundred brush strokes on a large layer take
//! the tiles that they touched and not two hundred layers.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use editing::{Area, Grid, Tiled};

use crate::{Image, ImageId, ImageInfo};

/// Edited pictures that are also held whole for those who need them so: the newest, up to these bytes.
const WHOLE_BYTES: usize = 256 << 20;

/// The pictures that a document, its history and running jobs use.
#[derive(Debug, Default)]
pub struct ImageStore {
    inner: Mutex<Inner>,
    last: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    pictures: BTreeMap<ImageId, Kept>,
    whole: VecDeque<(ImageId, Arc<Image>)>,
}

#[derive(Debug, Clone)]
enum Kept {
    Whole(Arc<Image>),
    Tiled(Arc<Tiled>),
}

impl ImageStore {
    /// Keeps a picture.
    pub fn insert(&self, image: Image) -> ImageInfo {
        let (width, height) = (image.width(), image.height());
        self.keep(width, height, Kept::Whole(Arc::new(image)))
    }

    /// Keeps an edited picture, which shares tiles with the one that it was made of.
    pub fn insert_tiled(&self, tiled: Tiled) -> ImageInfo {
        let (width, height) = (tiled.width(), tiled.height());
        self.keep(width, height, Kept::Tiled(Arc::new(tiled)))
    }

    fn keep(&self, width: u32, height: u32, kept: Kept) -> ImageInfo {
        let id = ImageId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        self.lock().pictures.insert(id, kept);
        ImageInfo { id, width, height }
    }

    /// A kept picture, whole.
    #[must_use]
    pub fn get(&self, id: ImageId) -> Option<Arc<Image>> {
        let tiled = {
            let inner = self.lock();
            match inner.pictures.get(&id)? {
                Kept::Whole(image) => return Some(Arc::clone(image)),
                Kept::Tiled(tiled) => {
                    if let Some((_, image)) = inner.whole.iter().find(|(other, _)| *other == id) {
                        return Some(Arc::clone(image));
                    }
                    Arc::clone(tiled)
                }
            }
        };
        // Without the lock: putting a large picture together takes a moment.
        let image = Arc::new(Image::from_grid(tiled.to_grid())?);
        let mut inner = self.lock();
        if inner.pictures.contains_key(&id) {
            inner.whole.retain(|(other, _)| *other != id);
            inner.whole.push_front((id, Arc::clone(&image)));
            let mut bytes = 0;
            inner.whole.retain(|(_, image)| {
                bytes += image.rgba().len();
                bytes <= WHOLE_BYTES
            });
        }
        Some(image)
    }

    /// A kept picture in tiles, to be edited; from now on it is kept so.
    #[must_use]
    pub fn tiled(&self, id: ImageId) -> Option<Arc<Tiled>> {
        let image = match self.lock().pictures.get(&id)? {
            Kept::Tiled(tiled) => return Some(Arc::clone(tiled)),
            Kept::Whole(image) => Arc::clone(image),
        };
        let tiled = Tiled::new(image.width(), image.height(), 4, image.rgba()).ok()?;
        let tiled = Arc::new(tiled);
        let mut inner = self.lock();
        if let Some(kept) = inner.pictures.get_mut(&id) {
            *kept = Kept::Tiled(Arc::clone(&tiled));
        }
        Some(tiled)
    }

    /// The size of a kept picture.
    #[must_use]
    pub fn size(&self, id: ImageId) -> Option<(u32, u32)> {
        Some(match self.lock().pictures.get(&id)? {
            Kept::Whole(image) => (image.width(), image.height()),
            Kept::Tiled(tiled) => (tiled.width(), tiled.height()),
        })
    }

    /// A part of a kept picture; what reaches outside is left out.
    #[must_use]
    pub fn part(&self, id: ImageId, area: Area) -> Option<Grid> {
        let kept = self.lock().pictures.get(&id)?.clone();
        Some(match kept {
            Kept::Whole(image) => image.part(area),
            Kept::Tiled(tiled) => tiled.part(area),
        })
    }

    /// A tile of a level of a kept picture.
    ///
    /// # Errors
    /// If there is no such level or tile.
    pub fn level_tile(
        &self,
        id: ImageId,
        level: u32,
        tile: (u32, u32),
    ) -> Option<editing::Result<Grid>> {
        let kept = self.lock().pictures.get(&id)?.clone();
        Some(match kept {
            // The first time that it is looked at from afar, it is cut up: from then on that is quick.
            Kept::Whole(_) if level > 0 => self.tiled(id)?.level_tile(level, tile),
            Kept::Whole(image) => {
                let size = (image.width(), image.height());
                editing::level_tile(size, level, tile, |area| image.part(area))
            }
            Kept::Tiled(tiled) => tiled.level_tile(level, tile),
        })
    }

    /// Forgets a picture.
    pub fn remove(&self, id: ImageId) {
        let mut inner = self.lock();
        inner.pictures.remove(&id);
        inner.whole.retain(|(other, _)| *other != id);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_picture_is_whole_for_those_who_ask() {
        let store = ImageStore::default();
        let image = Image::new(300, 2, (0..2400u32).map(|i| i as u8).collect()).unwrap();
        let id = store.insert(image.clone()).id;
        let tiled = store.tiled(id).expect("kept");
        assert_eq!(*store.get(id).expect("kept"), image);
        let patch = Grid::filled(2, 1, &[9; 4]).unwrap();
        let edited = store.insert_tiled(tiled.patched(255, 1, &patch).unwrap().0);
        assert_eq!(store.size(edited.id), Some((300, 2)));
        let after = store.get(edited.id).expect("kept");
        assert_eq!(after.rgba()[(300 + 255) * 4..][..8], [9; 8]);
        assert_eq!(after.rgba()[..300 * 4], image.rgba()[..300 * 4]);
        let area = Area { x: 255, y: 1, width: 2, height: 1 };
        assert_eq!(store.part(edited.id, area), Some(patch));
        store.remove(edited.id);
        assert!(store.get(edited.id).is_none() && store.tiled(edited.id).is_none());
    }
}
