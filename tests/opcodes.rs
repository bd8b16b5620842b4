//! The reference of instructions is what the list of instructions says.

use std::path::Path;

use tricolor::bytecode::disasm;

#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/opcodes.md");
    let wanted = disasm::reference();
    if std::env::var_os("DOCS_UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/opcodes.md is out of date: DOCS_UPDATE=1 cargo test --test opcodes");
}
