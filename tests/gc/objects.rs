//! What an object is: its place, its words, and which addresses keep it alive.

use tricolor::memory::{ShapeId, Word};

use crate::support::{Rig, Rng, checked, classes, gated, is_node, node, number, read, write, write_global};

const HELD: usize = 4096;

impl Rig {
    /// An array of pointers that slot 63 holds.
    fn table(&mut self) -> usize {
        let table = number(self.mutator.alloc(ShapeId::POINTERS, 8 * HELD).unwrap());
        self.hold(63, table);
        table
    }
}

/// All small sizes, then steps, then large ones.
fn sizes() -> Vec<usize> {
    let large = [40_960, 65_536, 100_000, 131_072, 131_080, 1_000_000, 5 << 20];
    (0..300).chain((300..4096).step_by(24)).chain((4096..=40_960).step_by(512)).chain(large).collect()
}

#[test]
fn objects_of_all_sizes_are_aligned_cleared_and_apart() {
    let mut rig = Rig::new(checked());
    let tagged = rig.heap.shape(&[Word::Scalar, Word::Tagged], false).unwrap();
    let shapes = [ShapeId::NOSCAN, ShapeId::NOSCAN_PAIRS, ShapeId::POINTERS, tagged];
    let table = rig.table();
    // The second round gets what the first one left, overwritten.
    for round in 0..3 {
        let mut objects = Vec::new();
        for size in sizes() {
            let (shape, words) = (shapes[(size + round) % 4], size / 8);
            let tiny = size < 16 && (size + round).is_multiple_of(8);
            let object = if tiny { rig.mutator.alloc_noscan(size) } else { rig.mutator.alloc(shape, words * 8) };
            let object = number(object.unwrap());
            let pairs = shape == ShapeId::NOSCAN_PAIRS || shape == tagged;
            let align = if tiny {
                1
            } else if pairs {
                16
            } else {
                8
            };
            assert!(object.is_multiple_of(align), "{object:#x} of {size} bytes");
            let words = if tiny { 0 } else { words };
            for w in 0..words {
                assert_eq!(read(object, w), 0, "word {w} of {size} bytes in round {round}");
                // No pointers: addresses below the heap. Tags are even.
                write(object, w, 2 * (size + w + round));
            }
            rig.link(table, objects.len(), object);
            objects.push((object, size, words));
        }
        rig.collect();
        for &(object, size, words) in &objects {
            let whole = (0..words).all(|w| read(object, w) == 2 * (size + w + round));
            assert!(whole, "object of {size} bytes in round {round}");
        }
        let mut places: Vec<(usize, usize)> = objects.iter().map(|&(object, size, _)| (object, size)).collect();
        places.sort_unstable();
        assert!(places.windows(2).all(|two| two[0].0 + two[0].1 / 8 * 8 <= two[1].0), "objects overlap");
        (0..objects.len()).for_each(|i| rig.link(table, i, 0));
        rig.collect();
        assert_eq!(rig.objects(), 1, "only the table is left");
    }
}

#[test]
fn tiny_objects_share_blocks() {
    let mut rig = Rig::new(checked());
    let sizes = [1, 2, 4, 8, 3, 5, 7, 12, 15, 6, 0, 8, 8, 0, 1];
    let mut rng = Rng::new(3);
    let mut places = Vec::new();
    for _ in 0..2000 {
        let size = sizes[rng.below(sizes.len())];
        let object = number(rig.mutator.alloc_noscan(size).unwrap());
        let align = if size == 0 { 1 } else { 1 << size.trailing_zeros() };
        assert!(object.is_multiple_of(align), "{object:#x} of {size} bytes");
        // Of no size: its address must still be one of a block that is its own.
        assert_eq!(object / 16, (object + size.max(1) - 1) / 16, "{object:#x} of {size} bytes leaves its block");
        places.push((object, size));
    }
    places.retain(|&(_, size)| size > 0);
    places.sort_unstable();
    assert!(places.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0), "tiny objects overlap");
    // Each has begun a block or joined one; what was counted is not forgotten when a cycle begins.
    rig.collect();
    let stats = rig.mutator.stats();
    let blocks = stats.objects.allocs();
    assert!(blocks < 1500, "2000 objects in {blocks} blocks");
    assert_eq!(stats.objects.tiny_allocs + blocks, 2000);
    // One keeps the block for all.
    let first = number(rig.mutator.alloc_noscan(8).unwrap());
    write(first, 0, 77);
    let second = number(rig.mutator.alloc_noscan(8).unwrap());
    assert_eq!(second, first + 8);
    rig.hold(0, second);
    rig.collect();
    assert_eq!((read(first, 0), rig.objects()), (77, 1));
}

#[test]
fn an_object_of_no_size_keeps_no_other_alive() {
    let mut rig = Rig::new(checked());
    for _ in 0..600 {
        // A block is full; what comes next must not lie at its end.
        rig.mutator.alloc_noscan(8).unwrap();
        rig.mutator.alloc_noscan(8).unwrap();
        let empty = number(rig.mutator.alloc_noscan(0).unwrap());
        rig.hold(0, empty);
    }
    rig.collect();
    assert_eq!(rig.objects(), 1);
}

#[test]
fn a_tiny_object_survives_in_a_block_that_is_older_than_the_cycle() {
    let mut rig = Rig::new(gated());
    let before = number(rig.mutator.alloc_noscan(4).unwrap());
    let stack = rig.stack.clone();
    let tiny = rig.while_marking(|mutator, _| {
        let tiny = number(mutator.alloc_noscan(4).unwrap());
        stack.0[0].store(tiny, std::sync::atomic::Ordering::Relaxed);
        write(tiny & !7, 0, 0x1234_5678);
        tiny
    });
    assert_ne!(tiny / 16, before / 16, "the old block is not reached by anything");
    assert_eq!(read(tiny & !7, 0), 0x1234_5678);
}

#[test]
fn an_object_is_kept_by_any_address_inside_and_by_none_outside() {
    let mut rig = Rig::new(checked());
    for size in [16, 24, 48, 160, 512, 520, 2048, 32 << 10, 40_000, 300_000] {
        for at in [0, 1, size / 2, size - 1] {
            let object = number(rig.mutator.alloc(ShapeId::POINTERS, size).unwrap());
            let child = rig.node(size);
            rig.link(object, size / 8 - 1, child);
            rig.hold(0, object + at);
            rig.collect();
            assert!(is_node(child, size) && read(object, size / 8 - 1) == child, "{size} bytes, by byte {at}");
            assert_eq!(rig.objects(), 2);
        }
    }
    // Neighbours: the byte behind one is the first one of the other.
    for size in [16, 48, 520, 2048] {
        rig.hold(0, 0);
        rig.collect();
        let mut objects: Vec<_> =
            (0..12).map(|_| number(rig.mutator.alloc(ShapeId::POINTERS, size).unwrap())).collect();
        objects.sort_unstable();
        let place = objects.windows(2).map(|two| two[1] - two[0]).min().unwrap();
        let first = *objects.iter().find(|o| objects.contains(&(**o + place))).unwrap();
        let handle = rig.mutator.weak(tricolor::memory::Addr::new(first)).unwrap().unwrap();
        rig.hold(0, first + place);
        rig.hold(1, handle.get());
        rig.collect();
        assert_eq!(read(handle.get(), 0), 0, "the address behind an object of {size} bytes kept it alive");
        assert_eq!(rig.objects(), 2);
        rig.hold(1, 0);
    }
}

#[test]
fn the_tag_says_what_is_a_pointer() {
    let mut rig = Rig::new(checked());
    use Word::{Pointer as P, Scalar as S, Tagged as T};
    // In a place with a shape of its own word, in arrays, in a large object, and once the shape is hot.
    let shapes = [vec![S, T], vec![S, T, P, P], [vec![P, S], [S, T].repeat(40)].concat()];
    for words in &shapes {
        let shape = rig.heap.shape(words, false).unwrap();
        let pair = words.iter().position(|w| *w == T).unwrap() - 1;
        for elements in [1, 3, 2000] {
            let bytes = 8 * words.len() * elements;
            for _ in 0..(if elements == 1 { (300 << 10) / bytes } else { 1 }) {
                rig.mutator.alloc(shape, bytes).unwrap();
            }
            let holder = number(rig.mutator.alloc(shape, bytes).unwrap());
            let (kept, lost) = (rig.node(1), rig.node(2));
            let last = holder + 8 * (words.len() * (elements - 1) + pair);
            let slot = tricolor::memory::Addr::new(last).as_ptr::<[usize; 2]>();
            // SAFETY: a tagged pair of the holder, which no safepoint was after.
            unsafe { rig.mutator.write_tagged(slot, [0x40, lost]) };
            rig.hold(0, holder);
            if elements > 1 {
                let first = tricolor::memory::Addr::new(holder + 8 * pair).as_ptr::<[usize; 2]>();
                // SAFETY: as above.
                unsafe { rig.mutator.write_tagged(first, [0x41, kept]) };
            } else {
                rig.hold(1, kept);
            }
            rig.collect();
            assert!(is_node(kept, 1));
            assert_eq!(rig.objects(), 2, "a scalar that looks like an address keeps nothing");
            assert_eq!(read(last, 1), lost, "and is left as it is");
            rig.hold(1, 0);
        }
    }
}

#[test]
fn arrays_keep_what_their_elements_point_to() {
    let mut rig = Rig::new(checked());
    let classes = classes(&rig.heap);
    let mut rng = Rng::new(5);
    for class in &classes {
        let words = class.words.len();
        for elements in [1, 2, 3, 7, 30, 500, 9000 / words] {
            let array = number(rig.mutator.alloc(class.id, 8 * words * elements).unwrap());
            rig.hold(0, array);
            let is = |kind: Word| (0..words).filter(move |w| class.words[*w] == kind).collect::<Vec<_>>();
            let (pointers, scalars, tagged) = (is(Word::Pointer), is(Word::Scalar), is(Word::Tagged));
            let mut children: Vec<(usize, usize, usize)> = Vec::new();
            for id in 0..20 {
                let element = words * if id == 0 { elements - 1 } else { rng.below(elements) };
                if let Some(w) = scalars.iter().find(|w| !tagged.contains(&(**w + 1))) {
                    // Something dead, in a scalar word.
                    write(array, element + w, rig.node(0));
                }
                if !pointers.is_empty() {
                    let at = element + pointers[rng.below(pointers.len())];
                    let child = rig.node(id);
                    rig.link(array, at, child);
                    children.retain(|&(other, ..)| other != at);
                    children.push((at, child, id));
                }
            }
            rig.collect();
            let whole = children.iter().all(|&(at, child, id)| read(array, at) == child && is_node(child, id));
            assert!(whole, "{elements} times {:?}", class.words);
            assert_eq!(rig.objects(), 1 + children.len() as u64, "{elements} times {:?}", class.words);
        }
    }
}

/// Whether new objects of two shapes of one size lie on the same pages.
fn share_pages(rig: &mut Rig, shapes: [ShapeId; 2]) -> bool {
    let mut pages = [std::collections::HashSet::new(), std::collections::HashSet::new()];
    for _ in 0..2000 {
        for (shape, pages) in shapes.iter().zip(&mut pages) {
            pages.insert(number(rig.mutator.alloc(*shape, 48).unwrap()) >> 13);
        }
    }
    !pages[0].is_disjoint(&pages[1])
}

#[test]
fn a_shape_becomes_hot_and_is_given_up() {
    let mut rig = Rig::new(checked());
    use Word::{Pointer as P, Scalar as S};
    let hot = rig.heap.shape(&[P, S, S, S, S, S], false).unwrap();
    let cold = rig.heap.shape(&[S, S, S, S, S, P], false).unwrap();
    assert!(share_pages(&mut rig, [hot, cold]), "both begin in the common spans");
    let table = rig.table();
    // Much of one shape is allocated: 100 times what the table holds.
    for i in 0..100 * 1000 {
        let object = number(rig.mutator.alloc(hot, 48).unwrap());
        write(object, 1, i);
        if i % 100 == 0 {
            let child = rig.node(i);
            rig.link(object, 0, child);
            rig.link(table, i / 100, object);
        }
    }
    assert!(!share_pages(&mut rig, [hot, cold]), "it has spans of its own now");
    rig.collect();
    rig.collect();
    // One object of a hundred is left, in nearly every span.
    assert!(share_pages(&mut rig, [hot, cold]), "its spans are too empty");
    rig.collect();
    for i in 0..1000 {
        let object = read(table, i);
        assert!(read(object, 1) == 100 * i && is_node(read(object, 0), 100 * i));
    }
    assert_eq!(rig.objects(), 2001);
}

#[test]
fn a_thousand_shapes() {
    let mut rig = Rig::new(checked());
    let mut rng = Rng::new(11);
    let globals = rig.roots.globals(1000);
    let mut known = Vec::new();
    for i in 0..1000 {
        // Ten bits of the number say where the pointers are, so no two are equal.
        let words: Vec<Word> = (0..10 + rng.below(60))
            .map(|w| if w < 10 && i >> w & 1 == 1 { Word::Pointer } else { Word::Scalar })
            .collect();
        let shape = rig.heap.shape(&words, false).unwrap();
        assert_eq!(rig.heap.shape(&words, false), Ok(shape), "equal shapes are one");
        known.push((shape, words));
    }
    let mut objects = Vec::new();
    for (i, (shape, words)) in known.iter().enumerate() {
        let object = number(rig.mutator.alloc(*shape, 8 * words.len()).unwrap());
        write_global(&mut rig.mutator, &globals.0[i], object);
        for (w, word) in words.iter().enumerate() {
            let child = node(&mut rig.mutator, rig.shape, i);
            match word {
                Word::Pointer => rig.link(object, w, child),
                _ => write(object, w, child),
            }
        }
        objects.push(object);
    }
    rig.collect();
    let mut expected = 1000;
    for (i, (_, words)) in known.iter().enumerate() {
        let mut pointers = (0..words.len()).filter(|&w| words[w] == Word::Pointer);
        expected += pointers.clone().count() as u64;
        assert!(pointers.all(|w| is_node(read(objects[i], w), i)), "shape {i}");
    }
    assert_eq!(rig.objects(), expected, "what scalars look like keeps nothing alive");
}
