//! What checking gave as users see it.

use tricolor::compiler::diag::render::{Renderer, summary};

use super::support::Checked;

/// The messages with their count, without colours.
pub fn rendered(checked: &Checked) -> String {
    let renderer = Renderer::plain();
    let texts = checked.diagnostics.iter().map(|d| renderer.render(d, &checked.sources));
    let mut out = texts.collect::<Vec<_>>().join("\n");
    if let Some(counts) = summary(&checked.diagnostics) {
        out.push_str(&format!("\n{counts}\n"));
    }
    out
}
