//! The topics of generated programs: one function each, which writes declarations around a name and the function
//! `run…` that tries them. Between them they hold every construct of the language that ordinary code holds.

mod algorithms;
mod generics;
mod objects;

use self::algorithms::{arithmetic, closures, graph, matrix, scanner, workers};
use self::generics::{container, functional};
use self::objects::{embedding, enumeration, record, shapes, tree};
use super::Program;

/// A topic writes what it declares to the program.
type Topic = fn(&mut Program, &str);

/// All topics, in the order of a round.
pub const TOPICS: &[Topic] = &[
    record,
    enumeration,
    shapes,
    container,
    arithmetic,
    closures,
    workers,
    matrix,
    scanner,
    graph,
    arithmetic,
    tree,
    embedding,
    functional,
];

/// A name with a small first letter.
fn small(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}
