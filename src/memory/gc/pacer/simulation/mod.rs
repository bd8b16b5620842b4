//! A model of an application and a collector that drives the pacer, cycle by cycle, as the real collector would.
//!
//! - `model`: the machine. Processors divide their time between the application, background markers (25 % while
//!   marking), assists and idle markers; what each of them does per nanosecond is given by the workload.
//! - `workloads`: the applications, as functions of the cycle's number with seeded jitter, each with the bounds that
//!   its cycles keep after a settling time.
//! - `tests`: runs the workloads, prints a table, checks the bounds, compares ways to predict, and breaks the pacer
//!   on purpose to see that the bounds notice.
//!
//! The model is ideal in that all progress is continuous: no scheduler delays, no batches. It is faithful in what
//! the pacer depends on: objects allocated during a cycle survive it, credit of background markers pays for
//! allocation before anyone assists, the application's idle time can be used for marking, dead objects are memory
//! until they are swept, swept pages are free until they are used or scavenged.

mod model;
mod tests;
mod workloads;
