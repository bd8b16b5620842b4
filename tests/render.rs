//! How errors look: each source in `tests/ui/render` with everything the compiler says about it, as a snapshot.
//!
//! `INSTA_UPDATE=always cargo test --test render` writes the snapshots anew; read the difference before it lands.

mod support;
#[path = "support/text.rs"]
mod text;

use std::fs;
use std::path::Path;

#[test]
fn messages_look_as_in_the_snapshots() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/render");
    let mut sources: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.retain(|path| path.extension().is_some_and(|e| e == "lang"));
    sources.sort();
    assert!(sources.len() >= 15, "the sources were not found");
    for source in sources {
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&source).unwrap();
        let checked = support::check(&name, &[(&name, &text)]);
        assert!(!checked.diagnostics.is_empty(), "{name} has no error");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.trim_end_matches(".lang"), text::rendered(&checked));
        });
    }
}
