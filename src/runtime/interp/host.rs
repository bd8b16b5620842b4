//! What the surroundings give a program.

/// The program's arguments and environment.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The arguments, the program's name first.
    pub args: Vec<Vec<u8>>,
}
