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
