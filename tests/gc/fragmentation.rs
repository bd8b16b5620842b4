//! How much memory the heap needs for what is alive in it.

use tricolor::memory::{Config, ShapeId, Word};

use crate::support::{Rig, Rng, gated, number, used};

/// A heap without checks that collects only when it is told to.
fn rig() -> Rig {
    Rig::new(Config { checks: Default::default(), ..gated() })
}

/// Objects held by an array in slot 0, each by its place there.
struct Held {
    array: usize,
    sizes: Vec<usize>,
}

impl Held {
    fn new(rig: &mut Rig, count: usize) -> Self {
        let array = number(rig.mutator.alloc(ShapeId::POINTERS, 8 * count).unwrap());
        rig.hold(0, array);
        Self { array, sizes: vec![0; count] }
    }

    fn put(&mut self, rig: &mut Rig, place: usize, size: usize) {
        let object = number(rig.mutator.alloc_noscan(size).unwrap());
        rig.link(self.array, place, object);
        self.sizes[place] = size;
        rig.mutator.safepoint();
    }

    fn drop(&mut self, rig: &mut Rig, place: usize) {
        rig.link(self.array, place, 0);
        self.sizes[place] = 0;
    }

    fn live(&self) -> usize {
        self.sizes.iter().sum::<usize>() + 8 * self.sizes.len()
    }
}

/// Bytes in spans over bytes alive.
fn ratio(rig: &mut Rig, live: usize) -> f64 {
    rig.collect();
    rig.mutator.stats().pages.in_use as f64 / live as f64
}

#[test]
fn freed_places_are_used_by_other_sizes() {
    const COUNT: usize = 40_000;
    let mut rig = rig();
    let mut rng = Rng::new(3);
    let mut held = Held::new(&mut rig, COUNT);
    (0..COUNT).for_each(|place| held.put(&mut rig, place, 16 + rng.below(500)));
    let full = ratio(&mut rig, held.live());
    let before = rig.mutator.stats().pages.in_use;
    for place in 0..COUNT {
        if !rng.chance(10) {
            held.drop(&mut rig, place);
        }
    }
    let sparse = ratio(&mut rig, held.live());
    // As many bytes again, of other sizes: they must fit into what was freed, for the most part.
    let free: Vec<usize> = (0..COUNT).filter(|&place| held.sizes[place] == 0).collect();
    let (mut next, goal) = (free.into_iter(), before as usize * 9 / 10);
    while held.live() < goal {
        let Some(place) = next.next() else { break };
        held.put(&mut rig, place, 600 + rng.below(3000));
    }
    let refilled = ratio(&mut rig, held.live());
    println!("in use over live: {full:.2} full, {sparse:.2} with a tenth left, {refilled:.2} with other sizes");
    // Size classes waste at most an eighth, and the ends of spans some more.
    assert!(full < 1.25, "{full}");
    // Nothing moves: the tenth that is left lies spread over nearly all spans.
    assert!(sparse < 11.0, "{sparse}");
    // Spans that are partly free serve their own size only, so the few objects of small sizes keep theirs.
    assert!(refilled < 2.5, "{refilled}");
}

#[test]
fn a_thousand_shapes_of_ten_objects_share_spans() {
    let mut rig = rig();
    let mut live = 0;
    let array = number(rig.mutator.alloc(ShapeId::POINTERS, 8 * 10_000).unwrap());
    rig.hold(0, array);
    for n in 0..1000 {
        // 3 to 34 words, each with other pointers.
        let words: Vec<Word> =
            (0..3 + n % 32).map(|w| if n >> (w % 10) & 1 == 1 { Word::Pointer } else { Word::Scalar }).collect();
        let shape = rig.heap.shape(&words, false).unwrap();
        for i in 0..10 {
            let object = number(rig.mutator.alloc(shape, 8 * words.len()).unwrap());
            rig.link(array, 10 * n + i, object);
            live += 8 * words.len();
        }
        rig.mutator.safepoint();
    }
    let ratio = ratio(&mut rig, live + 80_000);
    println!("in use over live: {ratio:.2}");
    // A span for each shape would be 1,000 spans of 8 KiB for 1.5 MB.
    assert!(ratio < 1.5, "{ratio}");
}

#[test]
fn memory_comes_back() {
    let mut rig = rig();
    rig.mutator.free_os_memory();
    let start = used(&rig.mutator.stats());
    let mut held = Held::new(&mut rig, 20_000);
    let mut rng = Rng::new(5);
    (0..20_000).for_each(|place| held.put(&mut rig, place, 16 + rng.below(2000)));
    let full = used(&rig.mutator.stats());
    rig.hold(0, 0);
    rig.mutator.free_os_memory();
    let stats = rig.mutator.stats();
    println!("{start} bytes used at the start, {full} with objects, {} at the end", used(&stats));
    assert_eq!(stats.objects.allocs() - stats.objects.frees(), 0);
    assert!(full > 10 << 20);
    // The records of spans stay mapped for their next use: a hundredth of what there was.
    assert!(used(&stats) <= start + full / 10, "{} of {full}", used(&stats));
}
