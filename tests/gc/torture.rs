//! Threads change a graph of objects while the collector runs without a pause, and a model knows what must be alive.
//!
//! The graph lies in shards, each with a lock around its model. No safepoint lies between taking a shard's lock and
//! giving it back, so no thread waits for a lock whose holder stands still. `TORTURE_SECONDS` sets how long it runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tricolor::memory::{Checks, Config, Defect, Heap, Mutator, Word};

use crate::support::{
    Class, Rng, Stack, TestRoots, classes, heap, number, read, torture_seconds, write, write_global, write_ptr,
};

/// What the model knows of an object.
struct Node {
    address: usize,
    id: usize,
    class: usize,
    words: usize,
    /// Where pointers lead, and how far behind the target's begin, by word.
    edges: BTreeMap<usize, (usize, usize)>,
    /// Scalars in place of pointers, by word.
    payloads: BTreeMap<usize, usize>,
    pins: usize,
}

struct Shard {
    nodes: Vec<Option<Node>>,
    roots: Vec<Option<usize>>,
    globals: Arc<Stack>,
}

/// What a scalar word of an object holds.
fn pattern(id: usize, word: usize) -> usize {
    (id ^ word << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

struct World {
    heap: Heap,
    roots: Arc<TestRoots>,
    classes: Vec<Class>,
    shards: Vec<Mutex<Shard>>,
    stop: AtomicBool,
    ids: AtomicU64,
    checked: AtomicU64,
}

const ROOTS: usize = 16;
const SLOTS: usize = 24;
/// Nodes of a shard from which on the model drops what is not reachable.
const CROWD: usize = 1500;

impl World {
    fn new(config: Config, shards: usize) -> Self {
        let (heap, roots) = heap(config);
        let classes = classes(&heap);
        let shard = |_| {
            let globals = roots.globals(ROOTS);
            Mutex::new(Shard { nodes: Vec::new(), roots: vec![None; ROOTS], globals })
        };
        let shards = (0..shards).map(shard).collect();
        Self {
            heap,
            roots,
            classes,
            shards,
            stop: AtomicBool::new(false),
            ids: AtomicU64::new(1),
            checked: AtomicU64::new(0),
        }
    }

    /// Allocates an object with its scalars and no pointers.
    fn make(&self, mutator: &mut Mutator, rng: &mut Rng) -> Node {
        let class = rng.below(self.classes.len());
        let element = &self.classes[class].words;
        let count = match rng.below(400) {
            0 => 1 + rng.below(60_000 / element.len()),
            1..=4 => 1 + rng.below(4000 / element.len()),
            5..=60 => 1 + rng.below(300 / element.len().min(100)),
            _ => 1,
        };
        let words = element.len() * count;
        let object = if element.iter().all(|w| *w == Word::Scalar) && rng.chance(2) {
            mutator.alloc_noscan(8 * words)
        } else {
            mutator.alloc(self.classes[class].id, 8 * words)
        };
        let address = number(object.expect("there is no limit"));
        let id = self.ids.fetch_add(1, Relaxed) as usize;
        let mut node = Node { address, id, class, words, edges: BTreeMap::new(), payloads: BTreeMap::new(), pins: 0 };
        for w in 0..words {
            assert_eq!(read(address, w), 0, "word {w} of a new object of {words} words is not cleared");
            match self.word(&node, w) {
                Word::Scalar => write(address, w, self.scalar(&node, w)),
                Word::Pointer => {}
                Word::Tagged => {
                    // A scalar that looks like an address of the heap.
                    node.payloads.insert(w, address + 8 * rng.below(1 << 20));
                    write(address, w, node.payloads[&w]);
                }
            }
        }
        node
    }

    fn word(&self, node: &Node, w: usize) -> Word {
        let element = &self.classes[node.class].words;
        element[w % element.len()]
    }

    /// What a scalar word holds: a pattern; in a tag the lowest bit says whether a pointer follows.
    fn scalar(&self, node: &Node, w: usize) -> usize {
        let value = pattern(node.id, w);
        let is_tag = w + 1 < node.words && self.word(node, w + 1) == Word::Tagged;
        if is_tag { value & !1 | usize::from(node.edges.contains_key(&(w + 1))) } else { value }
    }

    /// Compares an object with the model.
    fn verify(&self, shard: &Shard, node: &Node) {
        for w in 0..node.words {
            let expected = match (self.word(node, w), node.edges.get(&w)) {
                (Word::Scalar, _) => self.scalar(node, w),
                (_, Some(&(target, offset))) => shard.node(target).address + offset,
                (Word::Pointer, None) => 0,
                (Word::Tagged, None) => node.payloads[&w],
            };
            let found = read(node.address, w);
            let Node { id, address, words, .. } = node;
            assert_eq!(found, expected, "word {w} of object {id} at {address:#x} with {words} words");
        }
        self.checked.fetch_add(1, Relaxed);
    }

    /// Sets, or clears, what a word points to.
    fn link(&self, mutator: &mut Mutator, shard: &mut Shard, from: usize, w: usize, to: Option<(usize, usize)>) {
        let value = to.map_or(0, |(target, offset)| shard.node(target).address + offset);
        let node = shard.nodes[from].as_mut().unwrap();
        match to {
            Some(edge) => node.edges.insert(w, edge),
            None => node.edges.remove(&w),
        };
        let address = node.address;
        if self.word(node, w) == Word::Pointer {
            return write_ptr(mutator, address, w, value);
        }
        let payload = if to.is_some() { value } else { node.payloads[&w] };
        let node = shard.node(from);
        let slot = tricolor::memory::Addr::new(address + 8 * (w - 1)).as_ptr::<[usize; 2]>();
        // SAFETY: words `w - 1` and `w` are a tagged pair of an object that is alive.
        unsafe { mutator.write_tagged(slot, [self.scalar(node, w - 1), payload]) };
    }

    /// Does something with a shard.
    fn act(&self, mutator: &mut Mutator, rng: &mut Rng, shard: &mut Shard) {
        match rng.below(8) {
            0..=2 => {
                let node = self.make(mutator, rng);
                let index = shard.add(node);
                if rng.chance(3) || !self.attach(mutator, rng, shard, index) {
                    shard.set_root(mutator, rng.below(ROOTS), Some(index));
                }
            }
            3 => {
                if let Some(from) = shard.walk(rng)
                    && let Some(to) = shard.walk(rng)
                {
                    self.attach_to(mutator, rng, shard, from, to);
                }
            }
            4 => {
                if let Some(from) = shard.walk(rng)
                    && let Some((&w, _)) = shard.node(from).edges.iter().nth(rng.below(4))
                {
                    self.link(mutator, shard, from, w, None);
                }
            }
            5 if rng.chance(6) => {
                let new = shard.walk(rng).filter(|_| rng.chance(2));
                shard.set_root(mutator, rng.below(ROOTS), new);
            }
            _ => {
                if let Some(index) = shard.walk(rng) {
                    self.verify(shard, shard.node(index));
                }
            }
        }
        if shard.nodes.len() > CROWD {
            shard.prune(mutator, rng);
        }
    }

    /// Lets some reachable object point to a new one.
    fn attach(&self, mutator: &mut Mutator, rng: &mut Rng, shard: &mut Shard, to: usize) -> bool {
        shard.walk(rng).is_some_and(|from| self.attach_to(mutator, rng, shard, from, to))
    }

    fn attach_to(&self, mutator: &mut Mutator, rng: &mut Rng, shard: &mut Shard, from: usize, to: usize) -> bool {
        let node = shard.node(from);
        let start = rng.below(node.words);
        let free = (start..node.words.min(start + 40)).find(|&w| self.word(node, w) != Word::Scalar);
        let Some(w) = free else { return false };
        let inside = if rng.chance(3) { rng.below(8 * shard.node(to).words) } else { 0 };
        self.link(mutator, shard, from, w, Some((to, inside)));
        true
    }

    /// A mutator's life.
    fn mutate(&self, seed: u64) {
        let mut rng = Rng::new(seed);
        while !self.stop.load(Relaxed) {
            let mut mutator = self.heap.attach();
            let stack = self.roots.stack(&mutator, SLOTS);
            let mut held: Vec<Option<(usize, usize, usize)>> = vec![None; SLOTS];
            for _ in 0..20_000 {
                let number = rng.below(self.shards.len());
                if let Ok(mut shard) = self.shards[number].try_lock() {
                    self.act(&mut mutator, &mut rng, &mut shard);
                    self.hold(&mut rng, &mut shard, number, &stack, &mut held);
                }
                if rng.chance(3) {
                    mutator.alloc_noscan(rng.below(40)).unwrap();
                }
                mutator.safepoint();
                if rng.chance(2000) {
                    mutator.blocked(|| std::thread::sleep(Duration::from_micros(rng.next() % 500)));
                }
                if self.stop.load(Relaxed) {
                    break;
                }
            }
            for slot in 0..SLOTS {
                while held[slot].is_some() {
                    let number = held[slot].unwrap().0;
                    if let Ok(mut shard) = self.shards[number].try_lock() {
                        self.release(&mut shard, &stack, &mut held, slot);
                    }
                    mutator.safepoint();
                }
            }
            self.roots.leave(mutator.id());
        }
    }

    /// Holds an object on the stack, or lets one go that is in the shard.
    fn hold(
        &self,
        rng: &mut Rng,
        shard: &mut Shard,
        number: usize,
        stack: &Stack,
        held: &mut [Option<(usize, usize, usize)>],
    ) {
        let slot = rng.below(SLOTS);
        if held[slot].is_some_and(|(other, ..)| other == number) {
            self.release(shard, stack, held, slot);
        }
        if held[slot].is_none()
            && let Some(index) = shard.walk(rng)
        {
            let node = shard.nodes[index].as_mut().unwrap();
            node.pins += 1;
            let offset = rng.below(8 * node.words);
            stack.0[slot].store(node.address + offset, Relaxed);
            held[slot] = Some((number, index, offset));
        }
    }

    fn release(&self, shard: &mut Shard, stack: &Stack, held: &mut [Option<(usize, usize, usize)>], slot: usize) {
        let Some((_, index, offset)) = held[slot].take() else { return };
        let node = shard.node(index);
        assert_eq!(stack.0[slot].load(Relaxed), node.address + offset);
        self.verify(shard, node);
        stack.0[slot].store(0, Relaxed);
        shard.nodes[index].as_mut().unwrap().pins -= 1;
    }

    /// Compares all that is reachable.
    fn verify_all(&self) {
        for shard in &self.shards {
            let shard = shard.lock().unwrap();
            let reachable = shard.reachable();
            shard.nodes.iter().zip(reachable).filter(|(_, r)| *r).flat_map(|(n, _)| n).for_each(|node| {
                self.verify(&shard, node);
            });
        }
    }
}

impl Shard {
    fn node(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().expect("the model keeps what is reachable")
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(Some(node));
        self.nodes.len() - 1
    }

    fn set_root(&mut self, mutator: &mut Mutator, root: usize, node: Option<usize>) {
        self.roots[root] = node;
        let address = node.map_or(0, |index| self.node(index).address);
        write_global(mutator, &self.globals.0[root], address);
    }

    /// Some reachable object.
    fn walk(&self, rng: &mut Rng) -> Option<usize> {
        let mut at = self.roots[rng.below(ROOTS)]?;
        for _ in 0..rng.below(24) {
            let edges = &self.node(at).edges;
            match edges.values().nth(rng.below(edges.len().max(1))) {
                Some(&(next, _)) => at = next,
                None => break,
            }
        }
        Some(at)
    }

    fn reachable(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.nodes.len()];
        let pinned = self.nodes.iter().enumerate().filter(|(_, n)| n.as_ref().is_some_and(|n| n.pins > 0));
        let mut todo: Vec<usize> = self.roots.iter().flatten().copied().chain(pinned.map(|(i, _)| i)).collect();
        while let Some(index) = todo.pop() {
            if !std::mem::replace(&mut reachable[index], true) {
                todo.extend(self.node(index).edges.values().map(|(target, _)| *target));
            }
        }
        reachable
    }

    /// Forgets what is not reachable, and some that is. Indices stay, so that pins do.
    fn prune(&mut self, mutator: &mut Mutator, rng: &mut Rng) {
        for root in 0..ROOTS {
            if rng.chance(2) {
                self.set_root(mutator, root, None);
            }
        }
        let reachable = self.reachable();
        for (node, reachable) in self.nodes.iter_mut().zip(&reachable) {
            if !reachable {
                *node = None;
            }
        }
        // Renumber, unless somebody holds a number.
        if self.nodes.iter().flatten().all(|node| node.pins == 0) {
            let mut next = 0;
            let numbers: Vec<usize> = reachable
                .iter()
                .map(|&r| {
                    next += usize::from(r);
                    next.wrapping_sub(1)
                })
                .collect();
            self.nodes.retain(Option::is_some);
            for node in self.nodes.iter_mut().flatten() {
                node.edges.values_mut().for_each(|(target, _)| *target = numbers[*target]);
            }
            self.roots.iter_mut().flatten().for_each(|root| *root = numbers[*root]);
        }
    }
}

fn torture(config: Config, time: Duration) -> World {
    let world = World::new(config, 6);
    std::thread::scope(|scope| {
        for seed in 0..3 {
            let world = &world;
            scope.spawn(move || world.mutate(seed + 1));
        }
        let mut mutator = world.heap.attach();
        let end = Instant::now() + time;
        while Instant::now() < end && world.heap.defects().is_empty() {
            mutator.collect();
            mutator.blocked(|| std::thread::sleep(Duration::from_micros(300)));
        }
        world.stop.store(true, Relaxed);
    });
    world
}

#[test]
fn objects_survive_and_nothing_leaks() {
    let checks = Checks { check_mark: true, check_heap: true, clobber_free: true, ..Checks::default() };
    let config = Config { gogc: Some(50), reserve: 8 << 30, processors: 2, checks, ..Config::default() };
    let world = torture(config, Duration::from_secs(torture_seconds()));
    assert_eq!(world.heap.defects(), []);
    world.verify_all();
    let stats = world.heap.stats();
    println!(
        "{} cycles, {} objects allocated, {} compared",
        stats.cycles.completed,
        stats.objects.allocs(),
        world.checked.load(Relaxed)
    );
    assert!(stats.cycles.completed > 3 && stats.objects.allocs() > 10_000);
    // Nothing is reachable any more: nothing may be left.
    let mut mutator = world.heap.attach();
    for shard in &world.shards {
        let mut shard = shard.lock().unwrap();
        (0..ROOTS).for_each(|root| shard.set_root(&mut mutator, root, None));
    }
    mutator.collect();
    mutator.free_os_memory();
    let stats = mutator.stats();
    assert_eq!((stats.objects.count(), stats.objects.bytes()), (0, 0), "objects are left");
    assert_eq!((stats.cycles.live, stats.pages.in_use), (0, 0));
    assert_eq!(stats.verify(), Ok(()));
    assert_eq!(stats.pages.mapped, stats.pages.released, "memory is left");
    assert_eq!(world.heap.defects(), []);
}

#[test]
fn without_the_barrier_an_object_is_lost_and_named() {
    let checks = Checks { check_mark: true, no_barrier: true, ..Checks::default() };
    let config = Config { gogc: Some(50), reserve: 8 << 30, processors: 2, checks, ..Config::default() };
    let (heap, roots) = heap(config);
    let shape = heap.shape(&[Word::Pointer, Word::Scalar], false).unwrap();
    let mut mutator = heap.attach();
    let stack = roots.stack(&mutator, 2);
    let new = |mutator: &mut Mutator| number(mutator.alloc(shape, 16).unwrap());
    let end = Instant::now() + Duration::from_secs(20);
    let stopped = AtomicBool::new(false);
    // A long list keeps the marker busy. Meanwhile an object behind its end is moved to the stack, which was scanned.
    let (head, last) = (new(&mut mutator), new(&mut mutator));
    stack.0[0].store(head, Relaxed);
    write_ptr(&mut mutator, head, 0, last);
    for _ in 0..300_000 {
        let node = new(&mut mutator);
        write_ptr(&mut mutator, node, 0, read(head, 0));
        write_ptr(&mut mutator, head, 0, node);
        mutator.safepoint();
    }
    std::thread::scope(|scope| {
        let (heap, roots) = (&heap, &roots);
        let stop = &stopped;
        scope.spawn(move || {
            let mut mutator = heap.attach();
            roots.stack(&mutator, 1);
            while !stop.load(Relaxed) {
                mutator.collect();
            }
        });
        while heap.defects().is_empty() && Instant::now() < end {
            let hidden = new(&mut mutator);
            write_ptr(&mut mutator, last, 0, hidden);
            stack.0[1].store(0, Relaxed);
            for _ in 0..200 {
                mutator.safepoint();
                std::hint::spin_loop();
            }
            stack.0[1].store(read(last, 0), Relaxed);
            write_ptr(&mut mutator, last, 0, 0);
            for _ in 0..200 {
                mutator.safepoint();
            }
        }
        stop.store(true, Relaxed);
        mutator.block();
    });
    mutator.unblock();
    let defects = heap.defects();
    assert!(
        matches!(defects.first(), Some(Defect::Lost { object, .. }) if !object.is_null()),
        "the verifier found {defects:?}"
    );
    println!("{}", defects[0]);
}
