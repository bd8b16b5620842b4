//! The memory manager, a layer of its own: it knows objects, spans and mutators, but no language and no interpreter.
//!
//! So far it defines what it will tell about itself ([`stats`]); the numbers are shown to users by `observe`. The
//! definitions lie below the heap and the collector, so that both can fill them in.

pub mod stats;
