//! Ids for layers that have none.

use std::collections::BTreeSet;

use crate::{Document, Layer, layer::Content};

impl Document {
    /// Gives an id of its own to every layer without one and to every layer whose id another one
    /// before it, in the order of [`Self::walk`], has already; the others keep theirs.
    pub fn number_layers(&mut self) {
        let mut taken: BTreeSet<u32> = self.walk().map(|layer| layer.id).collect();
        taken.insert(0);
        let mut seen = BTreeSet::from([0]);
        // Above all others, so that an id that an undone step still names is not given away.
        let mut next = taken.last().copied().unwrap_or_default();
        number(&mut self.layers, &mut seen, &mut || {
            next = next.checked_add(1).unwrap_or(1);
            while !taken.insert(next) {
                next = next.checked_add(1).unwrap_or(1);
            }
            next
        });
    }
}

fn number(layers: &mut [Layer], seen: &mut BTreeSet<u32>, fresh: &mut impl FnMut() -> u32) {
    for layer in layers {
        if !seen.insert(layer.id) {
            layer.id = fresh();
        }
        if let Content::Group(group) = &mut layer.content {
            number(&mut group.children, seen, fresh);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Depth, Raster};

    fn ids(ids: &[u32]) -> Vec<u32> {
        let layer = |id: &u32| Layer {
            id: *id,
            ..Layer::pixels("", 0, 0, Arc::new(Raster::empty(Depth::Eight)))
        };
        let (group, inside) = ids.split_first().unwrap();
        let (inside, above) = inside.split_at(inside.len() / 2);
        let group = Layer { id: *group, ..Layer::group("", inside.iter().map(layer).collect()) };
        let mut document = Document::new(1, 1);
        document.layers = std::iter::once(group).chain(above.iter().map(layer)).collect();
        document.number_layers();
        document.walk().map(|layer| layer.id).collect()
    }

    #[test]
    fn layers_without_an_id_and_twins_get_new_ones() {
        assert_eq!(ids(&[0, 0, 0]), [1, 2, 3]);
        assert_eq!(ids(&[5, 0, 5, 2, 0]), [5, 6, 7, 2, 8]);
        assert_eq!(ids(&[3, 2, 1]), [3, 2, 1]);
    }

    #[test]
    fn the_largest_id_may_be_taken() {
        assert_eq!(ids(&[u32::MAX, 1, u32::MAX, 0]), [u32::MAX, 1, 2, 3]);
    }
}
