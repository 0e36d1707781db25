//! Loaded parts of models: kept for the next run, shared by the models that have them in common,
//! and let go of in the order in which they were last used.

use std::{
    any::Any,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::Checkpoint;

/// Where the weights of a part are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In files, from which they come for each use.
    File,
    /// In the machine's memory.
    Ram,
    /// In the graphics card's memory.
    Vram,
}

/// What a part takes, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Of the machine's memory.
    pub ram: u64,
    /// Of the graphics card's.
    pub vram: u64,
}

impl Footprint {
    /// Where most of it is.
    #[must_use]
    pub fn place(&self) -> Place {
        match (self.vram, self.ram) {
            (0, 0) => Place::File,
            (vram, ram) if vram >= ram => Place::Vram,
            _ => Place::Ram,
        }
    }
}

/// A part as it comes from its files.
pub struct Loaded<T> {
    /// What computes.
    pub part: T,
    /// The files that it still reads.
    pub source: Arc<Checkpoint>,
    /// What it takes.
    pub footprint: Footprint,
}

/// Parts by a key that says which files, in what form. Whoever holds an `Arc` of a part has leased
/// it: it stays until that is dropped.
pub struct Pool<K> {
    // The least recently used first.
    kept: Mutex<Vec<Kept<K>>>,
}

struct Kept<K> {
    key: K,
    part: Arc<dyn Any + Send + Sync>,
    source: Arc<Checkpoint>,
    footprint: Footprint,
}

impl<K> Default for Pool<K> {
    fn default() -> Self {
        Self { kept: Mutex::default() }
    }
}

impl<K: Clone + PartialEq> Pool<K> {
    /// The part of a key, loaded if it is not there.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn lease<T: Any + Send + Sync, E>(
        &self,
        key: &K,
        load: impl FnOnce() -> Result<Loaded<T>, E>,
    ) -> Result<Arc<T>, E> {
        if let Some(part) = self.find(key) {
            return Ok(part);
        }
        // Not under the lock: others may ask meanwhile what is here.
        let Loaded { part, source, footprint } = load()?;
        let part = Arc::new(part);
        let kept = Kept { key: key.clone(), part: part.clone(), source, footprint };
        let mut all = self.lock();
        all.retain(|other| other.key != *key);
        all.push(kept);
        Ok(part)
    }

    /// The part of a key, if it is there; it is now the one used last.
    pub fn find<T: Any + Send + Sync>(&self, key: &K) -> Option<Arc<T>> {
        let mut all = self.lock();
        let index = all.iter().position(|kept| kept.key == *key)?;
        let part = Arc::clone(&all[index].part).downcast().ok()?;
        let kept = all.remove(index);
        all.push(kept);
        Some(part)
    }

    /// Says anew how much of a part's files stays in memory, and what the part takes by that.
    pub fn keep(&self, key: &K, bytes: u64, footprint: Footprint) {
        if let Some(kept) = self.lock().iter_mut().find(|kept| kept.key == *key) {
            kept.source.keep(bytes);
            kept.footprint = footprint;
        }
    }

    /// Lets go of parts that nobody holds, least recently used first, until all others together take
    /// no more than `most`. Those that are `spared` stay.
    pub fn make_room(&self, most: Footprint, spared: impl Fn(&K) -> bool) {
        let mut all = self.lock();
        let mut index = 0;
        while index < all.len() {
            let held = total(&all);
            if held.ram <= most.ram && held.vram <= most.vram {
                return;
            }
            let kept = &all[index];
            let helps = (held.ram > most.ram && kept.footprint.ram > 0)
                || (held.vram > most.vram && kept.footprint.vram > 0);
            if helps && is_idle(kept) && !spared(&kept.key) {
                all.remove(index);
            } else {
                index += 1;
            }
        }
    }

    /// Lets go of the parts that nobody holds and whose keys are `unwanted`.
    pub fn unload(&self, unwanted: impl Fn(&K) -> bool) {
        self.lock().retain(|kept| !is_idle(kept) || !unwanted(&kept.key));
    }

    /// What all parts take.
    pub fn footprint(&self) -> Footprint {
        total(&self.lock())
    }

    /// All parts and what each takes, the least recently used first.
    pub fn parts(&self) -> Vec<(K, Footprint)> {
        self.lock().iter().map(|kept| (kept.key.clone(), kept.footprint)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept<K>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_idle<K>(kept: &Kept<K>) -> bool {
    Arc::strong_count(&kept.part) == 1
}

fn total<K>(all: &[Kept<K>]) -> Footprint {
    all.iter().fold(Footprint::default(), |sum, kept| Footprint {
        ram: sum.ram + kept.footprint.ram,
        vram: sum.vram + kept.footprint.vram,
    })
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Write};

    use super::*;

    fn source() -> Arc<Checkpoint> {
        let mut file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
        file.write_all(header).unwrap();
        file.write_all(&[0; 4]).unwrap();
        Arc::new(Checkpoint::open_file(file.path()).unwrap())
    }

    fn put(pool: &Pool<&'static str>, key: &'static str, ram: u64) -> Arc<String> {
        let load = || {
            let footprint = Footprint { ram, vram: 0 };
            Ok::<_, Infallible>(Loaded { part: key.to_owned(), source: source(), footprint })
        };
        pool.lease(&key, load).unwrap()
    }

    fn keys(pool: &Pool<&'static str>) -> Vec<&'static str> {
        pool.parts().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn a_part_is_loaded_once_and_shared() {
        let pool = Pool::default();
        let first = put(&pool, "a", 4);
        let second: Arc<String> =
            pool.lease(&"a", || Err::<Loaded<String>, _>("it was loaded again")).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(pool.footprint().ram, 4);
    }

    #[test]
    fn the_least_recently_used_idle_part_goes_first() {
        let pool = Pool::default();
        for key in ["a", "b", "c", "d"] {
            put(&pool, key, 4);
        }
        let leased = put(&pool, "b", 4);
        drop(put(&pool, "a", 4));
        pool.make_room(Footprint { ram: 8, vram: 0 }, |_| false);
        // `a` was used last, `b` is held.
        assert_eq!(keys(&pool), ["b", "a"]);
        pool.make_room(Footprint::default(), |_| false);
        assert_eq!(keys(&pool), ["b"], "what is held stays");
        drop(leased);
        pool.make_room(Footprint::default(), |key| *key == "b");
        assert_eq!(keys(&pool), ["b"], "what is spared stays");
        pool.unload(|_| true);
        assert!(keys(&pool).is_empty());
    }

    #[test]
    fn one_that_failed_to_load_leaves_nothing() {
        let pool: Pool<&str> = Pool::default();
        assert!(pool.lease(&"a", || Err::<Loaded<String>, _>("broken")).is_err());
        assert!(keys(&pool).is_empty());
    }
}
