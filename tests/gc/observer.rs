//! What an observer is told.

use std::sync::{Arc, Mutex};

use tricolor::memory::{Config, CycleTrace, Observer, ScavengeTrace};

use crate::support::{Rig, checked};

#[derive(Default)]
struct Notes {
    cycles: Mutex<Vec<CycleTrace>>,
    scavenges: Mutex<Vec<ScavengeTrace>>,
}

impl Observer for Notes {
    fn cycle(&self, trace: &CycleTrace) {
        self.cycles.lock().unwrap().push(*trace);
    }

    fn scavenged(&self, trace: &ScavengeTrace) {
        self.scavenges.lock().unwrap().push(*trace);
    }
}

#[test]
fn cycles_and_released_memory_are_told() {
    let notes = Arc::new(Notes::default());
    let mut rig = Rig::new(Config { observer: Some(notes.clone()), ..checked() });
    let bytes = 32 << 10;
    for slot in 0..32 {
        let object = rig.mutator.alloc_noscan(bytes).unwrap();
        rig.hold(slot, object.as_ptr().expose_provenance());
    }
    rig.collect();
    (0..32).for_each(|slot| rig.hold(slot, 0));
    rig.mutator.free_os_memory();

    // Whoever ended the cycle tells of it when the world runs again.
    while notes.cycles.lock().unwrap().len() < 2 {
        std::thread::yield_now();
    }
    let cycles = notes.cycles.lock().unwrap();
    assert!(cycles.iter().all(|cycle| cycle.forced));
    assert!(cycles[0].heap_live >= 32 * bytes as u64, "{}", cycles[0].heap_live);
    assert!(cycles[1].heap_live < bytes as u64, "{}", cycles[1].heap_live);

    let scavenges = notes.scavenges.lock().unwrap();
    let forced = scavenges.iter().find(|trace| trace.forced).unwrap();
    assert!(forced.released >= 32 * bytes as u64, "{forced:?}");
    assert_eq!(forced.free, 0, "all that is free was released");
    let total: u64 = scavenges.iter().map(|trace| trace.background + trace.eager).sum();
    assert!(total >= 32 * bytes as u64);
}
