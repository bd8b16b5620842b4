//! Finalizers, cleanups and weak handles, one guarantee per test. What threads do to them at once is in `races`.

use tricolor::memory::heap::mheap::CLOBBER;
use tricolor::memory::{Addr, Ready, SpecialError};

use crate::support::{Rig, checked, gated, is_node, number, read};

fn finalizer(object: usize, value: usize) -> Option<Ready> {
    Some(Ready::Finalizer { object: Addr::new(object), value })
}

fn cleanup(value: usize) -> Option<Ready> {
    Some(Ready::Cleanup { value })
}

impl Rig {
    fn ready(&mut self) -> Option<Ready> {
        self.mutator.next_ready()
    }

    /// A node that nothing holds, with a finalizer whose value is its number.
    fn doomed(&mut self, id: usize) -> usize {
        let object = self.node(id);
        self.mutator.set_finalizer(Addr::new(object), id).unwrap();
        object
    }

    fn weak(&mut self, object: usize) -> Addr {
        self.mutator.weak(Addr::new(object)).unwrap().unwrap()
    }
}

#[test]
fn a_finalizer_runs_once_and_its_object_lives_until_then() {
    let mut rig = Rig::new(checked());
    let (object, child, value) = (rig.node(1), rig.node(2), rig.node(3));
    rig.link(object, 0, child);
    rig.mutator.set_finalizer(Addr::new(object), value).unwrap();
    rig.hold(0, object);
    rig.collect();
    assert_eq!(rig.ready(), None, "the object is reachable");
    rig.hold(0, 0);
    // It waits to be taken, over some cycles.
    (0..3).for_each(|_| rig.collect());
    assert_eq!(rig.objects(), 3);
    assert_eq!(rig.ready(), finalizer(object, value));
    assert!(is_node(object, 1) && is_node(child, 2) && is_node(value, 3) && read(object, 0) == child);
    // Now it is the caller's.
    rig.hold(0, object);
    rig.collect();
    assert!(is_node(object, 1) && is_node(child, 2));
    assert_eq!(rig.objects(), 2, "the value is not needed any more");
    rig.hold(0, 0);
    rig.collect();
    assert_eq!((rig.ready(), rig.objects()), (None, 0));
}

#[test]
fn a_chain_is_finalized_from_its_begin() {
    let mut rig = Rig::new(checked());
    let chain: Vec<usize> = (0..4).map(|id| rig.doomed(id)).collect();
    chain.windows(2).for_each(|pair| rig.link(pair[0], 0, pair[1]));
    for (id, &object) in chain.iter().enumerate() {
        rig.collect();
        assert_eq!(rig.ready(), finalizer(object, id));
        assert_eq!(rig.ready(), None);
        assert!(chain[id..].iter().zip(id..).all(|(&object, id)| is_node(object, id)));
    }
    rig.collect();
    assert_eq!((rig.ready(), rig.objects()), (None, 0));
}

#[test]
fn a_ring_is_never_finalized() {
    let mut rig = Rig::new(checked());
    let (first, second, own) = (rig.doomed(1), rig.doomed(2), rig.doomed(3));
    rig.link(first, 0, second);
    rig.link(second, 1, first);
    rig.link(own, 0, own);
    rig.hold(0, first);
    for _ in 0..4 {
        rig.collect();
        assert_eq!((rig.ready(), rig.objects()), (None, 3));
        rig.hold(0, 0);
    }
    assert!(is_node(first, 1) && is_node(second, 2) && is_node(own, 3));
    // Once it is broken it is a chain.
    rig.link(second, 1, 0);
    rig.link(own, 0, 0);
    rig.collect();
    let ready = [rig.ready(), rig.ready(), rig.ready()];
    assert!(ready.contains(&finalizer(first, 1)) && ready.contains(&finalizer(own, 3)) && ready.contains(&None));
    rig.collect();
    assert_eq!(rig.ready(), finalizer(second, 2));
}

#[test]
fn a_value_that_reaches_its_object_keeps_it() {
    let mut rig = Rig::new(checked());
    let (object, value) = (rig.node(1), rig.node(2));
    rig.link(value, 0, object);
    rig.mutator.add_cleanup(Addr::new(object), value).unwrap();
    (0..3).for_each(|_| rig.collect());
    assert_eq!((rig.ready(), rig.objects()), (None, 2));
}

#[test]
fn a_finalized_object_can_come_back_and_be_finalized_again() {
    let mut rig = Rig::new(checked());
    let object = rig.doomed(1);
    for value in [1, 10, 11] {
        rig.collect();
        assert_eq!(rig.ready(), finalizer(object, value));
        rig.hold(0, object);
        (0..2).for_each(|_| rig.collect());
        assert!(is_node(object, 1) && rig.ready().is_none(), "it lives again, without a finalizer");
        let next = if value == 1 { 10 } else { value + 1 };
        rig.mutator.set_finalizer(Addr::new(object), next).unwrap();
        rig.hold(0, 0);
    }
}

#[test]
fn a_cleared_finalizer_does_not_run() {
    let mut rig = Rig::new(checked());
    let (object, value) = (rig.node(1), rig.node(2));
    rig.mutator.set_finalizer(Addr::new(object), value).unwrap();
    rig.mutator.clear_finalizer(Addr::new(object)).unwrap();
    rig.mutator.clear_finalizer(Addr::new(object)).unwrap();
    rig.collect();
    assert_eq!((rig.ready(), rig.objects()), (None, 0));
}

#[test]
fn a_finalizer_set_while_marking_keeps_what_it_needs() {
    let mut rig = Rig::new(gated());
    let object = rig.node(1);
    rig.hold(0, object);
    let (shape, stack) = (rig.shape, rig.stack.clone());
    let (child, value) = rig.while_marking(|mutator, _| {
        let child = crate::support::node(mutator, shape, 2);
        let value = crate::support::node(mutator, shape, 3);
        crate::support::write_ptr(mutator, object, 0, child);
        mutator.set_finalizer(Addr::new(object), value).unwrap();
        stack.0[0].store(0, std::sync::atomic::Ordering::Relaxed);
        (child, value)
    });
    assert_eq!(rig.ready(), None, "what was reachable when the cycle began is not found dead in it");
    assert!(is_node(object, 1) && is_node(child, 2) && is_node(value, 3));
    rig.collect();
    assert_eq!(rig.ready(), finalizer(object, value));
    assert!(is_node(object, 1) && is_node(child, 2) && is_node(value, 3));
}

#[test]
fn what_is_taken_while_marking_stays_alive() {
    let mut rig = Rig::new(gated());
    let (object, child) = (rig.doomed(1), rig.node(2));
    rig.link(object, 0, child);
    rig.collect();
    let stack = rig.stack.clone();
    rig.while_marking(|mutator, _| {
        // The queue was a root of this cycle before; the stack was not.
        assert_eq!(mutator.next_ready(), finalizer(object, 1));
        stack.0[0].store(object, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(is_node(object, 1) && is_node(child, 2));
    assert_eq!(rig.objects(), 2);
}

#[test]
fn cleanups_run_when_the_object_is_gone() {
    let mut rig = Rig::new(checked());
    let (object, value) = (rig.node(1), rig.node(2));
    let middle = Addr::new(object + 17);
    let stopped = rig.mutator.add_cleanup(middle, 5).unwrap();
    rig.mutator.add_cleanup(Addr::new(object), value).unwrap();
    rig.mutator.add_cleanup(middle, 7).unwrap();
    let also_stopped = rig.mutator.add_cleanup(middle, 8).unwrap();
    rig.hold(0, object);
    rig.collect();
    assert_eq!(rig.ready(), None);
    rig.mutator.stop_cleanup(stopped);
    rig.mutator.stop_cleanup(also_stopped);
    rig.mutator.stop_cleanup(stopped);
    rig.hold(0, 0);
    (0..3).for_each(|_| rig.collect());
    assert_eq!(read(object, 2), CLOBBER as usize, "the object is gone");
    assert_eq!(rig.objects(), 1, "the value waits");
    rig.mutator.stop_cleanup(stopped);
    assert_eq!([rig.ready(), rig.ready(), rig.ready()], [cleanup(value), cleanup(7), None]);
    assert!(is_node(value, 2));
    rig.collect();
    assert_eq!((rig.ready(), rig.objects()), (None, 0));
}

#[test]
fn cleanups_come_after_the_finalizer_of_the_same_object() {
    let mut rig = Rig::new(checked());
    let object = rig.node(1);
    rig.mutator.add_cleanup(Addr::new(object), 7).unwrap();
    rig.mutator.set_finalizer(Addr::new(object), 6).unwrap();
    (0..2).for_each(|_| rig.collect());
    assert_eq!([rig.ready(), rig.ready()], [finalizer(object, 6), None]);
    rig.hold(0, object);
    rig.collect();
    assert_eq!(rig.ready(), None, "the finalizer has brought it back");
    rig.hold(0, 0);
    rig.collect();
    assert_eq!([rig.ready(), rig.ready()], [cleanup(7), None]);
    assert_eq!(rig.objects(), 0);
}

#[test]
fn specials_of_large_objects() {
    let mut rig = Rig::new(checked());
    let object = number(rig.mutator.alloc_noscan(300_000).unwrap());
    rig.mutator.set_finalizer(Addr::new(object), 6).unwrap();
    rig.mutator.add_cleanup(Addr::new(object + 299_999), 7).unwrap();
    let handle = rig.weak(object);
    rig.hold(0, handle.get());
    rig.collect();
    assert_eq!(rig.ready(), finalizer(object, 6));
    assert_eq!(rig.mutator.strengthen(handle), Addr::NULL);
    rig.collect();
    assert_eq!((rig.ready(), rig.objects()), (cleanup(7), 1));
}

#[test]
fn a_weak_handle_is_one_and_ends_before_the_finalizer() {
    let mut rig = Rig::new(checked());
    let object = rig.doomed(1);
    rig.hold(0, object);
    let handle = rig.weak(object);
    rig.hold(1, handle.get());
    rig.collect();
    assert_eq!(rig.weak(object), handle, "there is one handle per object");
    assert_eq!(rig.mutator.strengthen(handle), Addr::new(object));
    rig.hold(0, 0);
    rig.collect();
    assert_eq!(rig.mutator.strengthen(handle), Addr::NULL, "null before the finalizer is taken");
    assert_eq!(rig.ready(), finalizer(object, 1));
    // The object comes back, the handle does not.
    rig.hold(0, object);
    let second = rig.weak(object);
    assert_ne!(second, handle);
    rig.hold(2, second.get());
    rig.collect();
    assert_eq!(rig.mutator.strengthen(handle), Addr::NULL);
    assert_eq!(rig.mutator.strengthen(second), Addr::new(object));
    assert_eq!(rig.objects(), 3);
    rig.hold(0, 0);
    rig.collect();
    assert_eq!((rig.mutator.strengthen(second), rig.objects()), (Addr::NULL, 2));
    // Handles are objects like others.
    rig.hold(1, 0);
    rig.hold(2, 0);
    rig.collect();
    assert_eq!(rig.objects(), 0);
}

#[test]
fn a_weak_handle_that_nobody_holds_lives_as_long_as_its_object() {
    let mut rig = Rig::new(checked());
    let object = rig.node(1);
    rig.hold(0, object);
    let handle = rig.weak(object);
    (0..2).for_each(|_| rig.collect());
    assert_eq!((rig.weak(object), rig.objects()), (handle, 2));
    assert_eq!(rig.mutator.strengthen(handle), Addr::new(object));
    rig.hold(0, 0);
    (0..2).for_each(|_| rig.collect());
    assert_eq!(rig.objects(), 0);
}

#[test]
fn an_object_that_is_strengthened_while_marking_lives_on() {
    let mut rig = Rig::new(gated());
    let (object, child, other) = (rig.node(1), rig.node(2), rig.node(3));
    rig.link(object, 0, child);
    let (handle, lost) = (rig.weak(object), rig.weak(other));
    rig.hold(1, handle.get());
    rig.hold(2, lost.get());
    let stack = rig.stack.clone();
    rig.while_marking(|mutator, _| {
        assert_eq!(mutator.strengthen(handle), Addr::new(object));
        stack.0[0].store(object, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(is_node(object, 1) && is_node(child, 2));
    assert_eq!(rig.mutator.strengthen(handle), Addr::new(object));
    assert_eq!(rig.mutator.strengthen(lost), Addr::NULL, "the cycle would have found it dead");
}

#[test]
fn a_weak_handle_made_while_marking_is_kept() {
    let mut rig = Rig::new(gated());
    let object = rig.node(1);
    rig.hold(0, object);
    let handle = rig.while_marking(|mutator, _| mutator.weak(Addr::new(object)).unwrap().unwrap());
    rig.hold(1, handle.get());
    assert_eq!(rig.mutator.strengthen(handle), Addr::new(object));
    rig.hold(0, 0);
    rig.collect();
    assert_eq!(rig.mutator.strengthen(handle), Addr::NULL);
}

#[test]
fn errors_of_specials() {
    let mut rig = Rig::new(checked());
    let (object, dead) = (rig.node(1), rig.node(2));
    rig.hold(0, object);
    rig.collect();
    let outside = Addr::of(&raw const rig);
    for address in [Addr::NULL, outside, Addr::new(dead), Addr::new(usize::MAX)] {
        assert_eq!(rig.mutator.set_finalizer(address, 1), Err(SpecialError::NotAnObject));
        assert_eq!(rig.mutator.clear_finalizer(address), Err(SpecialError::NotAnObject));
        assert_eq!(rig.mutator.add_cleanup(address, 1), Err(SpecialError::NotAnObject));
        assert_eq!(rig.mutator.weak(address), Err(SpecialError::NotAnObject));
    }
    let middle = Addr::new(object + 8);
    assert_eq!(rig.mutator.set_finalizer(middle, 1), Err(SpecialError::NotAnObject));
    let handle = rig.weak(object + 8);
    assert_eq!(rig.mutator.strengthen(handle), middle, "weak handles are of addresses");
    let object = Addr::new(object);
    assert_eq!(rig.mutator.set_finalizer(object, 1), Ok(()));
    assert_eq!(rig.mutator.set_finalizer(object, 2), Err(SpecialError::HasFinalizer));
    assert_eq!(rig.mutator.clear_finalizer(object), Ok(()));
    assert_eq!(rig.mutator.set_finalizer(object, 3), Ok(()));
    rig.hold(0, 0);
    rig.collect();
    assert_eq!(rig.ready(), finalizer(object.get(), 3));
}
