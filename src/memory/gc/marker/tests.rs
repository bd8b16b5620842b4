//! The marker's own lookup, which computes from the page table alone what the heap's reads in the span's record,
//! against the same list of spans as the heap's.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::memory::heap::mheap::tests::{Listed, ops};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_marker_resolves_every_address_to_its_object(ops in ops(), exhaustive: Index) {
        let listed = Listed::new(&ops);
        listed.compare(exhaustive, |addr| {
            let Target { entry, base, index } = resolve(&listed.heap, addr)?;
            Some((listed.heap.arena.span(entry), index, base))
        });
    }
}
